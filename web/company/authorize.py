"""Who may come into a company's pages: its WeCom admins, and operators."""

import logging
from dataclasses import dataclass
from enum import StrEnum

from flask import g, request
from werkzeug.wrappers import Response

from domain.ids import Userid
from domain.org.scope import AuthMode
from store.database import transaction
from store.installs.visitors import Visitor
from store.links.link_claims import by_admin, by_operator
from store.org import corps
from store.org.companies import Company, find_company
from store.org.corps import Corp
from web.http.problems import Problem
from web.services import services
from web.sessions.operators import is_operator, operator_name
from web.sessions.session import (
    current_member,
    is_known_admin,
    note_admin,
    require_member,
)
from web.sessions.standing import Refused
from wecom.errors import Paused, Revoked, WeComError

log = logging.getLogger(__name__)

# For so long an answer of WeCom's about who is an admin counts.
ADMIN_SECONDS = 300


class Closed(StrEnum):
    """Why somebody may not see a company's pages; each has a title and a next step."""

    NOT_ADMIN = "not_admin"
    NO_ADMINS = "no_admins"
    OTHER_CORP = "other_corp"
    DISABLED = "disabled"
    AWAY = "away"


class NotLetIn(Exception):
    """Somebody is signed in, and these pages are not theirs to see."""

    def __init__(self, why: Closed) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The company whose pages are shown, and who looks at them.

    Shape: `said_by` is how what they do is signed; `userid` None for operators.
    """

    corp: Corp
    company: Company
    said_by: str
    userid: Userid | None
    member_pk: int | None

    @property
    def is_operator(self) -> bool:
        """Whether an operator looks, and not an admin of the company's."""
        return self.userid is None


def host() -> Host:
    """The company of this request, on a route that is seen by COMPANY.

    Raises: LookupError.
    """
    found = g.get("company_host")
    if not isinstance(found, Host):
        raise LookupError("the route is not one of a company's")
    return found


def require_company(next_path: str | None) -> Response | None:
    """A detour through WeCom's sign-in, or None when the page may be seen.

    Raises: NotLetIn, Refused, Problem 404.
    """
    corp_id = str((request.view_args or {})["corp_id"])
    operator = is_operator()
    member = _signed_in(operator=operator)
    if member is None and not operator:
        return require_member(next_path)
    with transaction(services().pool) as connection:
        corp = corps.find_live(connection, corp_id)
        company = find_company(connection, corp.company_id or "") if corp else None
    why = None if member is None else _closed_to(member, corp_id, corp)
    if member is not None and why is None and corp and company:
        g.company_host = Host(
            corp=corp,
            company=company,
            said_by=by_admin(member.userid),
            userid=member.userid,
            member_pk=member.member_pk,
        )
    elif not operator:
        raise NotLetIn(why or Closed.OTHER_CORP)
    else:
        g.company_host = _host_of_operator(corp_id, corp, company)
    return None


def _signed_in(*, operator: bool) -> Visitor | None:
    try:
        return current_member()
    except Refused:
        # An operator may once have signed in as somebody who has left since.
        if operator:
            return None
        raise


def _host_of_operator(corp_id: str, corp: Corp | None, company: Company | None) -> Host:
    if corp is None or company is None:
        raise Problem(404, f"corp {corp_id}: linked to no company.")
    return Host(
        corp=corp,
        company=company,
        said_by=by_operator(operator_name()),
        userid=None,
        member_pk=None,
    )


def _closed_to(member: Visitor, corp_id: str, corp: Corp | None) -> Closed | None:
    """Why the pages of this corp are closed to a member; None when they are not."""
    if corp is None or member.corp_id != corp_id:
        return Closed.OTHER_CORP
    if is_known_admin():
        return None
    try:
        admins = services().corp_api(corp).admins()
    except (Paused, Revoked):
        return Closed.DISABLED
    except WeComError as error:
        log.warning("admins not told", extra={"error": str(error)})
        return Closed.AWAY
    if any(each.manages and each.userid == member.userid for each in admins):
        note_admin(seconds=ADMIN_SECONDS)
        return None
    # Where members authorise one by one, WeCom names no admin at all.
    by_members = corp.scope.auth_mode == AuthMode.MEMBER
    return Closed.NO_ADMINS if by_members else Closed.NOT_ADMIN
