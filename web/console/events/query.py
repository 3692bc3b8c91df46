"""One search line with qualifiers, read into what it means; pure but for the clock."""

import re
import shlex
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.ids import Userid, member_key

QUALIFIERS = (
    "corp", "person", "kind", "state", "key", "error", "since", "until", "day",
)  # fmt: skip
_MOST_LENGTH = 500
_AGO = re.compile(r"([0-9]{1,6})([smhd])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


class BadQuery(Exception):
    """A part of the line that cannot be meant; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuery:
    """What a search line asks for; `words` are its parts without a qualifier."""

    corp: str | None = None
    key: str | None = None
    kind: str | None = None
    state: str | None = None
    error: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    words: tuple[str, ...] = field(default=())

    @property
    def is_bare(self) -> bool:
        """Whether it has no qualifier: an id or a name is looked for."""
        return not any(
            (self.corp, self.key, self.kind, self.state, self.error)
        ) and not (self.since or self.until)


def read_query(
    text: str, *, now: datetime, zone: ZoneInfo, states: tuple[str, ...]
) -> EventQuery:
    """The meaning of a line.

    Raises: BadQuery for an unknown state, a time that is none, or a line too long.
    """
    if len(text) > _MOST_LENGTH:
        raise BadQuery(text[:40])
    found: dict[str, str] = {}
    words = []
    for part in _parts(text):
        name, colon, value = part.partition(":")
        if colon and name.lower() in QUALIFIERS and value:
            found[name.lower()] = value
        else:
            words.append(part)
    if found.get("state") not in {None, *states}:
        raise BadQuery(f"state:{found['state']}")
    since, until = _times(found, now=now, zone=zone)
    return EventQuery(
        corp=found.get("corp"),
        key=member_key(Userid(found["person"]))
        if "person" in found
        else found.get("key"),
        kind=found.get("kind"),
        state=found.get("state"),
        error=found.get("error"),
        since=since,
        until=until,
        words=tuple(words),
    )


def write_part(name: str, value: str) -> str:
    """A qualifier with its value, quoted where it has to be."""
    if re.fullmatch(r"[\w.:@/-]+", value):
        return f"{name}:{value}"
    quoted = value.replace("\\", "").replace('"', "'")
    return f'{name}:"{quoted}"'


def _parts(text: str) -> list[str]:
    try:
        lexer = shlex.shlex(text, posix=True, punctuation_chars="")
        lexer.whitespace_split = True
        lexer.quotes = '"'
        lexer.escape = ""
        lexer.commenters = ""
        return list(lexer)
    except ValueError:
        # A quotation that is not ended is being typed.
        return text.replace('"', " ").split()


def _times(
    found: dict[str, str], *, now: datetime, zone: ZoneInfo
) -> tuple[datetime | None, datetime | None]:
    if "day" in found:
        day = _day(found["day"])
        return day, day + timedelta(days=1)
    return (
        _moment("since", found.get("since"), now=now, zone=zone),
        _moment("until", found.get("until"), now=now, zone=zone),
    )


def _day(text: str) -> datetime:
    """A day of the ledger: those are counted in UTC."""
    try:
        return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
    except ValueError as error:
        raise BadQuery(f"day:{text}") from error


def _moment(
    name: str, text: str | None, *, now: datetime, zone: ZoneInfo
) -> datetime | None:
    """15m ago, 10:30 today, 2026-11-30, or a whole time."""
    if text is None:
        return None
    if ago := _AGO.fullmatch(text):
        seconds = int(ago[1]) * _UNIT_SECONDS[ago[2]]
        return now - timedelta(seconds=min(seconds, 10 * 366 * 86_400))
    if clock := _CLOCK.fullmatch(text):
        local = now.astimezone(zone)
        return local.replace(
            hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0
        ).astimezone(UTC)
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadQuery(f"{name}:{text}") from error
