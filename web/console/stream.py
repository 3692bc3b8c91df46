"""Pages that stay live: the same address, asked for as an event stream.

The browser's script opens the page's own address with `Accept: text/event-stream`; the
view is done again every few seconds, and its changing part is sent when it differs. So
a live page can show nothing that its plain form does not, and is let in the same way.
"""

import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from functools import wraps
from typing import ParamSpec

from flask import (
    Response,
    current_app,
    make_response,
    request,
    stream_with_context,
)
from flask.typing import ResponseReturnValue

from store.database import StoreUnavailable

MEDIA_TYPE = "text/event-stream"

_TICK_SECONDS = 2.0
# A page that is dear to make is made less often: a twentieth of the time at most.
_LEAST_REST = 20.0
# Then the browser asks anew, and is let in anew.
_LIVES_SECONDS = 30.0
# Each holds a thread: beyond these a stream says one thing and ends, as a poll would.
_MOST_STREAMS = 12
_RETRY_MS = 3_000
_TOKEN = re.compile(r'name="csrf_token" value="[^"]*"|data-clock="[^"]*">[^<]*<')

_MARK = "is_live"
_streams = threading.BoundedSemaphore(_MOST_STREAMS)

Arguments = ParamSpec("Arguments")
View = Callable[Arguments, ResponseReturnValue]


def is_stream() -> bool:
    """Whether this request wants the page as a stream."""
    return MEDIA_TYPE in request.headers.get("Accept", "")


def live(view: View[Arguments]) -> View[Arguments]:
    """A view whose page can also be followed as a stream."""

    @wraps(view)
    def answer(
        *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> ResponseReturnValue:
        if not is_stream():
            return view(*args, **kwargs)
        parts = _follow(lambda: view(*args, **kwargs))
        stream = stream_with_context(parts)
        return Response(
            stream, mimetype=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"}
        )

    setattr(answer, _MARK, True)
    return answer


def is_live_page() -> bool:
    """Whether the page of this request can be followed."""
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, _MARK, False)


def _follow(make: Callable[[], ResponseReturnValue]) -> Iterator[str]:
    yield f"retry: {_RETRY_MS}\n\n"
    known = request.headers.get("Last-Event-ID", "")
    if not _streams.acquire(blocking=False):
        yield from _event(make, known)
        return
    try:
        ends_at = time.monotonic() + _LIVES_SECONDS
        while time.monotonic() < ends_at:
            began = time.monotonic()
            for text in _event(make, known):
                known = text.partition("\n")[0].removeprefix("id: ")
                yield text
            # A comment, so that a browser that has gone is noticed.
            yield ":\n\n"
            took = time.monotonic() - began
            time.sleep(max(_TICK_SECONDS, took * _LEAST_REST))
    finally:
        _streams.release()


def _event(make: Callable[[], ResponseReturnValue], known: str) -> Iterator[str]:
    """The changing part as one event, unless the browser has it already."""
    try:
        answer = make_response(make())
    except StoreUnavailable:
        yield "event: away\ndata:\n\n"
        return
    part = answer.get_data(as_text=True)
    name = hashlib.sha256(_TOKEN.sub("", part).encode()).hexdigest()[:16]
    if name != known and answer.status_code == 200:
        lines = "\n".join(f"data: {line}" for line in part.splitlines())
        yield f"id: {name}\n{lines}\n\n"
