"""Our two servers with a door more: who enters waits until a test unlocks a file."""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask

import receiver.app
import receiver.proof
import store.intake.heartbeat
import web.app
from receiver.worker import ReceiverWorker
from web.worker import WebWorker

JAM = "/jam"
LOCK = "TESTS_LOCK"
HOLDS = "TESTS_HOLDS"

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class PatientReceiver(ReceiverWorker):
    """Waits for a thread for as long as a test may take."""

    patience_seconds = 100.0


class PatientWeb(WebWorker):
    """The same."""

    patience_seconds = 100.0


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Whoever enters meanwhile waits."""
    with file.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def create_receiver() -> Flask:
    """The receiver; what takes it half a minute takes five seconds."""
    receiver.proof.EVERY_SECONDS = 0.2
    receiver.proof.HOPELESS_SECONDS = 1_000.0
    store.intake.heartbeat.SILENT_SECONDS = 5.0
    return _jammable(receiver.app.create_app())


def create_web() -> Flask:
    """The web."""
    return _jammable(web.app.create_app())


def _jammable(app: Flask) -> Flask:
    inner: Wsgi = app.wsgi_app

    def answer(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != JAM:
            return inner(environ, start_response)
        with Path(os.environ[HOLDS]).open("ab") as held:
            held.write(b".")
        with Path(os.environ[LOCK]).open() as stream:
            fcntl.flock(stream, fcntl.LOCK_SH)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"through\n"]

    app.wsgi_app = answer  # type: ignore[method-assign]  # Flask's way.
    return app
