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
from web.account import oauth_state
from web.headers import lead_to
from web.install import tickets
from web.install.blueprint import install
from web.install.stops import Stop, Stopped
from web.problems import Problem
from web.services import services
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
    limits.count_try(limits.REGISTER, limits.client_address())
    if edition not in EDITIONS:
        raise Problem(400, "edition: none of ours.")
    with transaction(services().pool) as connection:
        intent_id = intents.make_for_edition(connection, edition)
    ticket = tickets.sign(intent_id)
    return redirect(url_for("install.show_intent", intent=ticket), 303)


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
        ticket=tickets.sign(intent.intent_id),
    )
    return lead_to(page, services().addresses.wecom_open)


@install.post("/install")
@seen_by(Audience.ANYONE)
def confirm() -> ResponseReturnValue:
    """Confirmed: on to WeCom's install page, which comes back with an auth code.

    Raises: Stopped.
    """
    intent = _open_intent(request.form.get("intent", ""))
    limits.count_try(limits.CONFIRM, intent.intent_id)
    try:
        # What installs are unless somebody says otherwise: formal ones.
        pre_auth_code = services().wecom.pre_auth_code().value
    except WeComError as error:
        log.warning("no pre_auth_code", extra={"error": str(error)})
        ours = isinstance(error, Refused)
        raise Stopped(Stop.OURS if ours else Stop.AWAY, intent) from error
    with transaction(services().pool) as connection:
        intents.confirm(connection, intent.intent_id)
    address = install_address(
        services().addresses.wecom_open,
        suite_id=services().suite_id,
        pre_auth_code=pre_auth_code,
        redirect_uri=services().addresses.public + url_for("install.show_done"),
        state=intent.state,
    )
    return redirect(address, 303)


def _open_intent(ticket: str) -> Intent:
    """The intent of an address, bound to this browser from now on.

    Raises: Stopped.
    """
    intent_id = tickets.read(ticket)
    browser = digest_of(oauth_state.visitor())
    with transaction(services().pool) as connection:
        intent = intents.find(connection, intent_id) if intent_id else None
        if intent is None:
            raise Stopped(Stop.FORGED if intent_id is None else Stop.EXPIRED)
        # A program that previews links asks by HEAD; the person comes later.
        if request.method == "HEAD":
            is_ours = intent.browser in {None, browser}
        else:
            is_ours = intents.bind(connection, intent.intent_id, browser)
    if not is_ours:
        raise Stopped(Stop.OTHER_BROWSER, intent)
    if intent.used:
        raise Stopped(Stop.USED, intent)
    if intent.expired:
        raise Stopped(Stop.EXPIRED, intent)
    return intent
