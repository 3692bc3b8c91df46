"""Back from TAPD's sign-in: the account is proved, and a worker links it."""

import logging

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from domain.ids import AccountId
from domain.links.claims import ClaimKind
from store.database import transaction
from store.installs.visitors import Visitor
from store.links import accounts
from store.links.views import view_link
from tapd.errors import Denied, Refused, TapdError
from tapd.oauth import ProvenAccount
from web.access import Audience, seen_by
from web.account.blueprint import account
from web.account.claiming import PURPOSE, claim, tapd_return
from web.account.items import open_items
from web.http.paths import local_path
from web.services import services
from web.sessions import oauth_state
from web.sessions.oauth_state import Journey, ReturnPath
from web.sessions.session import get_member

log = logging.getLogger(__name__)


@account.get("/tapd/done")
@seen_by(Audience.MEMBER)
def tapd_done() -> ResponseReturnValue:
    """Back from TAPD: the account proved, or why not."""
    member = get_member()
    journey = oauth_state.arrive(purpose=PURPOSE)
    if not _is_of(journey, member):
        return _failed(journey, "strange", 400)
    match journey.returned:
        case ReturnPath.FIRST:
            return _prove(journey, member)
        case ReturnPath.AGAIN:
            return redirect(_back(journey), 303)
        case _:
            return _failed(journey, "late", 400)


def _is_of(journey: Journey, member: Visitor) -> bool:
    # Whoever signs in to WeCom as somebody else meanwhile proves nothing for them.
    keys = (journey.cargo.get("corp_pk"), journey.cargo.get("member_pk"))
    return keys == (member.corp_pk, member.member_pk)


def _prove(journey: Journey, member: Visitor) -> ResponseReturnValue:
    code, tapd = request.args.get("code"), services().tapd
    if not code or tapd is None:
        return _failed(journey, "cancelled", 400)
    try:
        proven = tapd.prove(code, redirect_uri=tapd_return())
    except TapdError as error:
        if oauth_state.was_used_meanwhile(journey):
            return redirect(_back(journey), 303)
        log.warning("account not proved", extra={"error": str(error)})
        return _failed(journey, *_why(error))
    if journey.cargo.get("items"):
        return _keep_token(journey, member, proven)
    if _keep(journey, proven):
        claim(member, ClaimKind.PROVED, AccountId(proven.account_id))
    return redirect(_back(journey), 303)


def _keep_token(
    journey: Journey, member: Visitor, proven: ProvenAccount
) -> ResponseReturnValue:
    """What is open for the member may be read, if it is their account's."""
    with transaction(services().pool) as connection:
        is_first = oauth_state.use(connection, journey)
        link = view_link(connection, member.corp_pk, member.member_pk)
    if link.account is None or link.account.account_id != proven.account_id:
        return _failed(journey, "another", 403)
    if is_first:
        open_items.keep_token(proven.token, seconds=proven.token_seconds)
    return redirect(_back(journey), 303)


def _why(error: TapdError) -> tuple[str, int]:
    if isinstance(error, Refused):
        return "refused", 400
    return ("ours", 502) if isinstance(error, Denied) else ("away", 503)


def _keep(journey: Journey, proven: ProvenAccount) -> bool:
    """Whether this return is the one that counts; its account is known then."""
    with transaction(services().pool) as connection:
        if not oauth_state.use(connection, journey):
            return False
        accounts.introduce(
            connection,
            AccountId(proven.account_id),
            nick=proven.nick,
            name=proven.name,
        )
    return True


def _back(journey: Journey) -> str:
    return local_path(journey.cargo.get("back")) or url_for("account.show_me")


def _failed(journey: Journey, why: str, status: int) -> ResponseReturnValue:
    back = _back(journey)
    return render_template(
        "tapd_failed.html", why=why, back=back, language_next=back
    ), status
