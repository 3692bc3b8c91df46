"""From when on the console calls something out of step."""

from datetime import UTC, datetime

from store.health.kinds import Limits, limits_of
from web.services import services


def limits(now: datetime | None = None) -> Limits:
    """The limits by this service's settings."""
    moment = (now or datetime.now(UTC)).astimezone(services().time_zone)
    return limits_of(services().suite_id, cron=services().resync_cron, now=moment)
