"""What every answer of the web carries: no scripts but ours, nothing kept by caches."""

from flask import Flask, Response, request
from werkzeug.exceptions import BadRequest

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def protect(app: Flask) -> None:
    """Add the headers to every answer, and refuse what Postgres cannot hold."""
    app.before_request(_refuse_nul)
    app.after_request(_add)


def _refuse_nul() -> None:
    texts = [
        request.path,
        *(text for pair in request.args.items(True) for text in pair),
    ]
    if any("\0" in text for text in texts):
        raise BadRequest("The address holds a NUL character.")


def _add(answer: Response) -> Response:
    answer.headers.setdefault("Content-Security-Policy", _POLICY)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "same-origin"
    if request.endpoint != "static":
        answer.headers.setdefault("Cache-Control", "no-store")
    return answer
