"""Where a browser goes after a page of WeCom's or TAPD's: back to who sent it."""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit


def address_back(redirect_uri: str, extra: Mapping[str, object]) -> str | None:
    """The address with more in its query; None where it is no web address."""
    parts = urlsplit(redirect_uri)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return None
    joint = "&" if parts.query else "?"
    return f"{redirect_uri}{joint}{urlencode(extra)}"
