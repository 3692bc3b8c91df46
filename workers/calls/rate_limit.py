"""Permits for calls to WeCom: a sliding minute in Redis, the same for all processes."""

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from redis import Redis, RedisError
from redis.commands.core import Script

from wecom.errors import Throttled, Unavailable

_UNCOUNTED = "calls cannot be counted"
_REDIS_AWAY_SECONDS = 2.0
_REST_SECONDS = 1.0
# Permits taken ahead are used within this time; after it they are lost, not late.
_AHEAD_SECONDS = 1.0
# Whoever has used them up so soon takes twice as many.
_FAST_SECONDS = 0.25
_MOST_AHEAD = 32
# Only so small a part of what is free is taken ahead: others want their share, too.
_AHEAD_SHARE = 16
_MOST_STOCKS = 5_000

# A sliding minute from two fixed ones: the last one counts for as much of it as still
# lies within the last 60 s. WeCom does not say how its own windows lie.
_ADMIT = """
local clock = redis.call('TIME')
local now = clock[1] / 60 + clock[2] / 60000000
local minute = math.floor(now)
local part = now - minute
local wanted = tonumber(ARGV[1])
local share = tonumber(ARGV[2])
local wait = 0
for i, name in ipairs(KEYS) do
    local limit = tonumber(ARGV[i + 2])
    local current = tonumber(redis.call('GET', name .. ':' .. minute) or 0)
    local last = tonumber(redis.call('GET', name .. ':' .. (minute - 1)) or 0)
    local free = limit - current - last * (1 - part)
    if free < 1 then
        local minutes
        if current < limit then
            minutes = 1 - part - (limit - 1 - current) / last
        else
            minutes = 1 - part + math.max(0, 1 - (limit - 1) / current)
        end
        wait = math.max(wait, minutes * 60)
    end
    wanted = math.min(wanted, math.max(1, math.floor(free / share)))
end
if wait > 0 then
    return {0, tostring(math.max(wait, 0.05))}
end
for _, name in ipairs(KEYS) do
    local counter = name .. ':' .. minute
    redis.call('INCRBY', counter, wanted)
    redis.call('EXPIRE', counter, 130)
end
return {wanted, '0'}
"""


@dataclass(slots=True, kw_only=True)
class _Stock:
    """Permits that were counted already and are not used yet."""

    # Until when each may be used.
    left: deque[float] = field(default_factory=deque)
    size: int = 0
    taken_at: float = -_AHEAD_SECONDS
    lock: threading.Lock = field(default_factory=threading.Lock)

    def use(self, now: float) -> bool:
        """Use one that has not lapsed, if there is one.

        Without the lock: threads that queue for one wake each other at every call,
        which costs more than all the rest of counting.
        """
        with suppress(IndexError):
            while self.left.popleft() <= now:
                pass
            return True
        return False


class Permits:
    """Says whether one more call may be made now; safe between threads.

    Whoever calls fast takes some ahead, twice as many each time, because asking Redis
    costs a good part of a call. They are counted when taken, so that all processes
    together never make more calls than allowed; those not used within a second lapse.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        provider_limit: int,
        corp_limit: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._provider_limit = provider_limit
        self._corp_limit = corp_limit
        self._admit: Script = redis.register_script(_ADMIT)
        self._lock = threading.Lock()
        self._away_until = -1.0
        self._stocks: dict[tuple[str, str | None], _Stock] = {}

    def take(self, endpoint: str, corp_id: str | None) -> None:
        """Use one permit.

        Raises: Throttled when the limit is reached; Unavailable when nobody can count.
        """
        stock = self._stock_of((endpoint, corp_id))
        if stock.use(self._clock()):
            return
        # One at a time: threads that took permits side by side would count them twice.
        with stock.lock:
            now = self._clock()
            if stock.use(now):
                return
            age = now - stock.taken_at
            wanted = max(1, stock.size) if age < _AHEAD_SECONDS else 1
            if age < _FAST_SECONDS:
                wanted = min(2 * wanted, _MOST_AHEAD)
            stock.size = self._count(endpoint, corp_id, wanted)
            stock.taken_at = now
            stock.left.extend([now + _AHEAD_SECONDS] * (stock.size - 1))

    def _stock_of(self, owner: tuple[str, str | None]) -> _Stock:
        stock = self._stocks.get(owner)
        if stock is not None:
            return stock
        with self._lock:
            if len(self._stocks) >= _MOST_STOCKS:
                self._stocks.clear()
            return self._stocks.setdefault(owner, _Stock())

    def _count(self, endpoint: str, corp_id: str | None, wanted: int) -> int:
        if self._clock() < self._away_until:
            # Whoever queues behind a time-out must not wait for one of their own.
            raise Unavailable(_UNCOUNTED, wait_seconds=_REDIS_AWAY_SECONDS)
        names, limits = [f"rate:provider:{endpoint}"], [self._provider_limit]
        if corp_id is not None:
            names.append(f"rate:{corp_id}:{endpoint}")
            limits.append(self._corp_limit)
        try:
            granted, wait_seconds = self._admit(
                keys=names, args=[wanted, _AHEAD_SHARE, *limits]
            )
        except (RedisError, OSError) as error:
            # Uncounted calls could get every corp of ours blocked: better to wait.
            self._away_until = self._clock() + _REST_SECONDS
            raise Unavailable(_UNCOUNTED, wait_seconds=_REDIS_AWAY_SECONDS) from error
        if not granted:
            raise Throttled("our own limit", wait_seconds=float(wait_seconds))
        return int(granted)
