"""Who asks, where tries are counted: behind proxies what the nearest of ours says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

UNKNOWN = "unknown"

# One household or one machine is given a network of this size.
_IPV6_PREFIX = 64
# Balancers of several clouds append the port that they were asked from.
_WITH_PORT = re.compile(r"\[(?P<v6>[^\]]*)\](?::[0-9]{1,5})?|(?P<v4>[^:]*):[0-9]{1,5}")

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class TrustedProxies:
    """Sets REMOTE_ADDR to whom the outermost of our own proxies was asked by.

    Each of them appends one entry to X-Forwarded-For; what stands before those is
    hearsay. An entry that is no address counts as the one unknown client.
    """

    def __init__(self, app: WsgiApp, *, count: int) -> None:
        self._app = app
        self._count = count

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """What WSGI calls."""
        environ["REMOTE_ADDR"] = client_of(environ, trusted_proxies=self._count)
        return self._app(environ, start_response)


def client_of(environ: dict[str, Any], *, trusted_proxies: int) -> str:
    """The address of who asks, "unknown" where a proxy says none."""
    # By commas alone: a quote in what a client sends would swallow what proxies say.
    entries = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
    said = environ.get("REMOTE_ADDR", "")
    if trusted_proxies and len(entries) >= trusted_proxies and entries != [""]:
        said = entries[-trusted_proxies]
    address = parse_address(said)
    return UNKNOWN if address is None else str(address)


def visitor_of(text: str | None) -> str:
    """Whom an address stands for where tries are counted: of IPv6 its network."""
    address = parse_address(text or "")
    if address is None:
        return UNKNOWN
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), _IPV6_PREFIX), strict=False))
    return str(address)


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address in `ip`, `ip:port`, `[ip]` or `[ip]:port`; None for anything else."""
    text = text.strip()
    if found := _WITH_PORT.fullmatch(text):
        text = found["v6"] if found["v6"] is not None else found["v4"]
    try:
        # A zone says by which wire, not who.
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
