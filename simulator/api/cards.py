"""What WeCom checks about a message's content before it is sent (wecom.md 3.7, 3.8)."""

import re
from collections.abc import Mapping
from typing import Any

from simulator.api.calls import Call, Refusal, listed, text

INTERACTIVE = ("button_interaction", "vote_interaction", "multiple_interaction")
CARD_TYPES = ("text_notice", "news_notice", *INTERACTIVE)
TASK_ID = re.compile(r"[0-9A-Za-z_\-@]{1,128}")
SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.\-]*://")
LONGEST_URL_BYTES = 2048
LONGEST_MARKDOWN_BYTES = 2048
REQUIRED = {
    "text": ("content",),
    "markdown": ("content",),
    "textcard": ("title", "description", "url"),
    "miniprogram_notice": ("appid", "title"),
    "template_msg": ("template_id",),
    "template_card": ("card_type",),
}


def check_content(call: Call, msgtype: str, content: Any) -> dict[str, Any]:
    """The content, if WeCom takes it.

    Raises: Refusal.
    """
    if msgtype not in REQUIRED:
        raise Refusal(40008, "msgtype")
    if not isinstance(content, dict):
        raise Refusal(40058, f"{msgtype} is required")
    for name in REQUIRED[msgtype]:
        text(content, name)
    if msgtype == "markdown":
        if len(content["content"].encode()) > LONGEST_MARKDOWN_BYTES:
            raise Refusal(45002)
    elif msgtype == "textcard":
        check_url(content["url"])
    elif msgtype == "template_card":
        _check_card(call, content)
    return content


def check_replacement(body: Mapping[str, Any]) -> None:
    """A grey button or a whole card.

    Raises: Refusal.
    """
    button, card = body.get("button"), body.get("template_card")
    if isinstance(button, dict):
        text(button, "replace_name")
    elif isinstance(card, dict):
        text(card, "card_type")
    else:
        raise Refusal(40058, "button or template_card is required")


def check_url(url: Any) -> None:
    """An address with its scheme.

    Raises: Refusal.
    """
    if not isinstance(url, str) or SCHEME.match(url) is None:
        raise Refusal(45034)
    if len(url.encode()) > LONGEST_URL_BYTES:
        raise Refusal(40058, "url is longer than 2048 bytes")


def _check_card(call: Call, card: dict[str, Any]) -> None:
    kind = card["card_type"]
    if kind not in CARD_TYPES:
        raise Refusal(40058, "card_type")
    _check_title(card, kind)
    if kind == "text_notice":
        _check_action(card.get("card_action"))
    listed(card, "horizontal_content_list", most=6, code=40058)
    for jump in listed(card, "jump_list", most=3, code=40058):
        if jump.get("type") == 1:
            check_url(jump.get("url"))
    if kind == "button_interaction":
        _check_buttons(card)
    if kind in INTERACTIVE or card.get("action_menu"):
        _check_task(call, card)


def _check_title(card: dict[str, Any], kind: str) -> None:
    title = (card.get("main_title") or {}).get("title")
    subtitle = card.get("sub_title_text") if kind == "text_notice" else None
    if not title and not subtitle:
        raise Refusal(40058, "main_title.title is required")


def _check_action(action: Any) -> None:
    if not isinstance(action, dict) or action.get("type") not in (1, 2):
        raise Refusal(40058, "card_action is required")
    if action["type"] == 1:
        check_url(action.get("url"))
    else:
        text(action, "appid")


def _check_buttons(card: dict[str, Any]) -> None:
    buttons = listed(card, "button_list", most=6, code=40058)
    if not buttons:
        raise Refusal(40058, "button_list is required")
    for button in buttons:
        text(button, "text")
        if button.get("type", 0) == 0:
            text(button, "key")
        else:
            check_url(button.get("url"))


def _check_task(call: Call, card: dict[str, Any]) -> None:
    task_id = card.get("task_id")
    if not isinstance(task_id, str) or TASK_ID.fullmatch(task_id) is None:
        raise Refusal(40058, "task_id is required")
    if not call.world.config.data_url:
        raise Refusal(43012)
