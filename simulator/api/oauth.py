"""service/auth/*: who is looking at the page (wecom.md 3.9)."""

from typing import Any

from simulator.api.calls import Call, Endpoint, Needs, Refusal, text
from simulator.tokens import Issued, Paper


def getuserinfo3rd(call: Call) -> dict[str, Any]:
    """Source: WeCom 91121."""
    code = _code(call, text(call.query, "code", missing=40029))
    code.used = True
    corp = call.world.corps.get(code.payload["corp_id"])
    member = corp.now.members.get(code.payload["userid"]) if corp else None
    if corp is None or member is None:
        return {"openid": code.payload["userid"]}
    answer: dict[str, Any] = {
        "corpid": corp.corp_id,
        "userid": member.userid,
        "open_userid": member.open_userid,
    }
    if code.payload["private"] and corp.now.is_usable(member):
        ticket = call.world.papers.issue(
            Paper.USER_TICKET,
            owner=call.suite_id,
            corp_id=corp.corp_id,
            userid=member.userid,
        )
        answer["user_ticket"] = ticket.value
        answer["expires_in"] = call.world.papers.seconds_left(ticket)
    return answer


def getuserdetail3rd(call: Call) -> dict[str, Any]:
    """Source: WeCom 91122."""
    papers = call.world.papers
    ticket = papers.find(Paper.USER_TICKET, text(call.body, "user_ticket"))
    if ticket is None or ticket.owner != call.suite_id:
        raise Refusal(84015)
    if papers.is_expired(ticket):
        raise Refusal(84014)
    userid = ticket.payload["userid"]
    return {
        "corpid": ticket.payload["corp_id"],
        "userid": userid,
        "name": userid,
        "gender": "0",
        "avatar": "",
        "qr_code": "",
    }


def _code(call: Call, value: str) -> Issued:
    papers = call.world.papers
    code = papers.find(Paper.OAUTH_CODE, value)
    if code is None or code.owner != call.suite_id:
        raise Refusal(40029)
    if code.used:
        raise Refusal(42022)
    if papers.is_expired(code):
        raise Refusal(42003)
    return code


ENDPOINTS = {
    "service/auth/getuserinfo3rd": Endpoint(
        method="GET", needs=Needs.SUITE, handler=getuserinfo3rd
    ),
    "service/auth/getuserdetail3rd": Endpoint(
        method="POST", needs=Needs.SUITE, handler=getuserdetail3rd
    ),
}
