"""Turns what WeCom pushes into typed values; neither reads a clock nor a key."""

from __future__ import annotations

from dataclasses import dataclass

from wecom.errors import Malformed
from wecom.events import Detail, Family
from wecom.fields import SHORT_CHARS, Fields, parse_fields, parse_message
from wecom.kinds import (
    COMMANDS,
    DATA_EVENTS,
    MESSAGE,
    SYSTEM_EVENTS,
    UNREAD_CHANGE,
    Rule,
    Treatment,
    rule_for,
)

EVENT_MESSAGE = "event"
# The same as in the query: more could not be turned into a date.
SECONDS_LIMIT = 10**10


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """One callback after decryption: who, what, when, and the typed detail.

    `kind` is the InfoType, the Event, or the MsgType of a member's message.
    Units: `sent_at` in seconds since the epoch, WeCom's own time stamp; None where
        there is none that is a time.
    """

    family: Family
    kind: str
    change: str | None
    sent_at: int | None
    suite_id: str | None
    corp_id: str | None
    service_corp_id: str | None
    to_user_name: str | None
    from_user_name: str | None
    agent_id: int | None
    msg_type: str | None
    detail: Detail
    rule: Rule


def parse_envelope(body: bytes) -> str:
    """The one Encrypt text of a callback's body, exactly as it is signed.

    Raises: Malformed.
    """
    encrypt = parse_fields(body).text("Encrypt")
    if encrypt is None:
        raise Malformed("Encrypt is missing")
    return encrypt


def parse_callback(message: bytes) -> Callback:
    """The typed form of one decrypted callback.

    A kind never heard of is no mistake: it has the detail Other and an ignoring rule.
    Nor is a value that cannot be read, unless the corp or what to do is in it.
    Raises: Malformed.
    """
    fields = parse_message(message)
    if "InfoType" in fields:
        return _info(fields)
    if "MsgType" in fields or "Event" in fields:
        return _message(fields)
    raise Malformed("neither InfoType nor Event")


def _info(fields: Fields) -> Callback:
    kind = _kind(fields, "InfoType")
    suite_id = fields.said(fields.identifier, "SuiteId")
    service_corp_id = fields.said(fields.identifier, "ServiceCorpId")
    if suite_id is None and service_corp_id is None:
        raise Malformed("SuiteId is missing")
    change = fields.said(fields.identifier, "ChangeType")
    rules = COMMANDS if suite_id else SYSTEM_EVENTS
    rule = rule_for(rules, kind=kind, change=change)
    if suite_id and kind == "change_contact" and change is None:
        rule = UNREAD_CHANGE
    return Callback(
        family=Family.COMMAND if suite_id else Family.SYSTEM,
        kind=kind,
        change=change,
        sent_at=_seconds(fields, "TimeStamp"),
        suite_id=suite_id,
        corp_id=fields.said(fields.identifier, "AuthCorpId"),
        service_corp_id=service_corp_id,
        to_user_name=None,
        from_user_name=None,
        agent_id=None,
        msg_type=None,
        detail=rule.read(fields),
        rule=rule,
    )


def _message(fields: Fields) -> Callback:
    msg_type = fields.said(fields.identifier, "MsgType") or EVENT_MESSAGE
    corp_id = fields.said(fields.identifier, "ToUserName")
    if msg_type == EVENT_MESSAGE:
        kind = _kind(fields, "Event")
        change = fields.said(fields.identifier, "ChangeType")
        rule = rule_for(DATA_EVENTS, kind=kind, change=change)
    else:
        kind, change, rule = msg_type, None, MESSAGE
    if corp_id is None and rule.treatment is Treatment.HANDLED:
        raise Malformed("ToUserName is missing")
    return Callback(
        family=Family.DATA,
        kind=kind,
        change=change,
        sent_at=_seconds(fields, "CreateTime"),
        suite_id=None,
        corp_id=corp_id,
        service_corp_id=None,
        to_user_name=corp_id,
        from_user_name=fields.said(fields.identifier, "FromUserName"),
        agent_id=fields.said(fields.number, "AgentID"),
        msg_type=msg_type,
        detail=rule.read(fields),
        rule=rule,
    )


def _kind(fields: Fields, name: str) -> str:
    """What a callback is; of a name longer than any we know its beginning will do.

    Raises: Malformed.
    """
    kind = fields.text(name)
    if not kind:
        raise Malformed(f"{name} is missing")
    return kind[:SHORT_CHARS]


def _seconds(fields: Fields, name: str) -> int | None:
    # Where an event says when it was said is nothing that it could be lost for.
    seconds = fields.said(fields.number, name)
    return seconds if seconds is not None and seconds < SECONDS_LIMIT else None
