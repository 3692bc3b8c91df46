"""When somebody's quiet hours are, and when they end."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From one time of the day to another, over midnight where that comes first.

    Raises: ValueError for hours of no length.
    """

    begin: time
    end: time

    def __post_init__(self) -> None:
        if self.begin == self.end:
            raise ValueError("quiet hours begin and end at different times")

    @classmethod
    def parse(cls, begin: str, end: str) -> "QuietHours":
        """The hours as people write them, `HH:MM`.

        Raises: ValueError.
        """
        return cls(begin=_clock(begin), end=_clock(end))

    def end_after(self, now: datetime, *, zone: ZoneInfo) -> datetime | None:
        """When the quiet that holds at this moment is over; None when none holds."""
        local = now.astimezone(zone)
        clock = local.time().replace(tzinfo=None)
        if self.begin < self.end:
            quiet = self.begin <= clock < self.end
        else:
            quiet = clock >= self.begin or clock < self.end
        if not quiet:
            return None
        day = local.date() if clock < self.end else local.date() + timedelta(days=1)
        # Where clocks are put back, a time of the day comes twice; where they are put
        # forward, one is left out: quiet lasts until the later of what may be meant.
        ends = (datetime.combine(day, self.end.replace(fold=n), zone) for n in (0, 1))
        return max(ends, key=lambda end: end.astimezone(UTC))


def day_began(now: datetime, *, zone: ZoneInfo) -> datetime:
    """When the day that it is there began."""
    return datetime.combine(now.astimezone(zone).date(), time(), tzinfo=zone)


def next_midnight(now: datetime, *, zone: ZoneInfo) -> datetime:
    """When the day that it is there is over."""
    day = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(day, time(), tzinfo=zone)


def _clock(text: str) -> time:
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError("must be a time of the day such as 22:30")
    return time(int(found[1]), int(found[2]))
