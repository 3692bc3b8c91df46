"""What mail and corps wait for, since when and until when, as pages and API tell it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitSummary:
    """What is waited for; `error` names endpoint, status and what came, never a body.

    Shape: `until` is None when nobody knows: it waits for a person or an event.
    """

    waits_for: str
    since: datetime | None
    until: datetime | None
    error: str | None


def wait_of(
    waits_for: str | None,
    since: datetime | None,
    until: datetime | None,
    error: str | None,
) -> WaitSummary | None:
    """The wait that these columns tell; None when there is none."""
    if waits_for is None:
        return None
    return WaitSummary(waits_for=waits_for, since=since, until=until, error=error)


# A wait "for ever" has a date that is as good as never; it is not told as one.
KNOWN_UNTIL = "clock_timestamp() + interval '1 year'"
