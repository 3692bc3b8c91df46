"""Bounds a whole HTTP exchange in time; `requests` bounds only each single read."""

from __future__ import annotations

import io
import socket
import threading
import time
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection

CONNECT_SECONDS = 3.0


class Deadline(threading.local):
    """When the call that this thread is making has to be over.

    Units: seconds of the monotonic clock.
    """

    at = 0.0

    def start(self, seconds: float) -> None:
        """Give the next call of this thread so much time in all."""
        self.at = time.monotonic() + seconds

    def left(self) -> float:
        """The time left.

        Raises: TimeoutError when there is none.
        """
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the call's time is over")
        return left


DEADLINE = Deadline()


class DeadlineAdapter(HTTPAdapter):
    """Keeps one connection per thread alive and reads from it within DEADLINE."""

    def __init__(self) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools open our connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> ProxyManager:
        """Make the pools behind a proxy open our connections too."""
        manager: ProxyManager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class _BoundedReader(io.RawIOBase):
    """Reads from a socket for as long as the thread's call may still take."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        # A time-out of the socket counts from each single read: a server that sends
        # a byte a second would hold this thread for ever.
        self._sock.settimeout(DEADLINE.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_BoundedReader(self.fp.detach(), sock))


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS: dict[str, type[HTTPConnectionPool]] = {"http": _Pool, "https": _SecurePool}
