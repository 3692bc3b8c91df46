"""Messages: who is reached, what is shown, what is swallowed."""

from typing import Any

import pytest

from tests.unit.simulator.staging import ANN, BOB, CAT, NORTH, SALES, Stage

CARD = {
    "card_type": "button_interaction",
    "task_id": "t-1",
    "main_title": {"title": "$userName=woAnn$ 请批准"},
    "button_list": [{"text": "批准", "key": "approve"}],
}


def send(stage: Stage, **body: Any) -> Any:
    assert stage.corp.agent is not None
    text = {"msgtype": "text", "text": {"content": "你好"}}
    agent_id = stage.corp.agent.agent_id
    return stage.post("message/send", **{**text, "agentid": agent_id, **body})


def shown(stage: Stage, userid: str) -> list[Any]:
    return [message.shown for message in stage.corp.phone(userid)]


def test_bad_recipients_come_back_in_lower_case_and_the_rest_is_reached(
    stage: Stage,
) -> None:
    stage.install(allow_party=[SALES])

    answer = send(stage, touser=f"{ANN}|{BOB}", toparty="99")

    assert answer["errcode"] == 0
    assert answer["invaliduser"] == "wobob"
    assert answer["invalidparty"] == "99"
    assert shown(stage, ANN) == [{"content": "你好"}]


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({"touser": BOB}, 81013),
        ({"touser": ""}, 82001),
        ({"touser": ANN, "agentid": 5}, 40056),
        ({"touser": ANN, "agentid": 1_000_900}, 301002),
        ({"touser": "|".join(["x"] * 1001)}, 40032),
        ({"touser": ANN, "msgtype": "telegram"}, 40008),
        (
            {
                "touser": ANN,
                "msgtype": "textcard",
                "textcard": {"title": "a", "description": "b", "url": "no.scheme"},
            },
            45034,
        ),
        (
            {
                "touser": ANN,
                "msgtype": "template_card",
                "template_card": {**CARD, "task_id": ""},
            },
            40058,
        ),
    ],
)
def test_what_wecom_does_not_send(
    stage: Stage, body: dict[str, Any], errcode: int
) -> None:
    stage.install(allow_party=[SALES])

    assert send(stage, **body)["errcode"] == errcode


def test_names_are_filled_in_for_what_the_app_may_see(stage: Stage) -> None:
    stage.install(allow_party=[SALES])
    content = f"$userName={ANN}$ $departmentName={NORTH}$ $userName={BOB}$"

    send(stage, touser=ANN, text={"content": content}, enable_id_trans=1)
    send(stage, touser=ANN, text={"content": content})

    assert shown(stage, ANN) == [
        {"content": f"名{ANN} 部{NORTH} $userName={BOB}$"},
        {"content": content},
    ]


def test_the_same_request_is_delivered_once(stage: Stage) -> None:
    stage.install()

    first = send(stage, touser=ANN, enable_duplicate_check=1)
    second = send(stage, touser=ANN, enable_duplicate_check=1)

    assert first["msgid"] == second["msgid"]
    assert len(shown(stage, ANN)) == 1


def test_a_duplicate_is_sent_again_after_its_interval(stage: Stage) -> None:
    stage.install()
    body = {"touser": ANN, "enable_duplicate_check": 1, "duplicate_check_interval": 60}

    send(stage, **body)
    stage.world.clock_offset += 61
    send(stage, **body)

    assert len(shown(stage, ANN)) == 2


def test_the_unlicensed_are_named_only_when_addressed_singly(stage: Stage) -> None:
    stage.install(allow_party=[SALES])
    stage.act("set-licence", userid=CAT, licensed=False)

    singly = send(stage, touser=f"{ANN}|{CAT}")
    together = send(stage, toparty=str(NORTH))

    assert singly["unlicenseduser"] == CAT.lower()
    assert "unlicenseduser" not in together
    assert shown(stage, CAT) == []


def test_above_thirty_a_minute_messages_vanish_without_an_error(stage: Stage) -> None:
    stage.install()

    codes = {send(stage, touser=ANN)["errcode"] for _ in range(31)}

    assert codes == {0}
    assert len(shown(stage, ANN)) == 30
    assert stage.corp.discarded == 1


def test_a_click_is_pushed_and_its_code_updates_the_card_once(stage: Stage) -> None:
    stage.install()
    assert stage.corp.agent is not None
    sent = send(stage, touser=ANN, msgtype="template_card", template_card=CARD)
    clicked = stage.client.post(
        f"/control/corps/{stage.corp.corp_id}/members/{ANN}/click",
        json={"message_id": sent["msgid"], "key": "approve"},
    ).get_json()
    update = {
        "agentid": stage.corp.agent.agent_id,
        "userids": [ANN],
        "response_code": clicked["response_code"],
        "button": {"replace_name": "已批准"},
    }

    first = stage.post("message/update_template_card", **update)
    second = stage.post("message/update_template_card", **update)

    assert stage.pushed_names() == ["template_card_event"]
    assert "<EventKey><![CDATA[approve]]></EventKey>" in stage.pushed()[0].xml
    assert (first["errcode"], second["errcode"]) == (0, 60140)
    assert shown(stage, ANN)[0]["replaced"] == "已批准"
