"""service/get_*_token: what every other call needs first (wecom.md 3.1)."""

from typing import Any

from simulator.api.calls import Call, Endpoint, Needs, Refusal, text
from simulator.config import SuiteKey
from simulator.tokens import Issued, Paper


def get_provider_token(call: Call) -> dict[str, Any]:
    """Source: WeCom 91200."""
    config = call.world.config
    if text(call.body, "corpid", missing=40013) != config.provider_corp_id:
        raise Refusal(40013)
    if text(call.body, "provider_secret") != config.provider_secret:
        raise Refusal(40001)
    token = call.world.papers.current(Paper.PROVIDER_TOKEN, owner="provider")
    return _handed_out(call, "provider_access_token", token)


def get_suite_token(call: Call) -> dict[str, Any]:
    """Source: WeCom 90600."""
    suite = _suite(call, text(call.body, "suite_id", missing=40083))
    if text(call.body, "suite_secret", missing=40080) != suite.secret:
        raise Refusal(40080)
    papers = call.world.papers
    value = text(call.body, "suite_ticket", missing=41023)
    ticket = papers.find(Paper.SUITE_TICKET, value)
    if ticket is None or ticket.owner != suite.suite_id or papers.is_expired(ticket):
        raise Refusal(40085)
    token = papers.current(Paper.SUITE_TOKEN, owner=suite.suite_id)
    return _handed_out(call, "suite_access_token", token)


def get_corp_token(call: Call) -> dict[str, Any]:
    """Source: WeCom 90605."""
    corp = call.world.corps.get(text(call.body, "auth_corpid", missing=40013))
    if corp is None:
        raise Refusal(40013)
    code = text(call.body, "permanent_code", missing=41025)
    main = call.world.config.suite.suite_id
    agent = corp.agent if call.suite_id == main else None
    if agent is None or agent.permanent_code != code:
        raise Refusal(40084)
    token = call.world.papers.current(Paper.CORP_TOKEN, owner=corp.corp_id)
    return _handed_out(call, "access_token", token)


def _suite(call: Call, suite_id: str) -> SuiteKey:
    for suite in call.world.config.suites:
        if suite.suite_id == suite_id:
            return suite
    raise Refusal(40083)


def _handed_out(call: Call, name: str, token: Issued) -> dict[str, Any]:
    return {name: token.value, "expires_in": call.world.papers.seconds_left(token)}


ENDPOINTS = {
    "service/get_provider_token": Endpoint(
        method="POST", needs=Needs.NOTHING, handler=get_provider_token, bare=True
    ),
    "service/get_suite_token": Endpoint(
        method="POST", needs=Needs.NOTHING, handler=get_suite_token, bare=True
    ),
    "service/get_corp_token": Endpoint(
        method="POST", needs=Needs.SUITE, handler=get_corp_token, bare=True
    ),
}
