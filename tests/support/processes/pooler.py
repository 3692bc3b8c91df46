"""A pooler between us and Postgres that refuses what poolers refuse at the start."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PORT = 5432
_CHUNK = 65_536


@contextmanager
def picky_pooler(folder: Path, *, server: Path) -> Iterator[Path]:
    """The folder of its socket; a start-up message with `options` is an error there."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / f".s.PGSQL.{_PORT}"))
    listener.listen()
    threading.Thread(target=_accept, args=(listener, server), daemon=True).start()
    try:
        yield folder
    finally:
        # Wakes whoever accepts, and has the thread close what is its own.
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, server: Path) -> None:
    with listener:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=_begin, args=(client, server), daemon=True).start()


def _begin(client: socket.socket, server: Path) -> None:
    with client, socket.socket(socket.AF_UNIX) as upstream:
        start = client.recv(_CHUNK)
        if b"\0options\0" in start:
            text = b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0"
            client.sendall(b"E" + struct.pack("!I", len(text) + 4) + text)
            return
        upstream.connect(str(server / f".s.PGSQL.{_PORT}"))
        upstream.sendall(start)
        back = threading.Thread(target=_pass_on, args=(upstream, client), daemon=True)
        back.start()
        _pass_on(client, upstream)
        back.join()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(_CHUNK):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return
