"""One person matched with accounts, so that a test names only what it is about."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from domain.ids import AccountId, MemberPk
from domain.links.accounts import Account
from domain.links.linking import Rules, decide_links
from domain.links.links import (
    CompanyOrigin,
    LinkEvidence,
    NoticeKind,
    Outcome,
    Person,
    Unmatched,
)
from tests.support.values.builders import NOON

M, N = "+8613800000001", "+8613800000002"
EMAIL = "zhang@example.com"
WAYS = list(CompanyOrigin)
BY_WAY = [
    (CompanyOrigin.TAPD, NoticeKind.LINK),
    (CompanyOrigin.WECOM, NoticeKind.INVITE),
]


def rules(
    *,
    origin: CompanyOrigin = CompanyOrigin.TAPD,
    unmatched: Unmatched = Unmatched.ASK,
    lookups_open: bool = False,
    now: datetime = NOON,
) -> Rules:
    """What holds for a company, by default one of way 1 that asks."""
    return Rules(origin=origin, unmatched=unmatched, lookups_open=lookups_open, now=now)


def decide(
    who: Person,
    *accounts: Account,
    others: Iterable[Person] = (),
    holders: Mapping[str, int] | None = None,
    under: Rules | None = None,
) -> Outcome:
    """What comes of this person among the others."""
    outcomes = decide_links(
        [who, *others],
        accounts=accounts,
        holders={AccountId(a): MemberPk(m) for a, m in (holders or {}).items()},
        rules=under or rules(),
    )
    return outcomes[who.member_pk]


def evidence(outcome: Outcome) -> dict[str, LinkEvidence]:
    """The evidence by account."""
    return {each.account_id: each for each in outcome.evidence}
