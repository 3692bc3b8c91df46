"""Asks about people: one of them, or everybody whom a department's list shows."""

from collections.abc import Iterable

from domain.events.spelling import differ_by_case
from domain.ids import DepartmentId, Userid
from domain.org.org import Member
from wecom.errors import NotPermitted, NotVisible, OddAnswer, TooLarge
from wecom.wire import MemberRow
from workers.answers.listed import ListedAsKnown, ListedMembers
from workers.answers.observe import member_from
from workers.answers.refusals import odd_if_refused
from workers.calls.corp_api import CorpApi

# The endpoints, each of which is asked for many at once.
LIST, GET = "user/list", "user/get"


def ask_one(api: CorpApi, userid: Userid) -> Member | int:
    """One person, or the errcode with which WeCom refuses to show them.

    Shape: where WeCom ignores case the person is spelt in its way.
    Raises: OddAnswer when what came says nothing about this person.
    """
    try:
        with odd_if_refused():
            row = api.member(userid)
    except NotVisible as error:
        if error.errcode is None:
            raise OddAnswer("refused without an errcode", endpoint=GET) from error
        return error.errcode
    if row.odd:
        raise OddAnswer(row.odd, endpoint=GET)
    if row.userid != userid and not differ_by_case(row.userid, userid):
        # An answer about somebody else is no answer about this person.
        raise OddAnswer("answered about another member", endpoint=GET)
    return member_from(row)


def list_one(api: CorpApi, department_id: DepartmentId) -> ListedMembers | None:
    """Everybody directly in a department; None when WeCom refuses to list it."""
    with odd_if_refused():
        try:
            rows = api.members_of(department_id)
        except (NotVisible, NotPermitted):
            return None
        except (TooLarge, OddAnswer):
            return _list_singly(api, department_id)
    return _listed(rows)


def list_unless(
    api: CorpApi, department_id: DepartmentId, known: bytes | None
) -> ListedMembers | ListedAsKnown | None:
    """The same, unless the answer is the one of this digest."""
    with odd_if_refused():
        try:
            listed = api.members_unless(department_id, known)
        except (NotVisible, NotPermitted):
            return None
        except (TooLarge, OddAnswer):
            return _list_singly(api, department_id)
    if listed.rows is None:
        return ListedAsKnown(digest=listed.digest)
    return _listed(listed.rows, digest=listed.digest)


def _listed(rows: Iterable[MemberRow], *, digest: bytes | None = None) -> ListedMembers:
    odd = {Userid(each.userid): each.odd for each in rows if each.odd}
    return ListedMembers(
        members=tuple(member_from(each) for each in rows if not each.odd),
        odd={who: why for who, why in odd.items() if who},
        complete="" not in odd,
        digest=digest,
    )


def _list_singly(api: CorpApi, department_id: DepartmentId) -> ListedMembers | None:
    """A department too large, or too odd, for one answer: person by person.

    Shape: None when somebody on the list is refused, so that it proves no absence.
    """
    named = api.userids_of(department_id)
    shown: list[Member] = []
    odd: dict[Userid, str] = {}
    for userid in (Userid(each) for each in named if each):
        try:
            answer = ask_one(api, userid)
        except OddAnswer as error:
            odd[userid] = error.reason
            continue
        if isinstance(answer, int):
            return None
        shown.append(answer)
    return ListedMembers(members=tuple(shown), odd=odd, complete="" not in named)
