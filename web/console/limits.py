"""From when on the console calls something out of step."""

from datetime import UTC, datetime, timedelta

from cronsim import CronSim

from store.health.kinds import Limits
from web.services import services

# The nightly reads are spread over an hour; another one is what they may take.
_GRACE = timedelta(hours=2)


def limits(now: datetime | None = None) -> Limits:
    """The limits by this service's settings."""
    now = now or datetime.now(UTC)
    return Limits(
        suite_id=services().suite_id,
        stale_before=stale_before(
            services().resync_cron, now.astimezone(services().time_zone)
        ),
    )


def stale_before(cron: str, now: datetime) -> datetime:
    """The last due time that had its grace: by then every corp should be read."""
    return next(CronSim(cron, now - _GRACE, reverse=True))
