"""The time zone in which this browser is told times: the house's, or one chosen."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from web.http import cookies
from web.http.cookies import Cookie
from web.services import services

_LONGEST_NAME = 64


def zone() -> ZoneInfo:
    """What was chosen in this browser, else the setting SYNC_TIME_ZONE."""
    chosen = cookies.read(Cookie.ZONE)
    return find_zone(chosen or "") or services().time_zone


def find_zone(name: str) -> ZoneInfo | None:
    """The zone of this name; None where there is none."""
    if not name or len(name) > _LONGEST_NAME:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
