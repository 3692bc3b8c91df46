"""From when on something counts as out of step: the console's and alerts' limits."""

from datetime import datetime, timedelta

from cronsim import CronSim

from store.health.kinds import Limits

# The nightly reads are spread over an hour; another one is what they may take.
_GRACE = timedelta(hours=2)


def limits_of(suite_id: str, *, cron: str, now: datetime) -> Limits:
    """The limits at a moment, which is in the time zone of the schedule."""
    return Limits(suite_id=suite_id, stale_before=stale_before(cron, now))


def stale_before(cron: str, now: datetime) -> datetime:
    """The last due time that had its grace: by then every corp should be read."""
    return next(CronSim(cron, now - _GRACE, reverse=True))
