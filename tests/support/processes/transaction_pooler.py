"""A pooler that gives its one server connection to whoever speaks, or one to each."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PORT = 5432
_OWN_PID = 4_242_424
# The state of the transaction stands behind it.
_READY = b"Z\x00\x00\x00\x05"


@contextmanager
def pooler(folder: Path, *, server: Path, shares: bool) -> Iterator[Path]:
    """The folder of its socket; `shares` as in transaction mode, else by session."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / f".s.PGSQL.{_PORT}"))
    listener.listen()
    shared = _Upstream(server) if shares else None
    threading.Thread(
        target=_accept, args=(listener, server, shared), daemon=True
    ).start()
    try:
        yield folder
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        if shared is not None:
            shared.close()


class _Upstream:
    """One session with the server, used by one statement at a time."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._greeting = b""

    def greet(self, start: bytes) -> bytes:
        """What the server says to a session that begins, with a pid of the pooler's."""
        with self._lock:
            if self._socket is None:
                self._socket = socket.socket(socket.AF_UNIX)
                self._socket.connect(str(self._server / f".s.PGSQL.{_PORT}"))
                self._socket.sendall(start)
                self._greeting = _with_own_pid(self._read())
            return self._greeting

    def ask(self, message: bytes) -> bytes:
        """What the server answers, up to the end of the statement."""
        with self._lock:
            assert self._socket is not None
            self._socket.sendall(message)
            return self._read()

    def close(self) -> None:
        """End the session."""
        if self._socket is not None:
            self._socket.close()

    def _read(self) -> bytes:
        assert self._socket is not None
        found = b""
        while found[-6:-1] != _READY:
            part = self._socket.recv(65_536)
            if not part:
                return found
            found += part
        return found


def _accept(listener: socket.socket, server: Path, shared: _Upstream | None) -> None:
    with listener:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            upstream = shared or _Upstream(server)
            threading.Thread(
                target=_serve, args=(client, upstream, shared is None), daemon=True
            ).start()


def _serve(client: socket.socket, upstream: _Upstream, own: bool) -> None:
    with client:
        client.sendall(upstream.greet(client.recv(65_536)))
        while (message := client.recv(65_536)) and message[:1] != b"X":
            client.sendall(upstream.ask(message))
    if own:
        upstream.close()


def _with_own_pid(greeting: bytes) -> bytes:
    at = greeting.index(b"K\x00\x00\x00") + 5
    return greeting[:at] + struct.pack("!I", _OWN_PID) + greeting[at + 4 :]
