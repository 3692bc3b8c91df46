"""Every cookie of ours: its name, and the same strict attributes for all of them."""

from enum import StrEnum

from flask import Flask, Response, current_app, request

# A browser takes a cookie of such a name from this very host alone, over https, for
# all paths: neither a sister host nor plain http can plant one.
_HOST = "__Host-"
_SECURE = "SESSION_COOKIE_SECURE"


class Cookie(StrEnum):
    """What browsers keep for us.

    Shape: the sessions are random ids; `FORMS` is Flask's signed session, in which
        nothing but the mark of our forms lies.
    """

    OPERATOR = "sync-operator"
    MEMBER = "sync-member"
    FORMS = "sync-forms"
    BROWSER = "sync-browser"
    LANGUAGE = "sync-language"
    THEME = "sync-theme"
    ZONE = "sync-zone"


def configure(app: Flask, *, public_url: str) -> None:
    """Have Flask's own cookie be like ours, and all of them fit the address."""
    app.config.update(
        {
            _SECURE: public_url.startswith("https://"),
            "SESSION_COOKIE_HTTPONLY": True,
            # The way back begins on another site: Strict would forget the browser.
            "SESSION_COOKIE_SAMESITE": "Lax",
            "SESSION_COOKIE_PATH": "/",
        }
    )
    app.config["SESSION_COOKIE_NAME"] = name_of(app, Cookie.FORMS)


def is_secure(app: Flask) -> bool:
    """Whether browsers reach us by https."""
    return bool(app.config[_SECURE])


def name_of(app: Flask, cookie: str) -> str:
    """What a cookie is called in browsers."""
    return f"{_HOST}{cookie}" if is_secure(app) else str(cookie)


def read(cookie: str) -> str | None:
    """What this browser has sent of a cookie; None for none."""
    return request.cookies.get(name_of(current_app, cookie)) or None


def keep(answer: Response, cookie: str, value: str, *, seconds: float) -> None:
    """Have the browser keep a value for so long."""
    answer.set_cookie(
        name_of(current_app, cookie),
        value,
        max_age=int(seconds),
        secure=is_secure(current_app),
        httponly=True,
        samesite="Lax",
        path="/",
    )


def drop(answer: Response, cookie: str) -> None:
    """Have the browser forget a cookie."""
    answer.delete_cookie(
        name_of(current_app, cookie),
        secure=is_secure(current_app),
        httponly=True,
        samesite="Lax",
        path="/",
    )
