"""From a wish to WeCom's install page: choose an edition, or confirm the company."""

import logging

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from store.database import transaction
from store.installs import intents
from store.installs.intents import Intent, digest_of
from store.summaries.installs import find_wish
from web import limits
from web.access import Audience, seen_by
from web.http.headers import lead_to
from web.http.problems import Problem
from web.install import tickets
from web.install.blueprint import install
from web.install.stops import Stop, Stopped
from web.services import services
from web.sessions import oauth_state
from wecom.errors import Refused, WeComError
from wecom.install_page import install_address

log = logging.getLogger(__name__)

EDITIONS = ("standard", "professional", "enterprise")


@install.get("/register")
@seen_by(Audience.ANYONE)
def register() -> ResponseReturnValue:
    """A new company: which edition?"""
    return render_template("install_register.html", editions=EDITIONS)


@install.post("/register")
@seen_by(Audience.ANYONE)
def choose_edition() -> ResponseReturnValue:
    """The edition is chosen; on to the page that asks to confirm."""
    edition = request.form.get("edition")
    if edition not in EDITIONS:
        raise Problem(400, "edition: none of ours.")
    return redirect(
        url_for("install.show_intent", intent=tickets.sign_wish(edition)), 303
    )


@install.get("/install")
@seen_by(Audience.ANYONE)
def show_intent() -> ResponseReturnValue:
    """What is to be linked, and for whom; nothing happens before it is confirmed.

    Raises: Stopped.
    """
    intent = _open_intent(request.args.get("intent", ""))
    with transaction(services().pool) as connection:
        wish = intent.company_id and find_wish(
            connection,
            company_id=intent.company_id,
            admin_account_id=intent.admin_account_id,
        )
    page = render_template(
        "install_intent.html",
        intent=intent,
        wish=wish,
        ticket=tickets.sign(intent),
    )
    return lead_to(page, services().addresses.wecom_open)


@install.post("/install")
@seen_by(Audience.ANYONE)
def confirm() -> ResponseReturnValue:
    """Confirmed: on to WeCom's install page, which comes back with an auth code.

    Raises: Stopped.
    """
    intent = _open_intent(request.form.get("intent", ""))
    if intent.for_existing:
        limits.count_try(limits.CONFIRM, intent.intent_id)
    else:
        limits.count_try(limits.REGISTER, limits.client_address())
    try:
        # What installs are unless somebody says otherwise: formal ones.
        pre_auth_code = services().wecom.pre_auth_code().value
    except WeComError as error:
        log.warning("no pre_auth_code", extra={"error": str(error)})
        ours = isinstance(error, Refused)
        raise Stopped(Stop.OURS if ours else Stop.AWAY, intent) from error
    address = install_address(
        services().addresses.wecom_open,
        suite_id=services().suite_id,
        pre_auth_code=pre_auth_code,
        redirect_uri=services().addresses.public + url_for("install.show_done"),
        state=_confirm(intent),
    )
    return redirect(address, 303)


def _confirm(intent: Intent) -> str:
    """The state of the way to WeCom; the intent is this browser's from now on.

    Raises: Stopped.
    """
    with transaction(services().pool) as connection:
        if not intent.for_existing:
            intents.keep_wish(connection, intent)
        browser = digest_of(oauth_state.visitor())
        state = intents.confirm(connection, intent.intent_id, browser)
    if state is None:
        raise Stopped(Stop.OTHER_BROWSER, intent)
    return state


def _open_intent(signed: str) -> Intent:
    """The intent of an address, unless another browser has confirmed it.

    To look binds nobody: a program that previews links looks, too.
    Raises: Stopped.
    """
    ticket = tickets.read(signed)
    if ticket is None:
        raise Stopped(Stop.FORGED)
    with transaction(services().pool) as connection:
        intent = tickets.find_intent(connection, ticket)
    if intent is None:
        raise Stopped(Stop.EXPIRED)
    if intent.browser not in {None, digest_of(oauth_state.visitor())}:
        raise Stopped(Stop.OTHER_BROWSER, intent)
    if intent.used:
        raise Stopped(Stop.USED, intent)
    if intent.expired:
        raise Stopped(Stop.EXPIRED, intent)
    return intent
