"""Addresses of the web as operators write them: ours from outside, and others'."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_PATH = re.compile(r"[!-~]*")


def address(text: str) -> str:
    """The address of a service, without the last slash; a path may stand behind it.

    Raises: ValueError, which shows nothing of it.
    """
    parts = _split(text, example="https://proxy.example.com")
    if "?" in text or "#" in text:
        raise ValueError("must end before any ? or #")
    if not _PATH.fullmatch(parts.path) or "\\" in parts.path:
        raise ValueError("has a path with blanks or other than ASCII characters")
    return _origin(parts) + parts.path.rstrip("/")


def public_address(text: str) -> str:
    """How browsers reach the web: scheme, host, maybe a port.

    Pages, cookies and what WeCom and TAPD were told all begin at its root.
    Raises: ValueError, which shows nothing of it.
    """
    parts = _split(text, example="https://sync.example.com")
    if parts.path.strip("/") or "?" in text or "#" in text:
        raise ValueError(
            "must end with the host or its port: pages are served at the root, so a "
            "path, a ? or a # cannot stand behind it; give the web a host of its own"
        )
    return _origin(parts)


def port_of(address: str) -> int:
    """The port that an address leads to."""
    parts = urlsplit(address)
    return parts.port or _DEFAULT_PORTS[parts.scheme]


def is_local(host: str) -> bool:
    """Whether a host is this machine, as far as its name tells."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _split(text: str, *, example: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        raise ValueError(f"must be a full address such as {example}") from None
    if parts.scheme not in _DEFAULT_PORTS or not host:
        raise ValueError(f"must be a full address such as {example}")
    if "@" in parts.netloc:
        raise ValueError("must not bear a user or a password before the host")
    _check_port(parts)
    if not _is_host(host):
        raise ValueError(
            f"must name a host such as that of {example}; write names in other "
            "alphabets as xn--…"
        )
    return parts


def _check_port(parts: SplitResult) -> None:
    try:
        is_port = parts.port != 0 and not parts.netloc.endswith(":")
    except ValueError:
        is_port = False
    if not is_port:
        raise ValueError("must have a number from 1 to 65535, or nothing, as its port")


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        labels = host.removesuffix(".").split(".")
        # What ends in a number is an address, and this one cannot be read.
        return all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()
    return True


def _origin(parts: SplitResult) -> str:
    """Scheme, host and port as browsers write them."""
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    if parts.port in {None, _DEFAULT_PORTS[parts.scheme]}:
        return f"{parts.scheme}://{shown}"
    return f"{parts.scheme}://{shown}:{parts.port}"
