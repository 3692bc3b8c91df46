"""Ports that nobody else listens on."""

import socket

LOOPBACK = "127.0.0.1"


def free_port(preferred: int) -> int:
    """The preferred port if it is free, else another; 0 prefers none.

    gunicorn's `--reuse-port` would share a taken port in silence, so ask without it.
    """
    for candidate in (preferred, 0):
        port = _bind(candidate)
        if port is not None:
            return port
    raise OSError("no port is free on this machine")


def is_free(port: int) -> bool:
    """Whether nobody listens on it."""
    return _bind(port) is not None


def _bind(port: int) -> int | None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port whose last connections are just closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return None
        return int(probe.getsockname()[1])
