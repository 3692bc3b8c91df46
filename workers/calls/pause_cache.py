"""Which endpoints of whom are left alone, read at most once a second for each owner."""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from store.database import Connection, Pool, glance
from store.platform import pauses
from store.platform.pauses import Pause

_KNOWN_SECONDS = 1.0
_MOST_OWNERS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedPauses:
    """An owner's pauses by endpoint class, as read at a moment of the monotonic clock.

    Shape: the seconds of a pause count from that moment.
    """

    read_at: float
    pauses: Mapping[str, Pause]


class KnownPauses:
    """Shared by all that ask about pauses in a process; safe between threads."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._known: OrderedDict[str, CachedPauses] = OrderedDict()

    def of(self, owner: str) -> CachedPauses:
        """The pauses of this owner, at most a second old.

        Raises: StoreUnavailable.
        """
        known = self._recent(owner)
        if known is not None:
            return known
        with glance(self._pool) as connection:
            return self._read(connection, owner)

    def read_ahead(self, connection: Connection, owner: str) -> None:
        """Read them in this transaction, unless they are known."""
        if self._recent(owner) is None:
            self._read(connection, owner)

    def are_known(self, owner: str) -> bool:
        """Whether they need not be read now."""
        return self._recent(owner) is not None

    def _recent(self, owner: str) -> CachedPauses | None:
        # Without the lock: all threads that ask WeCom look here twice for each call.
        known = self._known.get(owner)
        if known is None or time.monotonic() - known.read_at >= _KNOWN_SECONDS:
            return None
        return known

    def _read(self, connection: Connection, owner: str) -> CachedPauses:
        now = time.monotonic()
        found = pauses.list_of(connection, owner)
        known = CachedPauses(
            read_at=now, pauses={each.endpoint_class: each for each in found}
        )
        with self._lock:
            self._known[owner] = known
            self._known.move_to_end(owner)
            if len(self._known) > _MOST_OWNERS:
                self._known.popitem(last=False)
        return known

    def forget(self, owner: str) -> None:
        """Have them read again: this process has just changed one."""
        with self._lock:
            self._known.pop(owner, None)
