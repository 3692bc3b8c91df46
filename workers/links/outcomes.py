"""Carries out what comes of people: makes accounts, writes links, joins companies."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext

from domain.decisions import Decision
from domain.ids import AccountId, CompanyId, CorpPk, MemberPk
from domain.links.linking import change_of
from domain.links.links import CreateAccount, Link, LinkReason, Outcome, Wait
from store.database import Connection
from store.links import links, lookups, memberships
from workers.links.evidence import Crowd

_WAITING = Link(reason=LinkReason.WAITING_FOR_LOOKUPS)

Outcomes = Mapping[MemberPk, Outcome]
Change = tuple[MemberPk, Decision, Link]


def keep(
    connection: Connection,
    corp_pk: CorpPk,
    company_id: CompanyId,
    crowd: Crowd,
    outcomes: Outcomes,
) -> list[Decision]:
    """Have links, accounts and memberships be as was decided; the decisions."""
    created = {
        pk: memberships.new_account_id()
        for pk, outcome in outcomes.items()
        if isinstance(outcome, CreateAccount)
    }
    with connection.pipeline() if created else nullcontext():
        if created:
            # Postgres makes them while it is said what becomes of the links.
            memberships.make_accounts(connection, corp_pk, company_id, created)
        changes = _changes(crowd, outcomes, created)
    if created:
        employments = {each: crowd.rows[pk].employment for pk, each in created.items()}
        memberships.join_made(connection, company_id, employments)
    _write(connection, corp_pk, company_id, crowd, changes, _waiting(crowd, outcomes))
    joining = [pk for pk, _, _ in changes if pk not in created]
    memberships.join(connection, corp_pk, joining)
    return [decision for _, decision, _ in changes]


def _changes(
    crowd: Crowd, outcomes: Outcomes, created: Mapping[MemberPk, AccountId]
) -> list[Change]:
    """Whose link becomes another one, by which decision."""
    found = (
        (
            each.member_pk,
            change_of(
                each, outcomes[each.member_pk], created=created.get(each.member_pk)
            ),
        )
        for each in crowd.people
    )
    return [(pk, *change) for pk, change in found if change is not None]


def _waiting(crowd: Crowd, outcomes: Outcomes) -> list[MemberPk]:
    """Who waits for an answer of WeCom's from now on."""
    return [
        each.member_pk
        for each in crowd.people
        if isinstance(outcomes[each.member_pk], Wait) and each.link == Link()
    ]


def _write(
    connection: Connection,
    corp_pk: CorpPk,
    company_id: CompanyId,
    crowd: Crowd,
    changes: Sequence[Change],
    waiting: Sequence[MemberPk],
) -> None:
    links.write(
        connection,
        corp_pk,
        company_id,
        [(pk, link) for pk, _, link in changes] + [(pk, _WAITING) for pk in waiting],
        first=crowd.new,
    )
    if waiting:
        lookups.make_due(connection, corp_pk)
