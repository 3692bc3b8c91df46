"""When it is quiet with somebody, and until when."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.items.quiet_hours import QuietHours, day_began, next_midnight

CHINA = ZoneInfo("Asia/Shanghai")


def at(clock: str, day: int = 2) -> datetime:
    """A time of a day in March."""
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 3, day, hour, minute, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("begin", "end", "now", "until"),
    [
        ("22:00", "07:00", at("23:30"), at("07:00", 3)),
        ("22:00", "07:00", at("06:59"), at("07:00")),
        ("22:00", "07:00", at("07:00"), None),
        ("22:00", "07:00", at("21:59"), None),
        ("22:00", "07:00", at("22:00"), at("07:00", 3)),
        ("12:00", "13:30", at("12:10"), at("13:30")),
        ("12:00", "13:30", at("13:30"), None),
        ("00:00", "08:00", at("00:00"), at("08:00")),
    ],
)
def test_it_is_quiet_from_one_time_to_the_other(
    begin: str, end: str, now: datetime, until: datetime | None
) -> None:
    assert QuietHours.parse(begin, end).end_after(now, zone=CHINA) == until


def test_the_hours_are_those_of_the_zone() -> None:
    utc = datetime(2026, 3, 2, 15, 0, tzinfo=ZoneInfo("UTC"))  # 23:00 in China.

    until = QuietHours.parse("22:00", "07:00").end_after(utc, zone=CHINA)

    assert until == at("07:00", 3)


@pytest.mark.parametrize(
    ("day", "end"), [("2026-03-29", "02:30"), ("2026-10-25", "02:30")]
)
def test_quiet_ends_in_the_future_when_clocks_are_changed(day: str, end: str) -> None:
    zone = ZoneInfo("Europe/Berlin")
    midnight = datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=zone)
    hours = QuietHours.parse("22:00", end)

    for minutes in range(0, 240, 10):
        now = midnight.astimezone(UTC) + timedelta(minutes=minutes)
        until = hours.end_after(now, zone=zone)
        assert until is None or until.astimezone(UTC) > now


@pytest.mark.parametrize("wrong", ["7:00", "24:00", "12:60", "", "12", "ab:cd"])
def test_what_is_no_time_of_the_day_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="22:30"):
        QuietHours.parse(wrong, "07:00")


def test_hours_of_no_length_are_refused() -> None:
    with pytest.raises(ValueError, match="different"):
        QuietHours.parse("07:00", "07:00")


def test_a_day_begins_and_ends_at_midnight_there() -> None:
    assert day_began(at("23:30"), zone=CHINA) == at("00:00")
    assert next_midnight(at("23:30"), zone=CHINA) == at("00:00", 3)
