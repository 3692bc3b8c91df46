"""In auth_mode 1: one of those who authorised the app, by whatever id they have."""

from domain.ids import Userid
from domain.org import Member
from domain.spelling import differ_by_case
from wecom.errors import NotVisible, OddAnswer
from workers.answers.observe import member_from
from workers.answers.questions import GET, ask_one
from workers.answers.refusals import odd_if_refused
from workers.calls.corp_api import CorpApi


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
