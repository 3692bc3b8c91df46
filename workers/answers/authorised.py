"""In auth_mode 1: who authorised the app, and one of them by whatever id they have."""

from dataclasses import dataclass

from domain.events.spelling import differ_by_case
from domain.ids import Userid
from domain.org.org import Member
from wecom.errors import NotPermitted, NotVisible, OddAnswer, Spent, Unavailable
from wecom.wire import MemberAuthPage
from workers.answers.observe import member_from
from workers.answers.people import GET, ask_one
from workers.answers.refusals import odd_if_refused
from workers.calls.corp_api import CorpApi


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorised:
    """In auth_mode 1: who authorised the app; `odd` says why others may have, too."""

    userids: frozenset[Userid]
    odd: str | None


def list_authorised(api: CorpApi) -> Authorised:
    """In auth_mode 1: everybody who authorised the app."""
    userids: set[Userid] = set()
    cursor: str | None = None
    odd: str | None = None
    seen: set[str | None] = set()
    restarted = False
    while cursor not in seen:
        seen.add(cursor)
        try:
            page = _authorised_page(api, cursor)
        except Spent:
            # WeCom 50100: the listing has to begin anew, once.
            if restarted or cursor is None:
                odd = "its pages lead nowhere"
                break
            restarted, cursor = True, None
            seen.clear()
            continue
        userids |= {Userid(each) for each in page.open_userids}
        cursor, odd = page.next_cursor, odd or page.odd
    if cursor is not None and odd is None:
        odd = "a page leads back to itself"
    return Authorised(userids=frozenset(userids), odd=odd)


def ask_authorised(
    api: CorpApi, listed: Userid, *, known: Userid | None
) -> Member | int:
    """Somebody who authorised the app, by the id with which the list names them.

    Corps from before 2021-11-17 have userids of their own beside the open_userids of
    the list, and whether user/get takes those is not confirmed (WeCom 94513, 96516):
    the userid that is `known` to be theirs goes first, and who answers must say that
    they are the one.
    """
    if known is not None and known != listed:
        answer = ask_one(api, known)
        if isinstance(answer, Member):
            said: str | None = answer.open_userid
            if said is None or said == listed:
                return answer
    try:
        with odd_if_refused():
            row = api.member(listed)
    except NotVisible as error:
        if error.errcode is None:
            raise OddAnswer("refused without an errcode", endpoint=GET) from error
        return error.errcode
    names: set[str | None] = {row.userid, row.open_userid}
    if row.odd:
        raise OddAnswer(row.odd, endpoint=GET)
    if listed not in names and not differ_by_case(row.userid, listed):
        raise OddAnswer("answered about another member", endpoint=GET)
    return member_from(row)


def _authorised_page(api: CorpApi, cursor: str | None) -> MemberAuthPage:
    try:
        with odd_if_refused(but=(NotPermitted, Spent)):
            return api.authorised_members(cursor)
    except (NotVisible, NotPermitted) as error:
        # The mode was switched after the scope was read, which is read again then.
        raise Unavailable("members do not authorise by themselves") from error
