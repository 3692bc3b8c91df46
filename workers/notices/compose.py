"""Makes the next batch of a corp's notices: of whom may be messaged at this moment."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.ids import Userid
from domain.items.people import Unsent
from domain.links.links import NoticeKind
from domain.notices import (
    Obstacle,
    first_batch,
    obstacle,
    obstacle_to_card,
    obstacle_to_item,
    waits,
)
from store.database import Connection
from store.notices import batches, cards, reinvites
from store.notices.batches import Frozen
from store.notices.notices import APPROVAL
from store.notices.queued import Queued, drop, put_off
from store.org import companies
from store.org.corps import Corp
from wecom.messages import Message, addressed
from workers.items.compose import compose_items
from workers.items.timing import Hush, hush_of, keep_back
from workers.notices.texts import plan_card, question
from workers.runtime import Runtime

# Why a card is not sent: what it would tell was put back before it was told.
NOTHING_LEFT = "nothing_left"

_HELD_SECONDS = 60.0
_CROWDED_SECONDS = 60.0
_TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """Queued notices parted: sent now, dropped for a reason, or put off."""

    free: tuple[Queued, ...]
    dropped: Mapping[int, str]
    held: tuple[int, ...]
    crowded: tuple[int, ...]
    hushed: tuple[tuple[Queued, Hush], ...]


def sift(
    queued: Sequence[Queued], *, now: datetime, zone: ZoneInfo, switch: str = "on"
) -> Sifted:
    """Who may be sent theirs now; the others wait, or get nothing.

    Shape: `switch` is ours for item notices, where a company sets none itself.
    """
    free, held, crowded = [], [], []
    hushed: list[tuple[Queued, Hush]] = []
    dropped: dict[int, str] = {}
    for each in queued:
        found = _obstacle(each)
        of_items = each.is_of_items
        if of_items and (each.switch or switch) != "on":
            # Since it was queued: in quiet hours an admin may have thought better.
            dropped[each.notice_id] = Unsent.COMPANY_OFF.value
        elif of_items and found is None and (hush := hush_of(each, now=now, zone=zone)):
            hushed.append((each, hush))
        elif found is not None and waits(found) and not of_items:
            held.append(each.notice_id)
        elif found is not None:
            dropped[each.notice_id] = found.value
        elif each.crowded:
            crowded.append(each.notice_id)
        else:
            free.append(each)
    return Sifted(
        free=tuple(free),
        dropped=dropped,
        held=tuple(held),
        crowded=tuple(crowded),
        hushed=tuple(hushed),
    )


def may_be_sent(queued: Queued) -> bool:
    """Whether this person may be messaged at this moment."""
    return _obstacle(queued) is None


def set_aside(connection: Connection, corp: Corp, sifted: Sifted) -> None:
    """Drop and put off whatever is not sent now."""
    drop(connection, corp.corp_pk, sifted.dropped)
    keep_back(connection, corp.corp_pk, sifted.hushed)
    for ids, seconds in (
        (sifted.held, _HELD_SECONDS),
        (sifted.crowded, _CROWDED_SECONDS),
    ):
        put_off(connection, corp.corp_pk, ids, seconds=seconds)


def compose(
    connection: Connection,
    runtime: Runtime,
    corp: Corp,
    free: Sequence[Queued],
    *,
    most: int,
) -> Frozen | None:
    """A batch of the first of these, and of all that have one text with it.

    Shape: None when there is nothing to say any more; those notices are dropped.
    Raises: LookupError when the corp has no agent.
    """
    first = free[0]
    alike = [each for each in free if each.group == first.group]
    userids = first_batch({each.notice_id: each.userid for each in alike}, most=most)
    batch_id, token = batches.new_batch_id(), None
    message: Message | None
    if first.is_of_items:
        message = compose_items(connection, runtime, first, batch_id=batch_id)
    elif first.plan_id is not None:
        facts = cards.get_facts(connection, first.plan_id)
        message = plan_card(facts, task_id=batch_id)
    else:
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        address = f"{runtime.settings.public_url}/{first.kind}/{token}"
        message = _question(connection, corp, first, address)
    if message is None:
        nothing = {each.notice_id: NOTHING_LEFT for each in alike}
        drop(connection, corp.corp_pk, nothing)
        return None
    return Frozen(
        batch_id=batch_id,
        kind=first.kind,
        plan_id=first.plan_id,
        token=token,
        body=_body(message, corp, userids),
        userids=userids,
        events=_events(alike, userids),
    )


def _events(alike: Sequence[Queued], userids: Mapping[int, Userid]) -> tuple[int, ...]:
    """The mail that these notices go back to."""
    named = {
        event for each in alike if each.notice_id in userids for event in each.events
    }
    return tuple(sorted(named))


def _question(
    connection: Connection, corp: Corp, first: Queued, address: str
) -> Message:
    inviter = None
    if first.invited_by is not None:
        inviter = reinvites.find_inviter(connection, corp.corp_pk, first.invited_by)
    company = companies.find_company(connection, corp.company_id or "")
    return question(
        first.kind,
        company="TAPD" if company is None else company.name,
        url=address,
        invited_by=inviter,
    )


def _body(message: Message, corp: Corp, userids: Mapping[int, Userid]) -> str:
    if corp.agent_id is None:
        raise LookupError(f"corp {corp.corp_pk} has no agent")
    to = list(userids.values())
    return json.dumps(
        addressed(message, agent_id=corp.agent_id, userids=to), ensure_ascii=False
    )


def _obstacle(queued: Queued) -> Obstacle | None:
    if queued.is_of_items:
        return obstacle_to_item(queued.standing)
    if queued.kind == APPROVAL:
        return obstacle_to_card(queued.standing, open_plan=queued.open_plan)
    kind = NoticeKind(queued.kind)
    return obstacle(queued.standing, kind=kind, origin=queued.origin)
