"""Which TAPD account a member is, or that somebody must be asked: design.md §4.3."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from domain.decisions import Decision, DecisionName
from domain.ids import AccountId, MemberPk, Userid, member_key
from domain.links.accounts import Account
from domain.links.links import (
    AskMember,
    CompanyOrigin,
    CreateAccount,
    FlagConflict,
    Leave,
    Link,
    LinkAccount,
    LinkReason,
    LinkState,
    NoticeKind,
    Outcome,
    Person,
    Unmatched,
    Wait,
)
from domain.links.matching import MatchableAccounts, know

LONGEST_WAIT = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds for the whole company.

    Shape: `lookups_open`: there are accounts of the company that WeCom was not asked
        about and may be asked about (domain/links/lookups.py).
    """

    origin: CompanyOrigin
    unmatched: Unmatched
    lookups_open: bool
    now: datetime


def decide_links(
    people: Iterable[Person],
    *,
    accounts: Iterable[Account],
    holders: Mapping[AccountId, MemberPk],
    rules: Rules,
) -> dict[MemberPk, Outcome]:
    """What comes of each person, all at once: their order makes no difference.

    Shape: `accounts`: every one that has a mobile or e-mail of theirs, that one of
        them proved, was given, left or was linked to; `holders`: the active member of
        the company that each account is linked to.
    """
    by_id = {each.account_id: each for each in accounts}
    undecided = [_heeded(each, by_id) for each in people]
    known = know(undecided, accounts=by_id.values(), holders=holders)
    return {each.member_pk: _decide(each, known, rules) for each in undecided}


def decision_of(
    person: Person, outcome: Outcome, *, created: AccountId | None = None
) -> Decision | None:
    """The outcome as a decision; None when the link stays as it is.

    Raises: ValueError for a created account without its id.
    """
    found = change_of(person, outcome, created=created)
    return None if found is None else found[0]


def change_of(
    person: Person, outcome: Outcome, *, created: AccountId | None = None
) -> tuple[Decision, Link] | None:
    """The outcome as a decision, and the link after it.

    Raises: ValueError for a created account without its id.
    """
    match outcome:
        case LinkAccount():
            name = DecisionName.LINK_ACCOUNT
            after = _link(LinkState.LINKED, outcome, account_id=outcome.account_id)
        case CreateAccount():
            if created is None:
                raise ValueError("a created account needs its id")
            name = DecisionName.CREATE_ACCOUNT
            after = _link(LinkState.LINKED, outcome, account_id=created)
        case AskMember():
            name = DecisionName.ASK_MEMBER
            after = _link(LinkState.PENDING, outcome, asks=outcome.kind)
        case FlagConflict():
            name = DecisionName.FLAG_CONFLICT
            after = _link(LinkState.CONFLICT, outcome)
        case Wait() | Leave():
            return None
        case _:
            assert_never(outcome)
    if after == person.link:
        return None
    decision = Decision(
        name=name,
        key=member_key(person.userid),
        before={"link": person.link.to_json()},
        after={"link": after.to_json()},
        reason=outcome.reason.value,
    )
    return decision, after


def is_doubtful(reason: LinkReason, *, activated: bool) -> bool:
    """Whether a link to an account that was foreign would not be made so any more.

    Such links were made before a stranger's account needed its owner's proof.
    """
    if reason is LinkReason.SEEN_MOBILE:
        return not activated
    return reason is LinkReason.RESOLVED


def unlink(person: Person) -> Decision | None:
    """The end of a link that a person has undone; None when theirs is not."""
    if person.link.account_id not in person.unlinked:
        return None
    reason = LinkReason.UNLINKED_BY_PERSON
    return Decision(
        name=DecisionName.UNLINK,
        key=member_key(person.userid),
        before={"link": person.link.to_json()},
        after={"link": Link(state=LinkState.UNLINKED, reason=reason).to_json()},
        reason=reason.value,
    )


def end_merged(userid: Userid, link: Link) -> Decision:
    """The end of the second link of somebody who turned out to have two."""
    reason = LinkReason.MERGED
    return Decision(
        name=DecisionName.UNLINK,
        key=member_key(userid),
        before={"link": link.to_json()},
        after={"link": Link(state=LinkState.UNLINKED, reason=reason).to_json()},
        reason=reason.value,
    )


def _heeded(person: Person, by_id: Mapping[AccountId, Account]) -> Person:
    """The person without a choice of the match desk's that proves nothing.

    An admin knows the company's accounts; whose a foreign one is, its owner says.
    """
    account = by_id.get(person.resolved) if person.resolved else None
    if account is None or not account.foreign:
        return person
    return replace(person, resolved=None)


def _decide(person: Person, known: MatchableAccounts, rules: Rules) -> Outcome:
    outcome = _by_people(person, known) or _by_machine(person, known, rules)
    if person.silent and isinstance(outcome, AskMember | Wait):
        return Leave(reason=LinkReason.NOT_ASKED, evidence=outcome.evidence)
    if isinstance(outcome, AskMember) and _is_still_held(person, known):
        # They would be asked for what only the match desk can settle.
        return Leave(reason=LinkReason.HELD_BY_ANOTHER, evidence=person.link.evidence)
    return outcome


def _by_people(person: Person, known: MatchableAccounts) -> Outcome | None:
    """What comes of what is settled, or said by a person."""
    if person.link.state is LinkState.LINKED:
        return Leave(reason=LinkReason.LINKED_ALREADY)
    if person.chosen is not None:
        return _by_choice(person, person.chosen, known)
    if person.wish is LinkReason.RESOLVED:
        return CreateAccount(reason=LinkReason.RESOLVED)
    if person.lost is not None:
        account = known.account(person.lost)
        return FlagConflict(
            reason=LinkReason.HELD_BY_ANOTHER,
            evidence=known.evidence(person, [account]),
        )
    return None


def _by_machine(person: Person, known: MatchableAccounts, rules: Rules) -> Outcome:
    matched = known.with_mobile(person)
    if person.former is not None and _is_proved_same(person, matched, known):
        return LinkAccount(
            account_id=person.former,
            reason=LinkReason.RETURNED_WITH_CORP,
            evidence=known.evidence(person, [known.account(person.former)]),
        )
    if matched:
        return _by_mobile(person, matched, known)
    if person.wish is not None:
        return CreateAccount(reason=person.wish)
    if person.unlinked:
        # They said no once. Only a mobile that is theirs speaks louder.
        return Leave(reason=LinkReason.UNLINKED_BY_PERSON)
    since = person.waiting_since or rules.now
    if _waits(person, rules, since=since):
        return Wait(since=since, until=since + LONGEST_WAIT)
    suggested = known.with_email(person)
    if suggested:
        return _by_email(person, suggested, known, rules)
    return _by_nothing(person, known, rules)


def _by_choice(
    person: Person, account_id: AccountId, known: MatchableAccounts
) -> Outcome:
    evidence = known.evidence(person, [known.account(account_id)])
    if known.is_held(person, account_id):
        return FlagConflict(reason=LinkReason.HELD_BY_ANOTHER, evidence=evidence)
    if known.rivals(person, account_id):
        return FlagConflict(reason=LinkReason.SEVERAL_MEMBERS, evidence=evidence)
    reason = LinkReason.OWN_PROOF if person.proved else LinkReason.RESOLVED
    return LinkAccount(account_id=account_id, reason=reason, evidence=evidence)


def _is_proved_same(
    person: Person, matched: Sequence[Account], known: MatchableAccounts
) -> bool:
    """Whether the former link of a member whose corp is back may be theirs again."""
    account_id = person.former
    if account_id is None or account_id in person.unlinked:
        return False
    if matched and account_id not in {each.account_id for each in matched}:
        return False
    return known.obstacle(person, account_id) is None


def _is_still_held(person: Person, known: MatchableAccounts) -> bool:
    """Whether they are in conflict over an account that another has still."""
    return person.link.state is LinkState.CONFLICT and any(
        known.is_held(person, each.account_id) for each in person.link.evidence
    )


def _by_mobile(
    person: Person, matched: Sequence[Account], known: MatchableAccounts
) -> Outcome:
    by_email = known.with_email(person)
    if all(each.account_id in person.unlinked for each in matched):
        return Leave(
            reason=LinkReason.UNLINKED_BY_PERSON,
            evidence=known.evidence(person, matched),
        )
    if len(matched) > 1:
        return FlagConflict(
            reason=LinkReason.SEVERAL_ACCOUNTS,
            evidence=known.evidence(person, matched),
        )
    (account,) = matched
    # Told, though it decides nothing: the e-mail may belong to another account.
    evidence = known.evidence(person, [account, *by_email])
    obstacle = known.obstacle(person, account.account_id)
    if obstacle is not None:
        return FlagConflict(reason=obstacle, evidence=evidence)
    seen = person.mobile is not None
    return LinkAccount(
        account_id=account.account_id,
        reason=LinkReason.SEEN_MOBILE if seen else LinkReason.ASKED_MOBILE,
        evidence=evidence,
    )


def _waits(person: Person, rules: Rules, *, since: datetime) -> bool:
    """Whether an answer of WeCom's may still name an account of theirs.

    A mobile that is seen was compared with every account already.
    """
    if person.mobile is not None or not rules.lookups_open:
        return False
    return rules.now < since + LONGEST_WAIT


def _by_email(
    person: Person, suggested: Sequence[Account], known: MatchableAccounts, rules: Rules
) -> Outcome:
    evidence = known.evidence(person, suggested)
    if len(suggested) > 1:
        return FlagConflict(reason=LinkReason.SEVERAL_ACCOUNTS, evidence=evidence)
    obstacle = known.obstacle(person, suggested[0].account_id)
    if obstacle is not None:
        return FlagConflict(reason=obstacle, evidence=evidence)
    return AskMember(kind=_kind(rules), reason=LinkReason.EMAIL_ONLY, evidence=evidence)


def _by_nothing(person: Person, known: MatchableAccounts, rules: Rules) -> Outcome:
    if person.returned_to is not None:
        # The userid may have a new owner, so an account of their own would be a guess.
        account = known.account(person.returned_to)
        return AskMember(
            kind=_kind(rules),
            reason=LinkReason.RETURNED_UNPROVEN,
            evidence=known.evidence(person, [account]),
        )
    if not person.activated and known.is_registered(person):
        # Named to nobody: they sign in to WeCom, or to the account itself.
        return AskMember(kind=_kind(rules), reason=LinkReason.UNPROVEN_MOBILE)
    if person.mobile is not None:
        if len(known.owners.get(person.mobile, ())) > 1:
            return FlagConflict(reason=LinkReason.SEVERAL_MEMBERS, evidence=())
        return CreateAccount(reason=LinkReason.NO_ACCOUNT)
    if CompanyOrigin.WECOM is rules.origin or rules.unmatched is Unmatched.CREATE:
        return CreateAccount(reason=LinkReason.NOT_VISIBLE)
    return AskMember(kind=NoticeKind.LINK, reason=LinkReason.NOT_VISIBLE)


def _kind(rules: Rules) -> NoticeKind:
    known_before = rules.origin is CompanyOrigin.TAPD
    return NoticeKind.LINK if known_before else NoticeKind.INVITE


def _link(
    state: LinkState,
    outcome: LinkAccount | CreateAccount | AskMember | FlagConflict,
    *,
    account_id: AccountId | None = None,
    asks: NoticeKind | None = None,
) -> Link:
    return Link(
        state=state,
        reason=outcome.reason,
        account_id=account_id,
        asks=asks,
        evidence=outcome.evidence,
    )
