"""All that a receiver needs of the stores, opened together for one process."""

from dataclasses import dataclass

from store.database import StoreUnavailable
from store.inbox.record import measure_backlog
from store.intake.bounded import BoundedPool, bounded, open_bounded_pool
from store.intake.durable_write import Landing
from store.intake.heartbeat import Pulse
from store.intake.spill import Spill, SpillUnavailable, open_spill
from store.items.webhooks import find_event_secret
from store.sealing import Keyring

# Most threads commit in company: one connection for the group, some for repeats,
# tickets and secrets, one for the heartbeat.
_CONNECTIONS = 6
_SECRET_SECONDS = 0.2
_METRICS_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Shore:
    """Where mail lands, and the heartbeat of the process that takes it."""

    pool: BoundedPool
    spill: Spill
    landing: Landing
    pulse: Pulse
    keyring: Keyring

    def find_event_secret(self, company_id: str) -> str | None:
        """The company's secret; see store.webhooks.

        Raises: StoreUnavailable.
        """
        with bounded(self.pool, seconds=_SECRET_SECONDS) as connection:
            return find_event_secret(connection, self.keyring, company_id)

    def count_refusal(self, reason: str, *, lost_mail: bool) -> None:
        """Count a refusal; one that lost mail opens a gap when Postgres is there."""
        self.pulse.count_refusal(reason)
        if lost_mail:
            self.pulse.note_lost_mail()
            self.landing.remember_refusal()

    def depths(self) -> dict[str, float]:
        """How much mail waits where; a store that does not answer has no entry."""
        depths: dict[str, float] = {}
        try:
            depths["spill_depth"] = float(self.spill.depth())
        except SpillUnavailable:
            depths["spill_up"] = 0.0
        try:
            with bounded(self.pool, seconds=_METRICS_SECONDS) as connection:
                backlog = measure_backlog(connection)
        except StoreUnavailable:
            return depths
        return depths | {
            "inbox_depth": float(backlog.pending),
            "inbox_oldest_seconds": backlog.oldest_seconds,
        }

    def close(self) -> None:
        """Write what is not written yet, and end the threads."""
        self.pulse.stop()
        self.landing.close()
        self.pool.close()


def open_shore(database_url: str, redis_url: str, keyring: Keyring) -> Shore:
    """The stores of this process; the heartbeat begins at once."""
    pool = open_bounded_pool(database_url, size=_CONNECTIONS)
    spill = open_spill(redis_url, keyring)
    pulse = Pulse(pool)
    pulse.start()
    return Shore(
        pool=pool,
        spill=spill,
        landing=Landing(pool, spill),
        pulse=pulse,
        keyring=keyring,
    )
