"""Who may see each route: stated beside the route, enforced by `web/gate.py`."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from flask import Flask

from domain.roles import Role

View = TypeVar("View", bound=Callable[..., Any])

_STATED = "seen_by_audience"
_NEEDED = "needed_role"
# What changes nothing, viewers may do.
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


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


def needs(role: Role) -> Callable[[View], View]:
    """A decorator that states which role a console's route asks for.

    Shape: without it reading needs a viewer, and everything else an operator.
    """

    def state(view: View) -> View:
        setattr(view, _NEEDED, role)
        return view

    return state


def needed_role(app: Flask, endpoint: str, method: str) -> Role:
    """The least role that may do this on a console's route."""
    stated = getattr(app.view_functions[endpoint], _NEEDED, None)
    if isinstance(stated, Role):
        return stated
    return Role.VIEWER if method in _READING else Role.OPERATOR


def audience_of(app: Flask, endpoint: str) -> Audience | None:
    """Who may see an endpoint, or None when nobody said so."""
    audience = getattr(app.view_functions[endpoint], _STATED, None)
    return audience if isinstance(audience, Audience) else None
