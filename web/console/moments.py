"""One clock for the whole console: stamps in one zone, and how long things wait."""

from datetime import UTC, datetime, timedelta

from markupsafe import Markup, escape

from web.console.zone import zone
from web.http.texts import set_apart, translate

# So far away the year tells more than the minute.
_FAR_DAYS = 300
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def clock(moment: datetime) -> str:
    """A time in the operators' zone as briefly as it is clear: today's without date."""
    local = moment.astimezone(zone())
    days = abs((local.date() - datetime.now(zone()).date()).days)
    if days == 0:
        return f"{local:%H:%M:%S}"
    return f"{local:%m-%d %H:%M}" if days < _FAR_DAYS else f"{local:%Y-%m-%d}"


def stamp(moment: datetime | None) -> Markup | str:
    """A time in the operators' zone, with its whole form for programs and on demand."""
    if moment is None:
        return "–"
    shown = clock(moment)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        moment.astimezone(UTC).isoformat(timespec="seconds"), full(moment), shown
    )


def told(key: str, **values: object) -> Markup:
    """A text with values put in of which some are stamps: those keep their markup."""
    text = Markup(escape(translate(key)))  # noqa: S704 - escaped in this line
    return text.format(**{name: set_apart(each) for name, each in values.items()})


def full(moment: datetime) -> str:
    """A time with its date and its zone, as it can be copied into a ticket."""
    local = moment.astimezone(zone())
    return f"{local:%Y-%m-%d %H:%M:%S} {zone_name(local)}"


def zone_name(moment: datetime) -> str:
    """The zone as an offset, which is the same everywhere: UTC+08:00."""
    offset = moment.astimezone(zone()).strftime("%z")
    return f"UTC{offset[:3]}:{offset[3:]}"


def lasting(seconds: float | timedelta | None) -> str:
    """A length of time in words, never less than nothing: 4 min 10 s."""
    if seconds is None:
        return "–"
    if isinstance(seconds, timedelta):
        seconds = seconds.total_seconds()
    seconds = max(0.0, seconds)
    if seconds < 1:
        return translate("lasting.second", n=f"{seconds:.2f}".rstrip("0").rstrip("."))
    parts = []
    rest = round(seconds)
    for name, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(translate(f"lasting.{name}", n=count))
    if rest or not parts:
        parts.append(translate("lasting.second", n=rest))
    return " ".join(parts[:2])


def since(moment: datetime | None, now: datetime) -> str:
    """How long ago a moment was."""
    return "–" if moment is None else lasting((now - moment).total_seconds())
