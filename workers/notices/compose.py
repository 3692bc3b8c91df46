"""Makes the next batch of a corp's notices: of whom may be messaged at this moment."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.ids import Userid
from domain.links import NoticeKind
from domain.notices import Obstacle, first_batch, obstacle, obstacle_to_card, waits
from store.database import Connection
from store.notices import batches, cards, reinvites
from store.notices.batches import Frozen
from store.notices.notices import APPROVAL
from store.notices.queued import Queued, drop, put_off
from store.org import companies
from store.org.corps import Corp
from wecom.messages import Message, addressed
from workers.notices.texts import plan_card, question

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


def sift(queued: Sequence[Queued]) -> Sifted:
    """Who may be sent theirs now; the others wait, or get nothing."""
    free, held, crowded = [], [], []
    dropped: dict[int, str] = {}
    for each in queued:
        found = _obstacle(each)
        if found is not None and waits(found):
            held.append(each.notice_id)
        elif found is not None:
            dropped[each.notice_id] = found.value
        elif each.crowded:
            crowded.append(each.notice_id)
        else:
            free.append(each)
    return Sifted(
        free=tuple(free), dropped=dropped, held=tuple(held), crowded=tuple(crowded)
    )


def may_be_sent(queued: Queued) -> bool:
    """Whether this person may be messaged at this moment."""
    return _obstacle(queued) is None


def set_aside(connection: Connection, corp: Corp, sifted: Sifted) -> None:
    """Drop and put off whatever is not sent now."""
    drop(connection, corp.corp_pk, sifted.dropped)
    for ids, seconds in (
        (sifted.held, _HELD_SECONDS),
        (sifted.crowded, _CROWDED_SECONDS),
    ):
        put_off(connection, corp.corp_pk, ids, seconds=seconds)


def compose(
    connection: Connection,
    corp: Corp,
    free: Sequence[Queued],
    *,
    public_url: str,
    most: int,
) -> Frozen:
    """A batch of the first of these, and of all that have one text with it.

    Raises: LookupError when the corp has no agent.
    """
    first = free[0]
    userids = first_batch(
        {each.notice_id: each.userid for each in free if each.group == first.group},
        most=most,
    )
    batch_id, token = batches.new_batch_id(), None
    if first.plan_id is not None:
        facts = cards.get_facts(connection, first.plan_id)
        message = plan_card(facts, task_id=batch_id)
    else:
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        address = f"{public_url}/{first.kind}/{token}"
        message = _question(connection, corp, first, address)
    return Frozen(
        batch_id=batch_id,
        kind=first.kind,
        plan_id=first.plan_id,
        token=token,
        body=_body(message, corp, userids),
        userids=userids,
    )


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
    if queued.kind == APPROVAL:
        return obstacle_to_card(queued.standing, open_plan=queued.open_plan)
    kind = NoticeKind(queued.kind)
    return obstacle(queued.standing, kind=kind, origin=queued.origin)
