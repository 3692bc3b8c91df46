"""The front as the web wants it: people upload lists, and over slower lines."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from serving.worker import HEALTH, FrontWorker
from serving.wsgi import Environ
from texts.catalogue import LANGUAGES, say

BODY_BYTES = 16 * 1024 * 1024
API = "/api/"

_PHRASE = "Service Unavailable"
_HEADERS = [("Retry-After", "5"), ("Cache-Control", "no-store")]
_NOTHING = ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")


class WebWorker(FrontWorker):
    """A front that gives a request time to arrive once it has begun."""

    begun_seconds = 30.0
    body_bytes = BODY_BYTES
    memory_bytes = 8 * BODY_BYTES

    def answer_late(
        self, environ: Environ, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """A page or a problem that says what to do; nothing is asked for it."""
        path = environ["PATH_INFO"]
        if path == HEALTH:
            return super().answer_late(environ, start_response)
        if path.startswith(API):
            kind, body = "application/problem+json", _problem()
        else:
            kind, body = "text/html; charset=utf-8", _page()
        headers = [("Content-Type", kind), *_HEADERS, _NOTHING]
        start_response(f"503 {_PHRASE}", headers)
        return [body.encode()]


def _problem() -> str:
    problem = {
        "type": "about:blank",
        "title": _PHRASE,
        "status": 503,
        "detail": "Everything is busy; try again in a few seconds.",
    }
    return json.dumps(problem)


def _page() -> str:
    # In all languages: which one somebody reads is known to threads that are busy.
    parts = [
        f'<section lang="{tag}"><h1>{say(tag, "error.busy.title")}</h1>'
        f"<p>{say(tag, 'error.busy.text')}</p></section>"
        for tag in LANGUAGES
    ]
    return f'<!doctype html><html><meta charset="utf-8">{"".join(parts)}</html>\n'
