"""The authorisation endpoint: who is this, may they go on, and do they want to?

The way of a request:

    client and redirect URI unknown  ->  a page, never a redirect
    anything else wrong with it      ->  back to the client, with `iss`
    nobody signed in, or too long ago ->  WeCom's sign-in, and here again
    not linked, or a removal is held ->  a 403 page with the reason and a next step
    not agreed to yet                ->  a page that asks
    agreed                           ->  back to the client, with a code
"""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oidc.core.errors import (
    ConsentRequiredError,
    InteractionRequiredError,
    LoginRequiredError,
)
from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from store.installs.visitors import Visitor
from store.oidc import consents
from store.oidc.subjects import OidcSubject, find_subject
from web.access import Audience, seen_by
from web.http.headers import lead_to
from web.http.texts import translate
from web.oidc.blueprint import by_query, oidc_calls, oidc_pages
from web.oidc.freshness import is_recent_enough, with_mark
from web.oidc.protocol.code_grant import CodeGrant
from web.oidc.protocol.connection import connection, opened
from web.oidc.protocol.provider import provider
from web.oidc.protocol.scopes import Scope, known_scopes
from web.oidc.protocol.standing import obstacle_of
from web.sessions.session import current_member
from web.sessions.sign_in import sign_in
from web.sessions.standing import Refused

# What still fits into the cookie that carries it through WeCom's sign-in.
_LONGEST_ADDRESS = 1_200
# Nobody is asked whether a client may know who they are: that is what they came for.
_ASKED_FOR = (Scope.PROFILE, Scope.EMAIL, Scope.OFFLINE_ACCESS)


@oidc_pages.get("/oidc/authorize")
@seen_by(Audience.ANYONE)
def authorize() -> ResponseReturnValue:
    """On to the client with a code, or to what has to come before."""
    member, refused = _who()
    with opened():
        try:
            grant = _checked(member)
            return _go_on(grant, member, refused)
        except OAuth2Error as error:
            return _back_with(error)


@oidc_calls.post("/oidc/authorize")
@seen_by(Audience.ANYONE)
def authorize_by_form() -> ResponseReturnValue:
    """The same request, sent as a form."""
    return by_query("oidc.authorize")


@oidc_pages.post("/oidc/consent")
@seen_by(Audience.ANYONE)
def answer() -> ResponseReturnValue:
    """What the member has answered to the page; the request is checked once more."""
    member, refused = _who()
    with opened():
        try:
            grant = _checked(member)
            subject = _subject(member)
            if refused or subject is None or not is_recent_enough():
                return redirect(_here(), 303)
            if obstacle_of(subject) is not None:
                return _refusal(grant, subject)
            if request.form.get("answer") != "confirm":
                return _response(grant, None)
            _remember(grant, subject)
            return _response(grant, subject)
        except OAuth2Error as error:
            return _back_with(error)


def _go_on(
    grant: CodeGrant, member: Visitor | None, refused: Refused | None
) -> ResponseReturnValue:
    silent = "none" in _prompts()
    if refused is not None and not silent:
        raise refused
    subject = _subject(member)
    if subject is None or not is_recent_enough():
        return _sign_in_first(grant, silent)
    if obstacle_of(subject) is not None:
        if silent:
            raise InteractionRequiredError(redirect_uri=grant.redirect_uri)
        return _refusal(grant, subject)
    if "consent" not in _prompts() and _has_agreed(grant, subject):
        return _response(grant, subject)
    if silent:
        raise ConsentRequiredError(redirect_uri=grant.redirect_uri)
    return _ask(grant, subject)


def _checked(member: Visitor | None) -> CodeGrant:
    grant: CodeGrant = provider().get_consent_grant(end_user=member)
    return grant


def _who() -> tuple[Visitor | None, Refused | None]:
    try:
        return current_member(), None
    except Refused as refused:
        return None, refused


def _subject(member: Visitor | None) -> OidcSubject | None:
    if member is None:
        return None
    return find_subject(connection(), member.corp_pk, member.member_pk)


def _sign_in_first(grant: CodeGrant, silent: bool) -> ResponseReturnValue:
    if silent:
        raise LoginRequiredError(redirect_uri=grant.redirect_uri)
    address = with_mark(_here())
    if len(address) > _LONGEST_ADDRESS:
        raise InvalidRequestError(
            "The request is too long: shorten 'state'.", redirect_uri=grant.redirect_uri
        )
    return sign_in(address)


def _has_agreed(grant: CodeGrant, subject: OidcSubject) -> bool:
    asked = _asked_for(grant)
    return consents.covers(
        connection(),
        subject.member.corp_pk,
        subject.member.member_pk,
        grant.client.client_id,
        asked,
    )


def _remember(grant: CodeGrant, subject: OidcSubject) -> None:
    consents.remember(
        connection(),
        subject.member.corp_pk,
        subject.member.member_pk,
        grant.client.client_id,
        _asked_for(grant),
    )


def _asked_for(grant: CodeGrant) -> list[Scope]:
    return known_scopes(grant.request.scope)


def _ask(grant: CodeGrant, subject: OidcSubject) -> Response:
    page = render_template(
        "oidc_consent.html",
        client=grant.client.client,
        member=subject.member,
        account_id=subject.account_id,
        scopes=[each for each in _ASKED_FOR if each in _asked_for(grant)],
        action=url_for("oidc.answer") + "?" + request.query_string.decode(),
        language_next=_here(),
    )
    return lead_to(page, grant.redirect_uri)


def _refusal(grant: CodeGrant, subject: OidcSubject) -> ResponseReturnValue:
    return render_template(
        "oidc_refused.html",
        client=grant.client.client,
        member=subject.member,
        why=obstacle_of(subject),
        again=_here(),
        language_next=_here(),
    ), 403


def _response(grant: CodeGrant, subject: OidcSubject | None) -> Response:
    answer: Response = provider().create_authorization_response(
        grant=grant, request=grant.request, grant_user=subject
    )
    return answer


def _back_with(error: OAuth2Error) -> ResponseReturnValue:
    """Back to the client with an error; where it is not known, a page."""
    if error.redirect_uri is None:
        title, text = translate("error.oidc.title"), "error.oidc.text"
        said = translate(text, reason=error.description or error.error)
        return render_template("error.html", title=title, text=said), 400
    error.state = request.args.get("state")
    response: Response = provider().handle_error_response(None, error)
    provider().execute_hook("after_create_authorization_response", response)
    return response


def _prompts() -> list[str]:
    return request.args.get("prompt", "").split()


def _here() -> str:
    return url_for("oidc.authorize") + "?" + request.query_string.decode()
