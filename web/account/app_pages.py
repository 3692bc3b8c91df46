"""What a member has let other applications know of them, and how to take it back."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from store.database import transaction
from store.oidc import consents, logouts
from web.access import Audience, seen_by
from web.account.blueprint import account
from web.services import services
from web.sessions.session import get_member


@account.get("/me/apps")
@seen_by(Audience.MEMBER)
def list_apps() -> ResponseReturnValue:
    """The applications to which the member signs in here."""
    member = get_member()
    with transaction(services().pool) as connection:
        given = consents.list_given(connection, member.corp_pk, member.member_pk)
    return render_template(
        "my_apps.html",
        member=member,
        given=given,
        withdrawn="withdrawn" in request.args,
    )


@account.post("/me/apps/withdraw")
@seen_by(Audience.MEMBER)
def withdraw_app() -> ResponseReturnValue:
    """Take a consent back, and with it all that the application was granted."""
    member, client_id = get_member(), request.form.get("client_id", "")
    who = member.corp_pk, member.member_pk
    with transaction(services().pool) as connection:
        consents.withdraw(connection, *who, client_id)
        told = logouts.end_with_client(connection, *who, client_id)
    for each in told:
        services().ring_logouts(each)
    return redirect(url_for("account.list_apps", withdrawn=1), 303)
