"""Who may see each route: stated beside the route, enforced by `web/gate.py`."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from flask import Flask

View = TypeVar("View", bound=Callable[..., Any])

_STATED = "seen_by_audience"


class Audience(StrEnum):
    """The groups of callers that a route can be for."""

    ANYONE = "anyone"
    BEARER = "bearer"
    OPERATOR = "operator"
    MEMBER = "member"
    COMPANY = "company"


def seen_by(audience: Audience) -> Callable[[View], View]:
    """A decorator that states who may see the route of the function below it."""

    def state(view: View) -> View:
        setattr(view, _STATED, audience)
        return view

    return state


def audience_of(app: Flask, endpoint: str) -> Audience | None:
    """Who may see an endpoint, or None when nobody said so."""
    audience = getattr(app.view_functions[endpoint], _STATED, None)
    return audience if isinstance(audience, Audience) else None
