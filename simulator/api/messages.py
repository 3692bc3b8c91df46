"""message/*: to phones, with WeCom's way of naming who was not reached (3.7, 3.8)."""

import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from simulator.api.agents import check_agent
from simulator.api.calls import Call, Endpoint, Needs, Refusal, listed, text, whole
from simulator.api.cards import (
    INTERACTIVE,
    check_content,
    check_replacement,
)
from simulator.org.corp import Message
from simulator.org.directory import Status
from simulator.org.phone import shown
from simulator.tokens import Paper

MOST_MEMBERS, MOST_NODES = 1000, 100
DUPLICATE_SECONDS, LONGEST_DUPLICATE_SECONDS = 1800, 14_400
PER_MINUTE, PER_HOUR = 30, 1000
RECALL_SECONDS = 86_400


@dataclass(slots=True, kw_only=True)
class Recipients:
    """Who gets a message, and who was named in vain."""

    userids: dict[str, None] = field(default_factory=dict)
    bad_users: list[str] = field(default_factory=list)
    bad_parties: list[str] = field(default_factory=list)
    bad_tags: list[str] = field(default_factory=list)
    unlicensed: list[str] = field(default_factory=list)

    def complaints(self) -> dict[str, str]:
        """The answer's lists; ids of people come back in lower case."""
        lists = {
            "invaliduser": [one.lower() for one in self.bad_users],
            "invalidparty": self.bad_parties,
            "invalidtag": self.bad_tags,
            "unlicenseduser": [one.lower() for one in self.unlicensed],
        }
        return {name: "|".join(names) for name, names in lists.items() if names}


def send(call: Call) -> dict[str, Any]:
    """Source: WeCom 90372."""
    body = call.body
    msgtype = text(body, "msgtype")
    if msgtype != "miniprogram_notice":
        check_agent(call, whole(body, "agentid"))
    content = check_content(call, msgtype, body.get(msgtype))
    recipients = _recipients(call)
    if earlier := _duplicate(call):
        return {"msgid": earlier, **recipients.complaints()}
    message_id = secrets.token_urlsafe(24)
    _remember(call, message_id)
    _deliver(call, recipients.userids, msgtype, content, message_id)
    answer: dict[str, Any] = {**recipients.complaints(), "msgid": message_id}
    if content.get("card_type") in INTERACTIVE:
        answer["response_code"] = response_code(call, message_id)
    return answer


def recall(call: Call) -> dict[str, Any]:
    """Source: WeCom 94947."""
    message_id = text(call.body, "msgid")
    corp, limit = call.corp, call.world.now() - RECALL_SECONDS
    sent = [m for phone in corp.phones.values() for m in phone]
    hits = [m for m in sent if m.message_id == message_id]
    if not hits:
        raise Refusal(40058, "no such message")
    if hits[0].at < limit:
        raise Refusal(42052)
    corp.drop_messages(lambda message: message.message_id == message_id)
    return {}


def update_template_card(call: Call) -> dict[str, Any]:
    """One update per response_code (WeCom 94945)."""
    check_agent(call, whole(call.body, "agentid"))
    code = call.world.papers.find(
        Paper.RESPONSE_CODE, text(call.body, "response_code", missing=60140)
    )
    expired = code is None or code.used or call.world.papers.is_expired(code)
    if code is None or expired or code.owner != call.corp.corp_id:
        raise Refusal(60140)
    check_replacement(call.body)
    code.used = True
    wanted = {str(one) for one in listed(call.body, "userids", most=1000, code=40032)}
    everybody = whole(call.body, "atall", default=0) == 1
    for userid, phone in call.corp.phones.items():
        for message in phone:
            same = message.message_id == code.payload["message_id"]
            if same and (everybody or userid in wanted):
                _replace(call, message)
    return {}


def response_code(call: Call, message_id: str) -> str:
    """A single-use code to update one message's card with."""
    return call.world.papers.issue(
        Paper.RESPONSE_CODE, owner=call.corp.corp_id, message_id=message_id
    ).value


def _replace(call: Call, message: Message) -> None:
    card = call.body.get("template_card")
    if isinstance(card, dict):
        translate = whole(call.body, "enable_id_trans", default=0) == 1
        message.shown = shown(call.corp.now, "template_card", card, translate=translate)
    replaced = (call.body.get("button") or {}).get("replace_name")
    text_of_card = card.get("replace_text") if isinstance(card, dict) else None
    message.shown["replaced"] = replaced or text_of_card or ""


def _recipients(call: Call) -> Recipients:
    users = _named(call, "touser", most=MOST_MEMBERS, code=40032)
    parties = _named(call, "toparty", most=MOST_NODES, code=82002)
    tags = _named(call, "totag", most=MOST_NODES, code=82003)
    if not users and not parties and not tags:
        raise Refusal(82001)
    found = Recipients()
    if users == ["@all"]:
        visible = call.corp.now.visible
        everybody = call.corp.now.people_below(visible.usable_departments)
        _add_silently(call, found, everybody)
        _add_silently(call, found, sorted(visible.usable_people))
        return found
    _add_users(call, found, users)
    _add_parties(call, found, parties)
    _add_tags(call, found, tags)
    named_in_vain = len(found.bad_users) == len(users)
    if named_in_vain and not (
        len(found.bad_parties) < len(parties) or len(found.bad_tags) < len(tags)
    ):
        raise Refusal(81013)
    return found


def _named(call: Call, name: str, *, most: int, code: int) -> list[str]:
    value = call.body.get(name) or ""
    if not isinstance(value, str):
        raise Refusal(40031 if name == "touser" else 40058, f"{name} is not a text")
    names = [one for one in value.split("|") if one]
    if len(names) > most:
        raise Refusal(code, f"{name}: more than {most}")
    return names


def _add_users(call: Call, found: Recipients, userids: Iterable[str]) -> None:
    directory = call.corp.now
    for userid in userids:
        member = directory.members.get(userid)
        gone = member is None or member.status in (Status.DISABLED, Status.QUIT)
        if member is None or gone or not directory.is_usable(member):
            found.bad_users.append(userid)
        elif not member.licensed:
            found.unlicensed.append(userid)
        elif member.status is Status.ACTIVE:
            found.userids[userid] = None


def _add_parties(call: Call, found: Recipients, parties: Iterable[str]) -> None:
    usable = call.corp.now.visible.usable_departments
    for party in parties:
        if party.isdecimal() and int(party) in usable:
            _add_silently(call, found, call.corp.now.people_below([int(party)]))
        else:
            found.bad_parties.append(party)


def _add_tags(call: Call, found: Recipients, tags: Iterable[str]) -> None:
    directory = call.corp.now
    for name in tags:
        tag_id = int(name) if name.isdecimal() else 0
        if tag_id in directory.grant.scope.allow_tag:
            tag = directory.tags[tag_id]
            below = directory.people_below(tag.department_ids)
            _add_silently(call, found, [*sorted(tag.userids), *below])
        else:
            found.bad_tags.append(name)


def _add_silently(call: Call, found: Recipients, userids: Iterable[str]) -> None:
    """People reached by a node: those who cannot be are passed over (95652)."""
    members = call.corp.now.members
    for userid in userids:
        member = members.get(userid)
        if member and member.licensed and member.status is Status.ACTIVE:
            found.userids[userid] = None


def _deliver(
    call: Call,
    userids: Iterable[str],
    msgtype: str,
    content: dict[str, Any],
    message_id: str,
) -> None:
    translate = whole(call.body, "enable_id_trans", default=0) == 1
    now, corp = call.world.now(), call.corp
    for userid in userids:
        phone = corp.phone(userid)
        if _over_frequency([m.at for m in phone], now):
            corp.discarded += 1
            continue
        phone.append(
            Message(
                message_id=message_id,
                at=now,
                msgtype=msgtype,
                sent=content,
                shown=shown(corp.now, msgtype, content, translate=translate),
            )
        )


def _over_frequency(times: list[float], now: float) -> bool:
    """Above the limits a message is thrown away without an error (90454)."""
    return (
        sum(at > now - 60 for at in times) >= PER_MINUTE
        or sum(at > now - 3600 for at in times) >= PER_HOUR
    )


def _duplicate(call: Call) -> str | None:
    if whole(call.body, "enable_duplicate_check", default=0) != 1:
        return None
    known = call.corp.sent_bodies.get(_digest(call))
    seconds = whole(call.body, "duplicate_check_interval", default=DUPLICATE_SECONDS)
    limit = min(seconds or DUPLICATE_SECONDS, LONGEST_DUPLICATE_SECONDS)
    if known is None or known[1] < call.world.now() - limit:
        return None
    return known[0]


def _remember(call: Call, message_id: str) -> None:
    # The switch is part of the request, so others can never equal this one.
    if whole(call.body, "enable_duplicate_check", default=0) == 1:
        call.corp.sent_bodies[_digest(call)] = (message_id, call.world.now())


def _digest(call: Call) -> bytes:
    body = json.dumps(call.body, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(body.encode()).digest()


ENDPOINTS = {
    "message/send": Endpoint(method="POST", needs=Needs.CORP, handler=send),
    "message/recall": Endpoint(method="POST", needs=Needs.CORP, handler=recall),
    "message/update_template_card": Endpoint(
        method="POST", needs=Needs.CORP, handler=update_template_card
    ),
}
