"""What every answer of the web carries: no scripts but ours, nothing kept by caches."""

from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request

from web.http import cookies

_YEAR_SECONDS = 365 * 24 * 3600

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
    """Add the headers to every answer."""
    app.after_request(_add)


def lead_to(page: str, *addresses: str) -> Response:
    """A page whose forms may be answered by sending the browser to these sites.

    Browsers hold the policy against every address that a form's answer leads to.
    """
    answer = Response(page)
    origins = {_origin(address) for address in addresses}
    answer.headers["Content-Security-Policy"] = _POLICY.replace(
        "form-action 'self'", " ".join(("form-action 'self'", *sorted(origins)))
    )
    return answer


def _origin(address: str) -> str:
    """What the policy calls a site; an app's own scheme has none but its name."""
    part = urlsplit(address)
    return f"{part.scheme}://{part.netloc}" if part.netloc else f"{part.scheme}:"


def _add(answer: Response) -> Response:
    answer.headers.setdefault("Content-Security-Policy", _POLICY)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    if cookies.is_secure(current_app):
        # This host alone: what else stands under its name is not ours to decide.
        answer.headers["Strict-Transport-Security"] = f"max-age={_YEAR_SECONDS}"
    answer.headers["Referrer-Policy"] = "same-origin"
    if request.endpoint != "static":
        answer.headers.setdefault("Cache-Control", "no-store")
    return answer
