"""A member's phone as a person sees it: messages, their links, their buttons."""

import re
from dataclasses import replace
from typing import Any

import pytest

from simulator.config import Sync
from simulator.org.phone import lines
from simulator.server import create_app
from simulator.tokens import Paper
from simulator.world import World
from tests.unit.simulator.staging import ANN, BOB, CONFIG, Stage


@pytest.fixture
def installed(stage: Stage) -> Stage:
    stage.install()
    return stage


def page(stage: Stage, path: str = f"/phone/wpCorpA/{ANN}") -> str:
    answer = stage.client.get(path)
    assert answer.status_code == 200
    return answer.text


def send(stage: Stage, msgtype: str, content: object, *userids: str) -> dict[str, Any]:
    agent = stage.corp.agent
    assert agent is not None
    sent: dict[str, Any] = stage.post(
        "message/send",
        touser="|".join(userids or (ANN,)),
        agentid=agent.agent_id,
        msgtype=msgtype,
        **{msgtype: content},
    )
    assert sent["errcode"] == 0
    return sent


CARD = {
    "card_type": "button_interaction",
    "main_title": {"title": "Removals wait", "desc": "Why"},
    "sub_title_text": "31 people",
    "horizontal_content_list": [{"keyname": "Plan", "value": "p1"}],
    "button_list": [
        {"text": "Approve", "key": "yes", "style": 1},
        {"text": "Reject", "key": "no", "style": 3},
        {"text": "Look", "type": 1, "url": "http://app.invalid/plan"},
    ],
    "task_id": "t1",
}


def test_a_text_card_leads_to_its_page_in_the_same_browser(installed: Stage) -> None:
    url = "http://app.invalid/link/token"
    card = {"title": "Link", "description": "One<br>Two", "url": url, "btntxt": "Go"}
    send(installed, "textcard", card)

    shown = page(installed)

    assert f'href="{url}"' in shown
    assert "<p>One\nTwo</p>" in shown
    assert "Go ›" in shown
    cookie = installed.client.get_cookie("member")
    assert cookie is not None
    assert cookie.decoded_value == f"wpCorpA/{ANN}"


def test_a_click_on_a_card_is_pushed_and_the_update_is_shown(
    installed: Stage,
) -> None:
    send(installed, "template_card", CARD)
    message_id = re.findall(r'name="message_id" value="([^"]+)"', page(installed))[0]

    clicked = installed.client.post(
        f"/phone/wpCorpA/{ANN}/click", data={"message_id": message_id, "key": "yes"}
    )
    push = installed.pushed()[-1]
    code = re.search(r"<ResponseCode><!\[CDATA\[([^]]+)]]>", push.xml)
    assert code is not None
    agent = installed.corp.agent
    assert agent is not None
    installed.post(
        "message/update_template_card",
        userids=[ANN],
        agentid=agent.agent_id,
        response_code=code[1],
        button={"replace_name": "Approved by Ann"},
    )

    assert clicked.status_code == 302
    assert push.name == "template_card_event"
    shown = page(installed, f"/phone/wpCorpA/{ANN}/messages")
    assert "Approved by Ann" in shown
    assert "<button disabled>Approve</button>" in shown
    assert 'href="http://app.invalid/plan"' in shown


def test_phones_that_rang_are_listed_newest_first(installed: Stage) -> None:
    send(installed, "text", {"content": "first"}, ANN)
    installed.world.clock_offset += 5
    send(installed, "text", {"content": "second"}, BOB)

    shown = page(installed, "/admin/wpCorpA/phones")

    assert shown.index(f"/phone/wpCorpA/{BOB}") < shown.index(f"/phone/wpCorpA/{ANN}")


def test_a_recalled_message_is_struck_out(installed: Stage) -> None:
    sent = send(installed, "text", {"content": "oops"})
    installed.post("message/recall", msgid=sent["msgid"])

    assert "bubble gone" in page(installed)


def test_the_app_opens_from_the_workbench_where_its_home_is_known(
    installed: Stage,
) -> None:
    here = installed.client.post(f"/phone/wpCorpA/{ANN}/enter")
    sync = Sync(url="http://sync.invalid", token="t")
    world = World(replace(CONFIG, sync=sync))
    world.corps["wpCorpA"] = installed.corp
    away = create_app(world).test_client().post(f"/phone/wpCorpA/{ANN}/enter")

    assert here.headers["Location"] == f"/phone/wpCorpA/{ANN}"
    assert away.headers["Location"] == "http://sync.invalid/enter"


def test_a_click_on_a_message_that_is_not_there_is_refused(installed: Stage) -> None:
    answer = installed.client.post(
        f"/phone/wpCorpA/{ANN}/click", data={"message_id": "x", "key": "yes"}
    )

    assert answer.status_code == 409


def test_an_admin_who_does_not_install_comes_back_without_a_code(
    stage: Stage,
) -> None:
    code = stage.world.papers.issue(Paper.PRE_AUTH_CODE, owner="wwsuiteA").value
    query = {
        "suite_id": "wwsuiteA",
        "pre_auth_code": code,
        "redirect_uri": "http://app.invalid/install/done",
        "state": "abc",
    }

    answer = stage.client.post(
        "/3rdapp/install", query_string=query, data={"refuse": "1"}
    )

    assert answer.headers["Location"] == "http://app.invalid/install/done?state=abc"
    assert stage.corp.agent is None


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("a<br/>b", "a\nb"),
        ('<div class="gray">a</div><div class="normal">b</div>', "a\nb"),
        ("1 &lt; 2", "1 < 2"),
        (None, ""),
    ],
)
def test_a_description_is_shown_line_by_line(told: str | None, shown: str) -> None:
    assert lines(told) == shown
