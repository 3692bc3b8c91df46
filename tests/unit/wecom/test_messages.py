"""A message has WeCom's form and keeps its limits, or is not built."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from wecom.messages import (
    Button,
    CardLine,
    CardUpdate,
    Jump,
    Message,
    addressed,
    button_card,
    clip,
    department_name,
    inert,
    text,
    text_card,
    text_notice,
    user_name,
    with_new_card,
    with_pressed_button,
)

URL = "https://sync.example/link/1"
APPROVE = Button(text="批准", key="approve")


def card(**changes: object) -> Message:
    settings: dict[str, object] = {
        "task_id": "plan-1",
        "title": "t",
        "buttons": [APPROVE],
    }
    return button_card(**(settings | changes))  # type: ignore[arg-type] # Some of them wrong on purpose.


def notice(**changes: object) -> Message:
    return text_notice(**({"title": "t", "url": URL} | changes))  # type: ignore[arg-type] # Some of them wrong on purpose.


def test_a_text_is_addressed_to_members_once_in_four_hours() -> None:
    body = addressed(text("hello"), agent_id=1000002, userids=["woU1", "woU2"])

    assert body == {
        "touser": "woU1|woU2",
        "msgtype": "text",
        "agentid": 1000002,
        "text": {"content": "hello"},
        "enable_id_trans": 1,
        "enable_duplicate_check": 1,
        "duplicate_check_interval": 14400,
    }


def test_a_text_card_opens_a_page() -> None:
    message = text_card(title="t", description="d", url=URL, button="关联")

    assert message == Message(
        msgtype="textcard",
        content={"title": "t", "description": "d", "url": URL, "btntxt": "关联"},
    )


def test_a_notice_carries_lines_and_links() -> None:
    message = notice(
        description="d",
        body="b",
        source="TAPD",
        lines=[
            CardLine(label="处理人", value="$userName=woU1$"),
            CardLine(label="l", value="v", url=URL),
        ],
        jumps=[Jump(title="open", url=URL)],
    )

    assert message.content == {
        "card_type": "text_notice",
        "main_title": {"title": "t", "desc": "d"},
        "sub_title_text": "b",
        "source": {"desc": "TAPD"},
        "horizontal_content_list": [
            {"keyname": "处理人", "value": "$userName=woU1$"},
            {"keyname": "l", "value": "v", "type": 1, "url": URL},
        ],
        "card_action": {"type": 1, "url": URL},
        "jump_list": [{"type": 1, "title": "open", "url": URL}],
    }


def test_a_card_to_answer_carries_task_and_buttons() -> None:
    message = card(url=URL)

    assert message.content == {
        "card_type": "button_interaction",
        "main_title": {"title": "t"},
        "task_id": "plan-1",
        "button_list": [{"text": "批准", "style": 1, "key": "approve"}],
        "card_action": {"type": 1, "url": URL},
    }


def test_the_largest_text_is_built_whole() -> None:
    longest = "中" * 682 + "ab"

    assert text(longest).content == {"content": longest}


def test_the_largest_text_card_is_built_whole() -> None:
    title, description = "中" * 128, "中" * 512

    message = text_card(
        title=title, description=description, url=URL, button="查看详情"
    )

    assert message.content == {
        "title": title,
        "description": description,
        "url": URL,
        "btntxt": "查看详情",
    }


def test_the_largest_notice_is_built_whole() -> None:
    url, label, value = "https://a/" + "x" * 2038, "中" * 5, "中" * 30

    message = notice(
        title="中" * 36,
        description="中" * 44,
        body="中" * 160,
        source="中" * 20,
        lines=[CardLine(label=label, value=value)] * 6,
        jumps=[Jump(title="中" * 18, url=URL)] * 3,
        url=url,
    )

    assert message.content == {
        "card_type": "text_notice",
        "main_title": {"title": "中" * 36, "desc": "中" * 44},
        "sub_title_text": "中" * 160,
        "source": {"desc": "中" * 20},
        "horizontal_content_list": [{"keyname": label, "value": value}] * 6,
        "jump_list": [{"type": 1, "title": "中" * 18, "url": URL}] * 3,
        "card_action": {"type": 1, "url": url},
    }


def test_the_largest_card_is_built_whole() -> None:
    message = card(
        task_id="a" * 128, buttons=[Button(text="中" * 10, key="k" * 1024)] * 6
    )

    assert message.content["task_id"] == "a" * 128
    assert (
        message.content["button_list"]
        == [{"text": "中" * 10, "style": 1, "key": "k" * 1024}] * 6
    )


@pytest.mark.parametrize(
    "build",
    [
        lambda: text(""),
        lambda: text("中" * 683),
        lambda: text_card(title="中" * 129, description="d", url=URL),
        lambda: text_card(title="t", description="中" * 513, url=URL),
        lambda: text_card(title="t", description="d", url="sync.example/link"),
        lambda: text_card(title="t", description="d", url="https://a/" + "x" * 2039),
        lambda: text_card(title="t", description="d", url=URL, button="五个汉字长"),
        lambda: notice(title=""),
        lambda: notice(title="中" * 37),
        lambda: notice(description="中" * 45),
        lambda: notice(body="中" * 161),
        lambda: notice(source="中" * 21),
        lambda: notice(lines=[CardLine(label="六个汉字长度", value="v")]),
        lambda: notice(lines=[CardLine(label="l", value="中" * 31)]),
        lambda: notice(lines=[CardLine(label="l", value="v")] * 7),
        lambda: notice(jumps=[Jump(title="t", url=URL)] * 4),
        lambda: notice(jumps=[Jump(title="中" * 19, url=URL)]),
        lambda: card(task_id=""),
        lambda: card(task_id="a" * 129),
        lambda: card(task_id="plan:1"),
        lambda: card(buttons=[]),
        lambda: card(buttons=[APPROVE] * 7),
        lambda: card(buttons=[Button(text="中" * 11, key="k")]),
        lambda: card(buttons=[Button(text="t", key="")]),
        lambda: card(buttons=[Button(text="t", key="k" * 1025)]),
        lambda: card(buttons=[Button(text="t", key="k", style=5)]),
    ],
)
def test_a_message_beyond_a_limit_is_not_built(build: Callable[[], Message]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        build()


@pytest.mark.parametrize(
    "userids",
    [
        pytest.param([], id="nobody"),
        pytest.param([f"u{number}" for number in range(1001)], id="too many"),
        pytest.param(["woU1", "wou1"], id="equal in lower case"),
        pytest.param(["woU1|woU2"], id="two in one"),
        pytest.param(["@all"], id="everybody"),
        pytest.param([""], id="empty"),
    ],
)
def test_a_message_is_not_addressed_to_whom_it_must_not_go(userids: list[str]) -> None:
    with pytest.raises(ValueError, match="recipient"):
        addressed(text("t"), agent_id=1, userids=userids)


def test_a_name_that_wecom_fills_in_counts_as_a_name() -> None:
    userid = "wo" + "A" * 62

    message = notice(title=f"{user_name(userid)} 加入了 {department_name(7)}")

    assert message.content["main_title"] == {
        "title": f"$userName={userid}$ 加入了 $departmentName=7$"
    }


@pytest.mark.parametrize("userid", ["", "a b", "a$b"])
def test_what_cannot_be_an_id_gets_no_name(userid: str) -> None:
    with pytest.raises(ValueError, match="id"):
        user_name(userid)


def test_somebody_elses_text_becomes_neither_link_nor_name() -> None:
    quoted = inert('<a href="x">$userName=woU1$</a> costs $5')

    assert quoted == '＜a href="x"＞＄userName=woU1＄＜/a＞ costs $5'


def test_a_clipped_text_says_that_it_goes_on() -> None:
    assert clip("abcdef", 6) == "abcdef"
    assert clip("abcdefg", 6) == "abcde…"


def test_a_pressed_button_greys_the_card() -> None:
    update = CardUpdate(agent_id=1, userids=["woU1"], response_code="hush")

    body = with_pressed_button(update, label="已批准")

    assert body == {
        "userids": ["woU1"],
        "agentid": 1,
        "response_code": "hush",
        "button": {"replace_name": "已批准"},
    }
    assert "hush" not in repr(update)


def test_a_card_is_put_in_the_place_of_another() -> None:
    update = CardUpdate(agent_id=1, userids=["woU1"], response_code="rc")

    body = with_new_card(update, notice())

    assert body["template_card"] == notice().content
    assert body["enable_id_trans"] == 1


def test_a_text_cannot_take_a_cards_place() -> None:
    update = CardUpdate(agent_id=1, userids=["woU1"], response_code="rc")

    with pytest.raises(ValueError, match="template card"):
        with_new_card(update, text("t"))
