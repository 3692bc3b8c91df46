"""Signing in and out."""

from flask import redirect, render_template, request, session
from flask import url_for as address_of
from flask.typing import ResponseReturnValue

from domain.roles import Role
from web import limits
from web.access import Audience, needs, seen_by
from web.console.blueprint import console
from web.operators import is_operator, sign_operator_in, sign_operator_out
from web.paths import local_path


@console.get("/sign-in")
@seen_by(Audience.ANYONE)
def sign_in() -> ResponseReturnValue:
    """The form that asks for a token."""
    if is_operator():
        return redirect(_next_page())
    return render_template("sign_in.html", refused=False, next=request.args.get("next"))


@console.post("/sign-in")
@seen_by(Audience.ANYONE)
def open_session() -> ResponseReturnValue:
    """Sign in, or show the form again."""
    if not sign_operator_in(request.form.get("token", "").strip()):
        limits.refuse_token("console")
        page = render_template(
            "sign_in.html", refused=True, next=request.args.get("next")
        )
        return page, 403
    # Forms that were shown before, to whomever, are not this operator's.
    session.pop("csrf_token", None)
    return redirect(_next_page(), 303)


@console.post("/sign-out")
@seen_by(Audience.OPERATOR)
@needs(Role.VIEWER)
def close_session() -> ResponseReturnValue:
    """Sign out; a member who is signed in by WeCom in the same browser stays so."""
    sign_operator_out()
    return redirect(address_of("console.sign_in"), 303)


def _next_page() -> str:
    # Only pages of ours: a link must not be able to send people elsewhere.
    wanted = request.args.get("next", "")
    if wanted.startswith("/console/") and local_path(wanted) is not None:
        return wanted
    return address_of("console.overview")
