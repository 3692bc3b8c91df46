"""Back from WeCom's page: the code is handed over, and what follows is shown."""

from flask import Response, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from store.database import transaction
from store.installs import intents
from store.installs.intents import Intent, digest_of
from web import limits
from web.access import Audience, seen_by
from web.install.blueprint import install
from web.install.progress import Progress, view_progress
from web.install.stops import Stop, Stopped, result_address
from web.install.words import ending_of
from web.services import services
from web.sessions import oauth_state
from web.sessions.sign_in import name_installer

# WeCom's are of 64 to 512 bytes; a shorter one it refuses itself.
_LONGEST_CODE = 512


@install.get("/install/done")
@seen_by(Audience.ANYONE)
def show_done() -> ResponseReturnValue:
    """Take the auth code and show what becomes of it.

    Repeats: the same code shows the same install.
    Raises: Stopped.
    """
    intent = _get_intent(request.args.get("state", ""))
    code = request.args.get("auth_code", "")
    if code:
        _hand_over(intent, code)
        # Without the code in the address: it is none of anybody's business.
        return redirect(result_address(intent), 303)
    if not intent.used:
        with transaction(services().pool) as connection:
            intents.note_cancelled(connection, intent.intent_id)
        raise Stopped(Stop.CANCELLED, intent)
    return _show("install_done.html", intent, _look(intent))


@install.get("/install/live")
@seen_by(Audience.ANYONE)
def show_live() -> Response:
    """The changing part of that page.

    Raises: Stopped.
    """
    intent = _get_intent(request.args.get("state", ""))
    progress = _look(intent)
    part = _show("_install.html", intent, progress)
    return jsonify({"html": part, "over": progress.is_over})


@install.post("/install/again")
@seen_by(Audience.ANYONE)
def decide_again() -> ResponseReturnValue:
    """What the install was refused for is mended: have it decided once more.

    Raises: Stopped.
    """
    intent = _get_intent(request.form.get("state", ""))
    limits.count_try(limits.CONFIRM, intent.intent_id)
    if _look(intent).can_be_mended:
        _resume(intent)
    return redirect(result_address(intent), 303)


@install.get("/install/installer")
@seen_by(Audience.ANYONE)
def ask_installer() -> ResponseReturnValue:
    """WeCom did not say who installed: the person signs in.

    Raises: Stopped.
    """
    intent = _get_intent(request.args.get("state", ""))
    # Always anew: whoever signed in before may have been somebody else.
    return name_installer(intent.state)


def _show(template: str, intent: Intent, progress: Progress) -> str:
    return render_template(
        template,
        intent=intent,
        progress=progress,
        ending=ending_of(progress.counts),
        tapd_address=services().addresses.tapd,
    )


def _get_intent(state: str) -> Intent:
    """The intent whose state came back, if it came back to its own browser.

    Raises: Stopped.
    """
    with transaction(services().pool) as connection:
        intent = intents.find_by_state(connection, state)
    if intent is None or intent.confirmed_at is None:
        raise Stopped(Stop.STRANGE)
    if intent.browser != digest_of(oauth_state.visitor()):
        raise Stopped(Stop.OTHER_BROWSER, intent)
    return intent


def _hand_over(intent: Intent, code: str) -> None:
    if intent.expired and not intent.used:
        raise Stopped(Stop.EXPIRED, intent)
    if len(code.encode()) > _LONGEST_CODE:
        raise Stopped(Stop.STRANGE, intent)
    with transaction(services().pool) as connection:
        brought = intents.bring_code(
            connection, services().keyring, intent_id=intent.intent_id, code=code
        )
    if not brought:
        raise Stopped(Stop.OTHER_CODE, intent)
    services().ring(intents.mailbox_of(intents.hash_of(code)))


def _resume(intent: Intent) -> None:
    if intent.code_hash is None:
        raise Stopped(Stop.CANCELLED, intent)
    with transaction(services().pool) as connection:
        intents.resume(connection, intent.code_hash)
    services().ring(intents.mailbox_of(intent.code_hash))


def _look(intent: Intent) -> Progress:
    if intent.code_hash is None:
        raise Stopped(Stop.CANCELLED, intent)
    with transaction(services().pool) as connection:
        return view_progress(connection, intent, intent.code_hash)
