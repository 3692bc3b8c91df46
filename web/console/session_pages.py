"""Signing in, by a token or by the house's own provider, and signing out."""

from flask import redirect, render_template, request, session
from flask import url_for as address_of
from flask.typing import ResponseReturnValue

from domain.roles import Role
from store.sessions.operator_sessions import NamedPerson
from web import limits
from web.access import Audience, needs, seen_by
from web.console.blueprint import console
from web.http.paths import local_path
from web.http.problems import Problem
from web.services import services
from web.sessions import house_sign_in
from web.sessions.house_sign_in import NotNamed
from web.sessions.operators import (
    is_operator,
    sign_operator_in,
    sign_operator_out,
    sign_person_in,
)

_NEXT = "console_next"


@console.get("/sign-in")
@seen_by(Audience.ANYONE)
def sign_in() -> ResponseReturnValue:
    """The form that asks for a token, and the way to the house's provider."""
    if is_operator():
        return redirect(_next_page(request.args.get("next")))
    return _form()


@console.post("/sign-in")
@seen_by(Audience.ANYONE)
def open_session() -> ResponseReturnValue:
    """Sign in, or show the form again."""
    if not sign_operator_in(request.form.get("token", "").strip()):
        limits.refuse_token("console")
        return _form(refused=True), 403
    _forget_forms()
    return redirect(_next_page(request.args.get("next")), 303)


@console.get("/sign-in/house")
@seen_by(Audience.ANYONE)
def to_house() -> ResponseReturnValue:
    """On to the house's provider."""
    if not house_sign_in.is_house_known():
        raise Problem(404, "Signing in by a provider is not set up here.")
    session[_NEXT] = request.args.get("next", "")
    back = services().addresses.public + address_of("console.house_done")
    try:
        return house_sign_in.lead_there(back)
    except NotNamed as refusal:
        return _form(why=refusal.why), 502


@console.get("/sign-in/house/done")
@seen_by(Audience.ANYONE)
def house_done() -> ResponseReturnValue:
    """Back from the provider: signed in, or the form with what went wrong."""
    if not house_sign_in.is_house_known():
        raise Problem(404, "Signing in by a provider is not set up here.")
    try:
        person: NamedPerson = house_sign_in.read_answer()
    except NotNamed as refusal:
        return _form(why=refusal.why), 403
    sign_person_in(person)
    wanted = session.pop(_NEXT, "")
    _forget_forms()
    return redirect(_next_page(wanted), 303)


@console.post("/sign-out")
@seen_by(Audience.OPERATOR)
@needs(Role.VIEWER)
def close_session() -> ResponseReturnValue:
    """Sign out; a member who is signed in by WeCom in the same browser stays so."""
    sign_operator_out()
    return redirect(address_of("console.sign_in", out=1), 303)


def _form(*, refused: bool = False, why: str = "") -> str:
    return render_template(
        "sign_in.html",
        refused=refused,
        why=why,
        has_house=house_sign_in.is_house_known(),
        next=request.args.get("next"),
        is_out="out" in request.args,
    )


def _forget_forms() -> None:
    # Forms that were shown before, to whomever, are not this operator's.
    session.pop("csrf_token", None)


def _next_page(wanted: str | None) -> str:
    # Only pages of ours: a link must not be able to send people elsewhere.
    wanted = wanted or ""
    if wanted.startswith("/console/") and local_path(wanted) is not None:
        return wanted
    return address_of("console.overview")
