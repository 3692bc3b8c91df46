"""Counts calls to WeCom across all processes, and says no before WeCom would."""

import logging
import random
import threading
import time
from collections import Counter

from redis import Redis

from settings import WeComSettings
from store.database import Pool, StoreUnavailable, transaction
from store.platform import pauses
from store.platform.metrics import CALLS, HELD_BACK
from store.platform.pauses import THROTTLED, UNAVAILABLE, Pause, class_of, owner_of
from tracing import spans
from tracing.call_log import HELD_BACK as NOT_MADE
from tracing.call_log import note_call
from wecom.errcodes import OK, error_for
from wecom.errors import Throttled, Unavailable, WeComError
from workers.calls.call_count import add_call
from workers.calls.concurrency_limit import Lanes
from workers.calls.leniency import is_failing_alone
from workers.calls.pause_cache import KnownPauses
from workers.calls.rate_limit import Permits
from workers.queue.metrics import NO_ANSWER, Tallies

_CORP_SHARE = 4
# A failure is an outage when it took this long, or is the third without a success.
_STUMBLE_SECONDS = 2.0
_MOST_STUMBLES = 3
# Beyond this many the ceiling holds anyway; the power must not explode.
_MOST_DOUBLINGS = 12

# One hanging corp may hold a thread for so long until it is known to hang.
_FIRST_READ_SECONDS = 3.0
_READ_CLASSES = frozenset({"user", "department", "tag", "agent"})
_READS = frozenset({"service/v2/get_auth_info", "service/get_corp_token"})

_log = logging.getLogger(__name__)


class Rates:
    """The client's meter: rates in Redis, back-off in Postgres, shared by all threads.

    Raises: Throttled or Unavailable instead of waiting, so that no lease and no
        thread is held for a limit; Unavailable too when Redis cannot be asked.
    """

    def __init__(
        self,
        redis: Redis,
        pool: Pool,
        limits: WeComSettings,
        *,
        known: KnownPauses,
        tallies: Tallies,
        lanes: Lanes,
    ) -> None:
        self._pool = pool
        self._known = known
        self._permits = Permits(
            redis,
            provider_limit=limits.provider_calls_per_minute,
            corp_limit=corp_limit(limits),
        )
        self._lanes = lanes
        self._tallies = tallies
        self._lock = threading.Lock()
        self._stumbles: Counter[tuple[str, str]] = Counter()

    def before(self, endpoint: str, corp_id: str | None) -> float | None:
        """Count a call, or refuse it because a limit or a back-off forbids it.

        Shape: a read of a corp that is not known to hang may take three seconds; if
            that was too few, its next one has the full time (bulkhead.py).
        Raises: Throttled, Unavailable, StoreUnavailable.
        """
        try:
            pause = self._check_pause(endpoint, corp_id)
            self._permits.take(endpoint, corp_id)
        except (Throttled, Unavailable) as error:
            error.endpoint, error.corp_id = endpoint, corp_id
            error.held_back = True
            self._tallies.add(HELD_BACK, f"{endpoint}:{type(error).__name__.lower()}")
            note_call(endpoint, NOT_MADE)
            raise
        add_call(endpoint)
        if corp_id is None or not _is_read(endpoint):
            return None
        hangs = pause is not None and pause.reason == UNAVAILABLE
        return None if hangs else _FIRST_READ_SECONDS

    def after(
        self,
        endpoint: str,
        corp_id: str | None,
        errcode: int | None,
        seconds: float,
        *,
        came: str = "",
    ) -> None:
        """Record what a call came to; failures of WeCom's own start a back-off."""
        code = NO_ANSWER if errcode is None else str(errcode)
        self._tallies.add(CALLS, f"{endpoint}:{code}")
        note_call(endpoint, code, seconds=seconds)
        spans.done(f"wecom {endpoint}", seconds=seconds, attributes={"errcode": code})
        if corp_id is not None:
            self._lanes.note(corp_id, endpoint, errcode)
        try:
            self._learn(endpoint, corp_id, errcode, seconds, came)
        except StoreUnavailable:
            # The call's own outcome matters more; the next failure backs off again.
            _log.warning("back-off not noted, store away", extra={"endpoint": endpoint})

    def _check_pause(self, endpoint: str, corp_id: str | None) -> Pause | None:
        """The pause that is over, if there was one."""
        known = self._known.of(owner_of(corp_id))
        pause = known.pauses.get(class_of(endpoint))
        if pause is None:
            return None
        left = known.read_at + pause.seconds - time.monotonic()
        if left <= 0:
            return pause
        # What happened is told again, or nobody who waits would know what for.
        what = f": {pause.error}" if pause.error else ""
        if pause.reason == THROTTLED:
            raise Throttled(f"waits for a limit{what}", wait_seconds=left)
        raise Unavailable(f"waits after a failure{what}", wait_seconds=left)

    def _learn(
        self,
        endpoint: str,
        corp_id: str | None,
        errcode: int | None,
        seconds: float,
        came: str,
    ) -> None:
        owner, endpoint_class = owner_of(corp_id), class_of(endpoint)
        pause = self._known.of(owner).pauses.get(endpoint_class)
        error = None if errcode == OK else _failure(errcode, endpoint, came)
        if isinstance(error, Throttled):
            wait = _throttle_seconds(error, pause)
            self._back_off(
                owner, endpoint_class, reason=THROTTLED, seconds=wait, error=error
            )
        elif isinstance(error, Unavailable):
            if is_failing_alone():
                return
            if self._is_outage(owner, endpoint_class, seconds):
                self._back_off(
                    owner,
                    endpoint_class,
                    reason=UNAVAILABLE,
                    seconds=None,
                    error=error,
                )
            return
        self._stumbles.pop((owner, endpoint_class), None)
        if error is None and pause is not None:
            with transaction(self._pool) as connection:
                pauses.clear(connection, owner=owner, endpoint_class=endpoint_class)
            self._known.forget(owner)

    def _is_outage(self, owner: str, endpoint_class: str, seconds: float) -> bool:
        """Whether a failure is one too many: slow, or the third without a success."""
        with self._lock:
            self._stumbles[owner, endpoint_class] += 1
            stumbles = self._stumbles[owner, endpoint_class]
        return seconds > _STUMBLE_SECONDS or stumbles >= _MOST_STUMBLES

    def _back_off(
        self,
        owner: str,
        endpoint_class: str,
        *,
        reason: str,
        seconds: float | None,
        error: WeComError,
    ) -> None:
        with transaction(self._pool) as connection:
            pauses.note_failure(
                connection,
                owner=owner,
                endpoint_class=endpoint_class,
                reason=reason,
                wait_seconds=seconds,
                error=str(error),
            )
        self._known.forget(owner)


def _is_read(endpoint: str) -> bool:
    """Whether asking again does no harm: nothing is sent, exchanged or spent by it."""
    return class_of(endpoint) in _READ_CLASSES or endpoint in _READS


def corp_limit(limits: WeComSettings) -> int:
    """Calls a minute that one corp may make to one endpoint: its own limit, and at
    most a quarter of the provider's."""
    share = max(1, limits.provider_calls_per_minute // _CORP_SHARE)
    return min(limits.corp_calls_per_minute, share)


def _throttle_seconds(error: Throttled, pause: Pause | None) -> float:
    if pause is not None and pause.reason == THROTTLED and pause.seconds == 0:
        # The first try after a wait was throttled as well, so the window is a longer
        # one; how long, WeCom does not say.
        longer = error.wait_seconds * 2.0 ** min(pause.strikes, _MOST_DOUBLINGS)
        return min(error.again_seconds, longer)
    if error.jittered:
        return random.uniform(1.0, error.wait_seconds)  # noqa: S311 - spreads load
    return error.wait_seconds


def _failure(errcode: int | None, endpoint: str, came: str) -> WeComError:
    if errcode is None:
        return Unavailable(came, endpoint=endpoint)
    return error_for(errcode, endpoint=endpoint)
