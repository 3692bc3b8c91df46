"""Who is signed in by WeCom: remembered in a signed cookie, looked up each time."""

import time
from dataclasses import dataclass
from typing import Any

from flask import g, session
from werkzeug.wrappers import Response

from domain.ids import CorpPk, MemberPk
from store.database import transaction
from store.installs.visitors import Visitor, find_visitor
from web.account.sign_in import sign_in
from web.account.standing import Refused, refusal_of
from web.services import services

SESSION_SECONDS = 12 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class WeComIdentity:
    """Who somebody is to WeCom, whether or not they are a member here."""

    corp_id: str
    userid: str | None
    open_userid: str | None


def remember_identity(identity: WeComIdentity) -> None:
    """Keep who WeCom says this browser's person is, until the session ends."""
    session.permanent = True
    session["wecom"] = {
        "corp_id": identity.corp_id,
        "userid": identity.userid,
        "open_userid": identity.open_userid,
        "at": int(time.time()),
    }


def remember_member(member: Visitor) -> None:
    """Sign a member in, until the session ends."""
    session.permanent = True
    session["member"] = {
        "corp_pk": member.corp_pk,
        "member_pk": member.member_pk,
        "at": int(time.time()),
    }
    g.pop("member", None)


def forget() -> None:
    """Sign out whoever is signed in by WeCom, and nobody else of this browser."""
    for name in ("member", "wecom", "company_admin"):
        session.pop(name, None)
    g.pop("member", None)


def current_identity() -> WeComIdentity | None:
    """Whom WeCom named when this browser signed in last; it may be no member."""
    kept = _kept("wecom")
    if kept is None:
        return None
    return WeComIdentity(
        corp_id=kept["corp_id"],
        userid=kept["userid"],
        open_userid=kept["open_userid"],
    )


def current_member() -> Visitor | None:
    """The member who is signed in, as they stand at this moment.

    Raises: Refused when they may not come in any more; the session is over then.
    """
    if "member" not in g:
        g.member = _look_up()
    member: Visitor | None = g.member
    return member


def get_member() -> Visitor:
    """The member who is signed in, on a route that is seen by members alone.

    Raises: LookupError, Refused.
    """
    member = current_member()
    if member is None:
        raise LookupError("the route is not for members alone")
    return member


def require_member(next_path: str | None) -> Response | None:
    """A detour through WeCom's sign-in, or None when a member is signed in.

    Raises: Refused.
    """
    if current_member() is not None:
        return None
    return sign_in(next_path, whoever=False)


def _look_up() -> Visitor | None:
    kept = _kept("member")
    if kept is None:
        return None
    with transaction(services().pool) as connection:
        member = find_visitor(
            connection, CorpPk(kept["corp_pk"]), MemberPk(kept["member_pk"])
        )
    if member is None:
        # Merged into an older record of the same person: WeCom names them again.
        forget()
        return None
    refusal = refusal_of(member)
    if refusal is not None:
        forget()
        raise Refused(refusal)
    return member


def _kept(name: str) -> dict[str, Any] | None:
    kept = session.get(name)
    if not isinstance(kept, dict):
        return None
    age = time.time() - kept.get("at", 0)
    return kept if age + 60 >= 0 and age < SESSION_SECONDS else None
