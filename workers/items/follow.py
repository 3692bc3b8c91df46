"""Works through a company's mailbox: item events become notices, each one once."""

import logging
from collections.abc import Sequence

from domain.ids import CompanyId
from domain.items.items import ItemAction
from domain.items.people import ItemPerson, Unsent, role_to_tell, why_unsent
from domain.mailbox import name_in
from store.database import Connection, glance
from store.inbox import settlement
from store.inbox.claims import ClaimedBatch, ClaimedMail
from store.inbox.settlement import Settled
from store.items import people, told
from store.items.preferences import get_company_items
from store.items.told import ACCOUNTS_READ, Concern, WaitingConcern
from store.links import account_reads
from workers.items.letters import Letter, Outcome, open_letters
from workers.items.read_up import ReadUp, read_up
from workers.items.tell import Telling, tell
from workers.lease import leased
from workers.runtime import Runtime

FOREIGN: Outcome = ("ignored", "foreign_workspace")

# One transaction tells so many events.
_PART = 500
_WAITING_AT_ONCE = 2_000

_log = logging.getLogger(__name__)


def follow(runtime: Runtime, claim: ClaimedBatch) -> None:
    """Tell the members of a company what its claimed mail says.

    Raises: what the store raises; the drain decides what that means. TAPD's refusals
        are told on the card, its silence lets mail wait for a while.
    """
    company_id = CompanyId(name_in(claim.mailbox))
    orders = [row for row in claim.mail if row.kind == ACCOUNTS_READ]
    events = [row for row in claim.mail if row.kind != ACCOUNTS_READ]
    if orders:
        _look_again(runtime, company_id, claim, orders)
    for start in range(0, len(events), _PART):
        _follow_part(runtime, company_id, claim, events[start : start + _PART])


def _follow_part(
    runtime: Runtime,
    company_id: CompanyId,
    claim: ClaimedBatch,
    rows: Sequence[ClaimedMail],
) -> None:
    with glance(runtime.pool) as connection:
        letters, outcomes = open_letters(connection, rows, keyring=runtime.keyring)
    known = read_up(runtime, company_id, letters)
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        telling = _tell(connection, runtime, company_id, known.letters)
        _settle(connection, claim, outcomes, known, telling)
    for corp_pk in telling.corps:
        runtime.bell.ring_notices(corp_pk)
    if telling.unknown_nicks:
        runtime.bell.ring_accounts(company_id)


def _tell(
    connection: Connection,
    runtime: Runtime,
    company_id: CompanyId,
    letters: Sequence[Letter],
) -> Telling:
    if not letters:
        return Telling(outcomes={}, corps=frozenset(), unknown_nicks=False)
    telling = tell(
        connection,
        company_id,
        letters,
        company=get_company_items(
            connection, company_id, switch=runtime.settings.item_notices
        ),
        keyring=runtime.keyring,
        may_ask=runtime.tapd is not None
        and account_reads.may_tell_nicks(connection, company_id),
    )
    if telling.unknown_nicks:
        account_reads.want_nicks(connection, company_id)
    return telling


def _settle(
    connection: Connection,
    claim: ClaimedBatch,
    outcomes: dict[int, Outcome],
    known: ReadUp,
    telling: Telling,
) -> None:
    settled: dict[int, tuple[Settled, str]] = {
        **outcomes,
        **dict.fromkeys(known.foreign, FOREIGN),
        **telling.outcomes,
    }
    settlement.settle(connection, claim, settled)
    # What was said is kept with the changes; the rest of it nobody needs.
    settlement.forget_bodies(connection, list(settled))
    settlement.ask_again(connection, claim, known.waits)


def _look_again(
    runtime: Runtime,
    company_id: CompanyId,
    claim: ClaimedBatch,
    orders: Sequence[ClaimedMail],
) -> None:
    """Tell those whose nicks have turned out to be theirs; the others are nobody."""
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        company = get_company_items(
            connection, company_id, switch=runtime.settings.item_notices
        )
        waiting = told.lock_waiting(connection, company_id, limit=_WAITING_AT_ONCE)
        who = people.find_people(
            connection,
            company_id,
            sorted({each.nick for each in waiting}),
            default=company.default,
        )
        found: list[tuple[WaitingConcern, Concern]] = []
        unsent: list[tuple[WaitingConcern, Unsent, str | None]] = []
        for each in waiting:
            person = who[each.nick]
            reason = why_unsent(
                person,
                each.roles,
                kind=each.kind,
                item_id=each.item_id,
                action=ItemAction.UPDATE,
                by_operator=False,
                nobody_owns=False,
                company_on=company.is_on,
            )
            if reason is None:
                found.append((each, _concern(each, person)))
            else:
                unsent.append((each, reason, person.account_id))
        corps = told.end_waiting(connection, company_id, unsent, found)
        done: Outcome = ("done", "looked_again")
        settlement.settle(connection, claim, {row.event_id: done for row in orders})
    for corp_pk in corps:
        runtime.bell.ring_notices(corp_pk)


def _concern(waiting: WaitingConcern, person: ItemPerson) -> Concern:
    return Concern(
        mail_id=waiting.mail_id,
        event_id="",
        event="",
        kind=waiting.kind,
        item_id=waiting.item_id,
        change_id=waiting.change_id,
        nick=waiting.nick,
        roles=waiting.roles,
        role=role_to_tell(waiting.roles, person.wants.roles),
        account_id=person.account_id,
        corp_pk=person.corp_pk,
        member_pk=person.member_pk,
        unsent=None,
        waits=False,
        due_at=waiting.opened_at if waiting.first else waiting.closes_at,
        gathered=False,
    )
