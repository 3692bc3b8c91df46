"""The clock: one leader does upkeep every second and starts what the schedule wants."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from cronsim import CronSim

import logs
from settings import Settings, load_or_exit
from store.database import StoreUnavailable, glance, transaction
from store.inbox import due, leases
from store.platform import schedule
from tracing.start import start
from workers.lease import held
from workers.queue.broker import make_broker
from workers.runtime import Runtime, build
from workers.upkeep import jobs
from workers.upkeep.agenda import Agenda

# The lease of the leader, and the row of the nightly resync.
CLOCK = "clock"
RESYNC = "resync"

_TICK_SECONDS = 1.0
# A lease outlives its holder by 15 s at most; who stands by need not look more often.
_STANDBY_SECONDS = 3.0
_STAGGER_SECONDS = 3600.0
_STOP_SECONDS = 1.0
# Each group of upkeep's jobs, the renewal of leases, and one that nothing waits for.
_POOL_SIZE = len(jobs.AT_LENGTH) + 2

_log = logging.getLogger(__name__)


def next_resync(settings: Settings, after: datetime) -> datetime:
    """When RESYNC_CRON is due next after a moment, in SYNC_TIME_ZONE."""
    zone = ZoneInfo(settings.time_zone)
    return next(CronSim(settings.resync_cron, after.astimezone(zone)))


def plan_resync(runtime: Runtime) -> None:
    """Put the next nightly resync into the schedule; a missed one stays due at once."""
    with transaction(runtime.pool) as connection:
        now = schedule.get_now(connection)
        schedule.plan(connection, RESYNC, next_resync(runtime.settings, now))


def resync_if_due(runtime: Runtime) -> bool:
    """Make every linked corp due, spread over the next hour, when the time has come.

    Repeats: once per due time, whoever asks; times missed meanwhile count as one.
    """
    with transaction(runtime.pool) as connection:
        found = schedule.claim(connection, RESYNC)
        if found is None:
            return False
        coming = next_resync(runtime.settings, found.now)
        # A schedule tighter than an hour is to be over before it begins again.
        seconds = min(_STAGGER_SECONDS, (coming - found.now).total_seconds())
        made_due = due.spread_corps(connection, cause="schedule", seconds=seconds)
        schedule.set_next(connection, RESYNC, coming)
    _log.info("resync due", extra={"corps": made_due})
    return True


class Clock:
    """One of several clocks; the one that holds the lease leads, the others wait."""

    def __init__(
        self,
        runtime: Runtime,
        stopping: threading.Event,
        *,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._runtime = runtime
        self._stopping = stopping
        self._seconds = seconds
        self._lease: UUID | None = None
        self._renewed_at = float("-inf")
        self._agenda = Agenda(runtime.pool, [job.turn for job in jobs.JOBS])
        self._crew = jobs.Crew(runtime, stopping, agenda=self._agenda)

    @property
    def leads(self) -> bool:
        """Whether this clock is the leader, as far as it knows."""
        return self._lease is not None

    def run(self) -> None:
        """Turn about once a second until told to stop, then let another lead."""
        while not self._stopping.is_set():
            try:
                self.turn()
            except StoreUnavailable:
                _log.warning("clock waits, store away")
            self._stopping.wait(_TICK_SECONDS if self.leads else _STANDBY_SECONDS)
        try:
            self._resign()
        except StoreUnavailable:
            _log.info("lease left to expire, store away")

    def turn(self) -> None:
        """Lead for one tick, or see whether the leader is gone.

        Raises: StoreUnavailable.
        """
        lease = self._lead()
        if lease is None:
            return
        with held(self._runtime.pool, CLOCK, lease):
            self._agenda.look()
            if self._agenda.is_due(RESYNC):
                resync_if_due(self._runtime)
            self._crew.turn()
            jobs.tick(
                self._runtime,
                of=jobs.PROMPT,
                agenda=self._agenda,
                stopping=self._stopping,
            )

    def _lead(self) -> UUID | None:
        """The leader's lease, if it is ours; asked as often as it is to be renewed.

        Whoever slept and leads no longer is wrong for a turn: rows decide what is done.
        """
        now = self._seconds()
        if self._lease is not None:
            if now - self._renewed_at < leases.RENEW_SECONDS:
                return self._lease
            with glance(self._runtime.pool) as connection:
                if leases.renew(connection, CLOCK, self._lease):
                    self._renewed_at = now
                    return self._lease
            self._lease = None
            _log.warning("clock leads no more")
        with transaction(self._runtime.pool) as connection:
            self._lease = leases.take(connection, CLOCK)
        self._renewed_at = now
        if self._lease is not None:
            plan_resync(self._runtime)
            _log.info("clock leads")
        return self._lease

    def _resign(self) -> None:
        lease, self._lease = self._lease, None
        if lease is not None:
            with transaction(self._runtime.pool) as connection:
                leases.release(connection, CLOCK, lease)


def main() -> None:
    """Run a clock until SIGTERM or SIGINT; ends within two seconds."""
    # Before any thread is made: all inherit it, and the signal waits for us alone. A
    # handler that sets an event can come while we are about to wait for that event,
    # with its lock in our hands, and then nobody ends.
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    logs.write_json()
    settings = load_or_exit()
    start(settings, "clock")
    broker = make_broker(settings.redis_url, receiver=False)
    runtime = build(settings, broker=broker, pool_size=_POOL_SIZE)
    stopping = threading.Event()
    # In a thread, so that a store that does not answer cannot keep us from ending.
    clock = threading.Thread(
        target=Clock(runtime, stopping).run, name="clock", daemon=True
    )
    clock.start()
    signal.sigwait(ends)
    stopping.set()
    clock.join(_STOP_SECONDS)
    runtime.pool.close(timeout=0)


if __name__ == "__main__":
    main()
