"""Logout that a client begins: at once where it proves whose, else after a question."""

from authlib.oauth2 import OAuth2Error
from authlib.oidc.rpinitiated import EndSessionRequest
from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from store.database import transaction
from store.oidc import logouts
from store.oidc.subjects import find_subject
from web.access import Audience, seen_by
from web.http.headers import lead_to
from web.oidc.blueprint import by_query, oidc_calls, oidc_pages
from web.oidc.protocol.connection import connection, opened
from web.oidc.protocol.logout import is_of_ours
from web.oidc.protocol.provider import provider
from web.services import services
from web.sessions.session import current_member, current_sid, forget
from web.sessions.standing import Refused


@oidc_pages.get("/oidc/logout")
@seen_by(Audience.ANYONE)
def log_out() -> ResponseReturnValue:
    """Sign out and back to the client; without a good hint, ask first."""
    wish = _wish()
    if wish is None or not _is_theirs(wish):
        page = render_template(
            "oidc_logout.html",
            client=wish.client.client if wish and wish.client else None,
            action=url_for("oidc.confirm_logout") + "?" + request.query_string.decode(),
            language_next=url_for("oidc.log_out") + "?" + request.query_string.decode(),
        )
        return lead_to(page, *_ways_back(wish))
    _end(wish)
    return _done(wish)


@oidc_calls.post("/oidc/logout")
@seen_by(Audience.ANYONE)
def log_out_by_form() -> ResponseReturnValue:
    """The same request, sent as a form."""
    return by_query("oidc.log_out")


@oidc_pages.post("/oidc/logout/confirm")
@seen_by(Audience.ANYONE)
def confirm_logout() -> ResponseReturnValue:
    """What the person has answered: signed out, or left as they were."""
    if request.form.get("answer") != "confirm":
        return redirect(url_for("account.show_me"), 303)
    wish = _wish()
    forget()
    return _done(wish)


def _wish() -> EndSessionRequest | None:
    """What the request asks for; None when it contradicts itself."""
    with opened():
        try:
            return provider().validate_endpoint_request("end_session")
        except OAuth2Error:
            return None


def _is_theirs(wish: EndSessionRequest) -> bool:
    """Whether the hint is of the session, or the person, that is signed in here.

    Anybody has ID tokens of their own: those sign out nobody else.
    """
    claims, sid = wish.id_token_claims, current_sid()
    if claims is None or not is_of_ours(claims):
        return False
    if sid is None or claims.get("sid") == sid:
        return True
    try:
        member = current_member()
    except Refused:
        return True
    if member is None:
        return True
    with opened():
        subject = find_subject(connection(), member.corp_pk, member.member_pk)
    return subject is not None and subject.account_id == claims.get("sub")


def _end(wish: EndSessionRequest) -> None:
    forget()
    claims = wish.id_token_claims or {}
    # The session that the hint is of may be over here and still open at clients.
    with transaction(services().pool) as connection:
        told = logouts.end_session(connection, str(claims.get("sid")))
    for client_id in told:
        services().ring_logouts(client_id)


def _done(wish: EndSessionRequest | None) -> ResponseReturnValue:
    if wish is None or wish.redirect_uri is None:
        return redirect(url_for("account.show_signed_out"), 303)
    response: Response = provider().create_endpoint_response("end_session", wish)
    return response


def _ways_back(wish: EndSessionRequest | None) -> list[str]:
    return [wish.redirect_uri] if wish and wish.redirect_uri else []
