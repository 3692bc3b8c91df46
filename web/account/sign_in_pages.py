"""Signing in with WeCom: out to its page, back with a code, on to where one went."""

import logging

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from store.database import transaction
from store.installs.visitors import Visitor, find_named
from store.org import corps
from web import limits
from web.access import Audience, seen_by
from web.account.blueprint import account
from web.http.paths import local_path
from web.install.installer import note_installer
from web.services import services
from web.sessions import oauth_state
from web.sessions.oauth_state import Journey, ReturnPath
from web.sessions.session import current_member, forget, remember_member
from web.sessions.sign_in import PURPOSE, is_wecom, sign_in_inside, sign_in_outside
from web.sessions.standing import Refusal, Refused, corp_refusal, refusal_of
from wecom.errors import Refused as WeComRefused
from wecom.errors import Spent, WeComError
from wecom.wire import Identity

log = logging.getLogger(__name__)


@account.get("/login")
@seen_by(Audience.ANYONE)
def login() -> ResponseReturnValue:
    """On to WeCom: without a question in its own browser, by a QR code elsewhere."""
    way = sign_in_inside if is_wecom() else sign_in_outside
    return way(local_path(request.args.get("next")))


@account.get("/login/done")
@seen_by(Audience.ANYONE)
def login_done() -> ResponseReturnValue:
    """Back from WeCom: signed in, or told why not.

    Raises: Refused, Problem.
    """
    journey = oauth_state.arrive(purpose=PURPOSE)
    match journey.returned:
        case ReturnPath.FIRST:
            return _come_in(journey)
        case ReturnPath.AGAIN:
            return _again(journey)
        case ReturnPath.STRANGE:
            # Nobody's: what belongs to this browser passes, whoever shares its address.
            limits.count_try(limits.SIGN_IN, limits.client_address())
            return _try_again(journey, "stale", 400)
        case _:
            return _try_again(journey, "stale", 400)


@account.post("/me/sign-out")
@seen_by(Audience.ANYONE)
def sign_out() -> ResponseReturnValue:
    """Sign out; a second time too."""
    forget()
    return redirect(url_for("account.show_signed_out"), 303)


@account.get("/me/sign-out")
@seen_by(Audience.ANYONE)
def show_signed_out() -> ResponseReturnValue:
    """That one is signed out, and the way back in."""
    return render_template("signed_out.html")


def _again(journey: Journey) -> ResponseReturnValue:
    if "installer_of" in journey.cargo or current_member() is not None:
        return redirect(_next(journey), 303)
    return _try_again(journey, "stale", 400)


def _come_in(journey: Journey) -> ResponseReturnValue:
    code, address = request.args.get("code"), limits.client_address()
    if not code:
        return _try_again(journey, "cancelled", 400)
    asked = services().wecom if journey.cargo["inside"] else services().login_wecom
    limits.refuse_after_failures(limits.CODE, address)
    try:
        identity = asked.identity(code)
    except Spent:
        if oauth_state.was_used_meanwhile(journey):
            return _again(journey)
        limits.note_failure(limits.CODE, address)
        return _try_again(journey, "spent", 400)
    except WeComError as error:
        log.warning("sign-in not answered", extra={"error": str(error)})
        ours = isinstance(error, WeComRefused)
        return _try_again(journey, "ours" if ours else "away", 502 if ours else 503)
    with transaction(services().pool) as connection:
        is_first = oauth_state.use(connection, journey)
    if not is_first:
        return _again(journey)
    installer_of = journey.cargo.get("installer_of")
    if installer_of is None:
        remember_member(_admitted(identity))
    else:
        _note_installer(str(installer_of), identity)
    return redirect(_next(journey), 303)


def _note_installer(intent_state: str, identity: Identity) -> None:
    if identity.corp_id is None:
        raise Refused(Refusal.STRANGER)
    if identity.userid:
        note_installer(intent_state, corp_id=identity.corp_id, userid=identity.userid)


def _admitted(identity: Identity) -> Visitor:
    if identity.corp_id is None:
        raise Refused(Refusal.STRANGER)
    with transaction(services().pool) as connection:
        corp = corps.find_live(connection, identity.corp_id)
        refusal = corp_refusal(corp.state if corp else None)
        if corp is None or refusal is not None:
            raise Refused(refusal or Refusal.NOT_INSTALLED)
        member = find_named(
            connection,
            corp.corp_pk,
            userid=identity.userid,
            open_userid=identity.open_userid,
        )
    if member is None:
        raise Refused(Refusal.NOT_HERE)
    refusal = refusal_of(member)
    if refusal is not None:
        raise Refused(refusal)
    return member


def _next(journey: Journey) -> str:
    installer_of = journey.cargo.get("installer_of")
    if installer_of is not None:
        return url_for("install.show_done", state=installer_of)
    return local_path(journey.cargo.get("next")) or url_for("account.show_me")


def _try_again(journey: Journey, why: str, status: int) -> ResponseReturnValue:
    wanted = local_path(journey.cargo.get("next"))
    installer_of = journey.cargo.get("installer_of")
    if installer_of is not None:
        again = url_for("install.ask_installer", state=installer_of)
    else:
        again = url_for("account.login", next=wanted)
    return render_template(
        "sign_in_failed.html",
        why=why,
        again=again,
        language_next=wanted or url_for("account.show_me"),
    ), status
