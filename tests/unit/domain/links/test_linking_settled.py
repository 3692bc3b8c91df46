"""What proof, a link, an unlinking, a return and a wait change about the table."""

from datetime import timedelta

import pytest

from domain.ids import MemberPk
from domain.links.linking import LONGEST_WAIT, decide_links
from domain.links.links import (
    AskMember,
    CompanyOrigin,
    CreateAccount,
    FlagConflict,
    Leave,
    LinkAccount,
    LinkReason,
    NoticeKind,
    Person,
    Unmatched,
    Wait,
)
from tests.support.values.builders import NOON, account, person
from tests.support.values.matching import (
    BY_WAY,
    EMAIL,
    WAYS,
    M,
    N,
    decide,
    evidence,
    rules,
)

# The member's own proof.


def test_what_a_member_proved_is_linked_whatever_the_details_say() -> None:
    outcome = decide(
        person(mobile=M, proved="u2", unlinked=["u2"]),
        account("u1", mobile=M),
        account("u2", mobile=N),
    )

    assert isinstance(outcome, LinkAccount)
    assert (outcome.account_id, outcome.reason) == ("u2", LinkReason.OWN_PROOF)
    assert evidence(outcome)["u2"].proved


def test_a_proof_counts_more_than_the_mobile_of_somebody_else() -> None:
    outcomes = decide_links(
        [person(1, mobile=M), person(2, proved="u1")],
        accounts=[account("u1", mobile=M)],
        holders={},
        rules=rules(),
    )

    assert isinstance(outcomes[MemberPk(1)], FlagConflict)
    assert isinstance(outcomes[MemberPk(2)], LinkAccount)


def test_two_proofs_of_one_account_are_both_a_conflict() -> None:
    outcome = decide(person(1, proved="u1"), others=[person(2, proved="u1")])

    assert isinstance(outcome, FlagConflict)
    assert outcome.reason is LinkReason.SEVERAL_MEMBERS


# What is settled already.


def test_a_linked_member_stays_linked_whatever_their_mobile_is_now() -> None:
    outcome = decide(
        person(mobile=M, linked="u2"), account("u1", mobile=M), account("u2", mobile=N)
    )

    assert outcome == Leave(reason=LinkReason.LINKED_ALREADY)


def test_what_a_person_unlinked_no_machine_links_again() -> None:
    outcome = decide(person(mobile=M, unlinked=["u1"]), account("u1", mobile=M))

    assert isinstance(outcome, Leave)
    assert outcome.reason is LinkReason.UNLINKED_BY_PERSON
    assert evidence(outcome)["u1"].unlinked


@pytest.mark.parametrize(
    "who",
    [
        person(mobile=M, email=EMAIL, unlinked=["u1"]),
        person(email=EMAIL, unlinked=["u1"]),
        person(unlinked=["u1"]),
    ],
)
def test_who_unlinked_is_neither_asked_nor_given_an_account(who: Person) -> None:
    outcome = decide(
        who,
        account("u2", email=EMAIL),
        under=rules(unmatched=Unmatched.CREATE, lookups_open=True),
    )

    assert outcome == Leave(reason=LinkReason.UNLINKED_BY_PERSON)


def test_who_unlinked_is_linked_to_another_account_with_their_mobile() -> None:
    outcome = decide(
        person(mobile=M, unlinked=["u1"]), account("u1", mobile=N),
        account("u2", mobile=M),
    )  # fmt: skip

    assert isinstance(outcome, LinkAccount)
    assert outcome.account_id == "u2"


def test_who_unlinked_does_not_stand_in_the_way_of_another() -> None:
    outcome = decide(
        person(1, asked=[M]),
        account("u1", mobile=M),
        others=[person(2, mobile=M, unlinked=["u1"])],
    )

    assert isinstance(outcome, LinkAccount)


@pytest.mark.parametrize(("origin", "kind"), BY_WAY)
@pytest.mark.parametrize("mobile", [None, M])
def test_a_returned_userid_is_pending_unless_the_same_account_is_proved(
    origin: CompanyOrigin, kind: NoticeKind, mobile: str | None
) -> None:
    outcome = decide(
        person(mobile=mobile, returned_to="u1"),
        account("u1", mobile=N),
        under=rules(origin=origin, unmatched=Unmatched.CREATE),
    )

    assert isinstance(outcome, AskMember)
    assert (outcome.kind, outcome.reason) == (kind, LinkReason.RETURNED_UNPROVEN)
    assert evidence(outcome)["u1"].returned


def test_a_returned_userid_with_the_same_mobile_is_the_same_account() -> None:
    outcome = decide(person(mobile=M, returned_to="u1"), account("u1", mobile=M))

    assert isinstance(outcome, LinkAccount)
    assert evidence(outcome)["u1"].returned


# Waiting for lookups.


@pytest.mark.parametrize("origin", WAYS)
@pytest.mark.parametrize("unmatched", list(Unmatched))
@pytest.mark.parametrize("email", [None, EMAIL])
def test_nothing_is_decided_while_wecom_may_still_name_an_account(
    origin: CompanyOrigin, unmatched: Unmatched, email: str | None
) -> None:
    outcome = decide(
        person(email=email),
        account("u1", mobile=M, email=EMAIL),
        under=rules(origin=origin, unmatched=unmatched, lookups_open=True),
    )

    assert outcome == Wait(since=NOON, until=NOON + LONGEST_WAIT)


@pytest.mark.parametrize(
    ("waited", "waits"),
    [(LONGEST_WAIT - timedelta(seconds=1), True), (LONGEST_WAIT, False)],
)
def test_nobody_waits_longer_than_three_days(waited: timedelta, waits: bool) -> None:
    outcome = decide(
        person(waiting_since=NOON),
        under=rules(lookups_open=True, now=NOON + waited),
    )

    assert isinstance(outcome, Wait) is waits
    assert timedelta(days=3) == LONGEST_WAIT


def test_a_hit_and_a_seen_mobile_wait_for_nothing() -> None:
    known = [account("u1", mobile=M)]
    open_rules = rules(lookups_open=True)

    hit = decide(person(asked=[M]), *known, under=open_rules)
    seen = decide(person(mobile=N), *known, under=open_rules)

    assert isinstance(hit, LinkAccount)
    assert isinstance(seen, CreateAccount)
