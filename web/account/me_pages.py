"""Who a member is here: their corp, their company, and how to sign out."""

from flask import render_template
from flask.typing import ResponseReturnValue

from web.access import Audience, seen_by
from web.account.blueprint import account
from web.account.session import get_member


@account.get("/me")
@seen_by(Audience.MEMBER)
def show_me() -> ResponseReturnValue:
    """The member who is signed in."""
    return render_template("me.html", member=get_member())
