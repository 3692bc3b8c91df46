"""What members do: open the app, click a card, sign in on a page."""

import secrets
from typing import Any

from simulator.admin.admin_members import Impossible, get_member
from simulator.events import Field
from simulator.org.corp import Corp, Message
from simulator.tokens import Paper
from simulator.world import World


def enter_app(world: World, corp: Corp, userid: str) -> None:
    """The member opens the app from the workbench: enter_agent.

    Raises: Impossible.
    """
    get_member(corp, userid)
    world.push_data("enter_agent", corp=corp, sender=userid, fields=[("EventKey", "")])


def click(world: World, corp: Corp, userid: str, *, message_id: str, key: str) -> str:
    """A button of a template card, or an act of its menu; the code that this carries.

    Shape: template_card_event, for an act of the menu template_card_menu_event.

    Raises: Impossible.
    """
    get_member(corp, userid)
    message = _get_message(corp, userid, message_id)
    code = world.papers.issue(
        Paper.RESPONSE_CODE, owner=corp.corp_id, message_id=message_id
    ).value
    fields: list[Field] = [
        ("EventKey", key),
        ("TaskId", str(message.sent.get("task_id", ""))),
        ("CardType", str(message.sent.get("card_type", ""))),
        ("ResponseCode", code),
    ]
    menu = message.shown.get("action_menu") or {}
    of_menu = key in {each.get("key") for each in menu.get("action_list") or []}
    event = "template_card_menu_event" if of_menu else "template_card_event"
    world.push_data(event, corp=corp, sender=userid, fields=fields)
    return code


def oauth_code(
    world: World, *, corp_id: str, userid: str, suite_id: str, private: bool
) -> str:
    """The code with which the member comes back to the app's page."""
    return world.papers.issue(
        Paper.OAUTH_CODE,
        owner=suite_id,
        corp_id=corp_id,
        userid=userid or f"stranger-{secrets.token_hex(8)}",
        private=private,
    ).value


def phone(corp: Corp, userid: str) -> list[dict[str, Any]]:
    """A member's messages, newest first, as JSON.

    Raises: Impossible.
    """
    get_member(corp, userid)
    return [
        {
            "message_id": message.message_id,
            "at": message.at,
            "msgtype": message.msgtype,
            "sent": message.sent,
            "shown": message.shown,
            "recalled": message.recalled,
        }
        for message in reversed(corp.phone(userid))
    ]


def _get_message(corp: Corp, userid: str, message_id: str) -> Message:
    for message in corp.phone(userid):
        if message.message_id == message_id:
            return message
    raise Impossible(40058, "no such message on this phone")
