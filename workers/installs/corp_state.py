"""What a failed call says of a whole corp: gone, paused, or nothing."""

from domain.mailbox import name_in
from store.database import glance, transaction
from store.org import corps
from workers.failures import Fault
from workers.installs import app_state, withdrawal
from workers.runtime import Runtime


def heed(runtime: Runtime, mailbox: str, fault: Fault) -> None:
    """Ask once more whether the corp is gone, or pause it, as the failure says.

    Raises: StoreUnavailable.
    """
    if fault is Fault.REVOKED:
        _doubt(runtime, mailbox)
    elif fault is Fault.PAUSED:
        _pause(runtime, mailbox)


def _doubt(runtime: Runtime, mailbox: str) -> None:
    with glance(runtime.pool) as connection:
        corp = corps.find_live(connection, name_in(mailbox))
    if corp is not None:
        withdrawal.doubt(runtime, corp)


def _pause(runtime: Runtime, mailbox: str) -> None:
    with transaction(runtime.pool) as connection:
        corp = corps.find_live(connection, name_in(mailbox))
        if corp is not None:
            app_state.pause(connection, corp, by=app_state.BY_WECOM)
