"""REDIS_URL as every client of ours reads it, checked before any of them does."""

import re
from urllib.parse import parse_qsl, urlsplit

from redis import ConnectionPool, RedisError

_FORM = "must look like redis://:password@host:6379/0"
_ESCAPES = (
    "inside user or password write %40 for @, %2F for /, %3A for :, %23 for #, %3F for "
    "? and %25 for %"
)
_SCHEMES = frozenset({"redis", "rediss", "unix"})
# How long we wait, what is repeated and in which form answers come is ours to say.
_OPTIONS = frozenset(
    {
        "db", "username", "password", "client_name", "ssl_ca_certs", "ssl_ca_path",
        "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname", "ssl_keyfile",
        "ssl_keyfile_password", "ssl_min_version",
    }
)  # fmt: skip
_DATABASE = re.compile(r"/?|/[0-9]{1,4}")


def check_redis_url(text: str) -> str:
    """The address as it stands, if the client reads all of it as it is meant.

    Raises: ValueError, which shows nothing of the address.
    """
    scheme = text.partition("://")[0].lower()
    if "://" not in text or scheme not in _SCHEMES:
        raise ValueError(f"{_FORM}, rediss://… or unix:///path/to/socket")
    if scheme == "unix":
        _check_socket(text)
    else:
        _check_host(text)
    _check_options(text, scheme)
    _check_by_client(text)
    return text


def redis_place(text: str) -> tuple[str, int] | None:
    """Host and port that a checked address leads to; None for a socket."""
    parts = urlsplit(text)
    if parts.scheme == "unix":
        return None
    return parts.hostname or "", parts.port or 6379


def _check_host(text: str) -> None:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"has no port that is a number; {_ESCAPES}") from None
    if not host or port == 0 or parts.netloc.endswith(":"):
        raise ValueError(f"{_FORM}; {_ESCAPES}")
    if "#" in text or not re.fullmatch(r"[A-Za-z0-9._:-]+", host):
        raise ValueError(f"has a host that cannot be read; {_ESCAPES}")
    if not _DATABASE.fullmatch(parts.path):
        raise ValueError(
            f"must end with the number of a database, such as /0; {_ESCAPES}"
        )


def _check_socket(text: str) -> None:
    parts = urlsplit(text)
    if not parts.path.startswith("/") or parts.path == "/" or parts.fragment:
        raise ValueError("must name its socket like unix:///run/redis/redis.sock")


def _check_options(text: str, scheme: str) -> None:
    try:
        given = parse_qsl(urlsplit(text).query, strict_parsing=True)
    except ValueError:
        given = [] if not urlsplit(text).query else [("", "")]
    for name, value in given:
        if name not in _OPTIONS or (name.startswith("ssl_") and scheme != "rediss"):
            raise ValueError(
                "has an option after ? that is not taken here; known are "
                f"{', '.join(sorted(_OPTIONS))} (ssl_… with rediss://); {_ESCAPES}"
            )
        if name == "db" and not re.fullmatch(r"[0-9]{1,4}", value):
            raise ValueError("must name its database by a number, such as ?db=0")


def _check_by_client(text: str) -> None:
    try:
        pool = ConnectionPool.from_url(text)
        pool.connection_class(**pool.connection_kwargs)
    except (ValueError, TypeError, RedisError, OSError):
        # The client's own words repeat what it could not read.
        raise ValueError(f"cannot be read by the client of Redis; {_ESCAPES}") from None
