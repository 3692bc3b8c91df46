"""The wire form of what we send to members, within WeCom's limits.

Whatever breaks a limit is a ValueError: WeCom would cut it, or refuse it for everybody.
Source: WeCom 90372, 94945.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

RECIPIENTS = 1000
TEXT_BYTES = 2048
URL_BYTES = 2048
KEY_BYTES = 1024
# The longest that WeCom remembers a message for; it compares the whole request.
DUPLICATE_SECONDS = 4 * 3600
TASK_ID = re.compile(r"[0-9A-Za-z_@-]{1,128}")
URL = re.compile(r"https?://\S+")
NAME_OF = re.compile(
    r"\$(userName|userAlias|userAliasOrName|departmentName)=([^$\s]+)\$"
)
# WeCom shows a name instead; whether it counts before or after is not documented.
SHOWN_NAME = "□□□□"

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message without recipients: its msgtype and what that type carries."""

    msgtype: str
    content: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLine:
    """A labelled line of a card; with a url its value is a link."""

    label: str
    value: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """A link below a card."""

    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button of a card; its key comes back when it is pressed.

    `style` is 1 filled, 2 outlined, 3 outlined red, 4 outlined grey.
    """

    text: str
    key: str
    style: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """What a card's corner offers: up to three acts, each with a key of ours.

    Shape: `task_id` is ours and unique in the app; only `text` and `key` of the buttons
        count.
    """

    task_id: str
    about: str
    actions: Sequence[Button]


def user_name(userid: str) -> str:
    """Text that WeCom shows as this member's name."""
    return _name_of("userName", userid)


def department_name(department_id: int) -> str:
    """Text that WeCom shows as this department's name."""
    return _name_of("departmentName", str(department_id))


def inert(text: str) -> str:
    """Somebody else's text, unable to become a link, a style or a name of WeCom's."""
    flat = text.translate({ord("<"): "＜", ord(">"): "＞"})
    return NAME_OF.sub(r"＄\1=\2＄", flat)


def clip(text: str, chars: int) -> str:
    """The text, or its beginning and an ellipsis, in at most so many characters."""
    return text if len(text) <= chars else text[: chars - 1] + "…"


def text(content: str) -> Message:
    """A plain message; `\\n` and `<a href>` work in it."""
    if not 0 < len(content.encode()) <= TEXT_BYTES:
        raise ValueError(f"a text has 1 to {TEXT_BYTES} bytes")
    return Message(msgtype="text", content={"content": content})


def text_card(*, title: str, description: str, url: str, button: str = "") -> Message:
    """A card that opens a page."""
    content = {
        "title": _short(title, 128, "title"),
        "description": _short(description, 512, "description"),
        "url": _url(url),
    }
    if button:
        content["btntxt"] = _short(button, 4, "btntxt")
    return Message(msgtype="textcard", content=content)


def text_notice(
    *,
    title: str,
    url: str,
    description: str = "",
    body: str = "",
    source: str = "",
    lines: Sequence[CardLine] = (),
    jumps: Sequence[Jump] = (),
    menu: Menu | None = None,
) -> Message:
    """A template card to read; a tap on it opens the page."""
    card = _card("text_notice", title=title, description=description, body=body)
    card |= {} if menu is None else _menu(menu)
    card |= _source(source) | _lines(lines)
    card["card_action"] = {"type": 1, "url": _url(url)}
    if jumps:
        card["jump_list"] = [
            {"type": 1, "title": _short(jump.title, 18, "jump"), "url": _url(jump.url)}
            for jump in _at_most(3, jumps, "jumps")
        ]
    return Message(msgtype="template_card", content=card)


def button_card(
    *,
    task_id: str,
    title: str,
    buttons: Sequence[Button],
    description: str = "",
    body: str = "",
    source: str = "",
    lines: Sequence[CardLine] = (),
    url: str | None = None,
) -> Message:
    """A template card to answer; the task_id is ours and unique in the app."""
    _check_task(task_id)
    if not buttons:
        raise ValueError("a card to answer has buttons")
    card = _card("button_interaction", title=title, description=description, body=body)
    card |= _source(source) | _lines(lines)
    card["task_id"] = task_id
    card["button_list"] = [
        _button(button) for button in _at_most(6, buttons, "buttons")
    ]
    if url is not None:
        card["card_action"] = {"type": 1, "url": _url(url)}
    return Message(msgtype="template_card", content=card)


def addressed(
    message: Message, *, agent_id: int, userids: Sequence[str]
) -> dict[str, object]:
    """The body of message/send: to these members, once within four hours."""
    return {
        "touser": "|".join(_recipients(userids)),
        "msgtype": message.msgtype,
        "agentid": agent_id,
        message.msgtype: message.content,
        "enable_id_trans": 1,
        "enable_duplicate_check": 1,
        "duplicate_check_interval": DUPLICATE_SECONDS,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class CardUpdate:
    """Which sent card to change, and for whom."""

    agent_id: int
    userids: Sequence[str]
    response_code: str = field(repr=False)


def with_pressed_button(update: CardUpdate, *, label: str) -> dict[str, object]:
    """The body that greys a card's buttons and labels them so."""
    return _updated(update) | {"button": {"replace_name": _short(label, 10, "label")}}


def with_new_card(update: CardUpdate, card: Message) -> dict[str, object]:
    """The body that puts another template card in the place of a sent one."""
    if card.msgtype != "template_card":
        raise ValueError("only a template card can take a card's place")
    return _updated(update) | {"enable_id_trans": 1, "template_card": card.content}


def _name_of(kind: str, value: str) -> str:
    marker = f"${kind}={value}$"
    if not NAME_OF.fullmatch(marker):
        raise ValueError("an id has neither blanks nor dollars")
    return marker


def _updated(update: CardUpdate) -> dict[str, object]:
    return {
        "userids": list(_recipients(update.userids)),
        "agentid": update.agent_id,
        "response_code": update.response_code,
    }


def _recipients(userids: Sequence[str]) -> Sequence[str]:
    if not 1 <= len(userids) <= RECIPIENTS:
        raise ValueError(f"a message has 1 to {RECIPIENTS} recipients")
    if len({userid.lower() for userid in userids}) < len(userids):
        # The answer lower-cases the ids it could not reach, so they would be one.
        raise ValueError("two recipients differ by case alone")
    if any(not userid or "|" in userid or userid == "@all" for userid in userids):
        raise ValueError("a recipient is not a userid")
    return userids


def _card(
    card_type: str, *, title: str, description: str, body: str
) -> dict[str, object]:
    heading = {"title": _short(title, 36, "title")}
    if description:
        heading["desc"] = _short(description, 44, "desc")
    card: dict[str, object] = {"card_type": card_type, "main_title": heading}
    if body:
        card["sub_title_text"] = _short(body, 160, "sub_title_text")
    return card


def _source(source: str) -> dict[str, object]:
    return {"source": {"desc": _short(source, 20, "source")}} if source else {}


def _lines(lines: Sequence[CardLine]) -> dict[str, object]:
    if not lines:
        return {}
    return {"horizontal_content_list": [*map(_line, _at_most(6, lines, "lines"))]}


def _line(line: CardLine) -> dict[str, object]:
    entry: dict[str, object] = {
        "keyname": _short(line.label, 5, "keyname"),
        "value": _short(line.value, 30, "value"),
    }
    return entry if line.url is None else entry | {"type": 1, "url": _url(line.url)}


def _button(button: Button) -> dict[str, object]:
    if not 1 <= button.style <= 4:
        raise ValueError("a button's style is 1 to 4")
    if not 0 < len(button.key.encode()) <= KEY_BYTES:
        raise ValueError(f"a button's key has 1 to {KEY_BYTES} bytes")
    label = _short(button.text, 10, "button")
    return {"text": label, "style": button.style, "key": button.key}


def _menu(menu: Menu) -> dict[str, object]:
    _check_task(menu.task_id)
    actions = [_button(each) for each in _at_most(3, menu.actions, "menu actions")]
    if not actions:
        raise ValueError("a menu offers something")
    listed = [{"text": each["text"], "key": each["key"]} for each in actions]
    return {
        "task_id": menu.task_id,
        "action_menu": {"desc": menu.about, "action_list": listed},
    }


def _check_task(task_id: str) -> None:
    if not TASK_ID.fullmatch(task_id):
        raise ValueError("a task_id has 1 to 128 letters, digits, _, - or @")


def _short(value: str, chars: int, name: str) -> str:
    if not 0 < len(NAME_OF.sub(SHOWN_NAME, value)) <= chars:
        raise ValueError(f"{name} has 1 to {chars} characters")
    return value


def _url(url: str) -> str:
    if not URL.fullmatch(url) or len(url.encode()) > URL_BYTES:
        raise ValueError(f"a url has a scheme and at most {URL_BYTES} bytes")
    return url


def _at_most(limit: int, entries: Iterable[Entry], name: str) -> list[Entry]:
    listed = list(entries)
    if len(listed) > limit:
        raise ValueError(f"a card has at most {limit} {name}")
    return listed
