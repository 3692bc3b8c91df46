"""Keeps a lease alive beside long work, without a transaction held open."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from store.database import StoreUnavailable
from store.inbox.leases import RENEW_SECONDS

_log = logging.getLogger(__name__)


@contextmanager
def kept(renew: Callable[[], bool]) -> Iterator[None]:
    """Call `renew` every few seconds until the block ends.

    A renewal that fails is only noted: the commit checks the token and decides.
    """
    over = threading.Event()

    def keep() -> None:
        while not over.wait(RENEW_SECONDS):
            try:
                if not renew():
                    _log.info("lease not renewed")
            except StoreUnavailable:
                _log.info("lease not renewed, store away")

    keeper = threading.Thread(target=keep, name="lease-keeper", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()
