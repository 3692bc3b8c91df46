"""The decision table of design.md §4.3: every row, every strategy, both origins."""

import pytest

from domain.ids import MemberPk
from domain.links.linking import decide_links
from domain.links.links import (
    Agreement,
    AskMember,
    CompanyOrigin,
    CreateAccount,
    FlagConflict,
    LinkAccount,
    LinkReason,
    NoticeKind,
    Person,
    Unmatched,
)
from tests.support.values.builders import account, person
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

# One account with the same mobile.


@pytest.mark.parametrize("origin", WAYS)
def test_the_one_account_with_the_seen_mobile_is_linked(origin: CompanyOrigin) -> None:
    outcome = decide(
        person(mobile=M), account("u1", mobile=M), account("u2", mobile=N),
        under=rules(origin=origin),
    )  # fmt: skip

    assert isinstance(outcome, LinkAccount)
    assert (outcome.account_id, outcome.reason) == ("u1", LinkReason.SEEN_MOBILE)
    assert evidence(outcome)["u1"].mobile is Agreement.EQUAL


@pytest.mark.parametrize("origin", WAYS)
def test_the_one_account_whose_mobile_wecom_knew_is_linked(
    origin: CompanyOrigin,
) -> None:
    outcome = decide(
        person(asked=[M]), account("u1", mobile=M), under=rules(origin=origin)
    )

    assert isinstance(outcome, LinkAccount)
    assert (outcome.account_id, outcome.reason) == ("u1", LinkReason.ASKED_MOBILE)
    assert evidence(outcome)["u1"].asked


def test_an_equal_mobile_decides_even_where_the_email_belongs_to_another() -> None:
    outcome = decide(
        person(mobile=M, email=EMAIL),
        account("u1", mobile=M),
        account("u2", email=EMAIL),
    )

    assert isinstance(outcome, LinkAccount)
    assert outcome.account_id == "u1"
    assert evidence(outcome)["u2"].email is Agreement.EQUAL


def test_a_seen_mobile_is_newer_than_what_wecom_was_asked() -> None:
    outcome = decide(
        person(mobile=M, asked=[N]), account("u1", mobile=M), account("u2", mobile=N)
    )

    assert isinstance(outcome, LinkAccount)
    assert outcome.account_id == "u1"


def test_an_answer_about_a_mobile_that_the_account_had_is_worth_nothing() -> None:
    outcome = decide(person(asked=[M]), account("u1", mobile=N))

    assert outcome == AskMember(kind=NoticeKind.LINK, reason=LinkReason.NOT_VISIBLE)


# Registered, but the mobile differs or is missing there.


@pytest.mark.parametrize(("origin", "kind"), BY_WAY)
@pytest.mark.parametrize(
    ("mobile_there", "agreement"),
    [(N, Agreement.DIFFERS), (None, Agreement.ACCOUNT_HAS_NONE)],
)
def test_an_email_never_links_but_names_the_account_to_suggest(
    origin: CompanyOrigin,
    kind: NoticeKind,
    mobile_there: str | None,
    agreement: Agreement,
) -> None:
    outcome = decide(
        person(mobile=M, email=EMAIL),
        account("u1", mobile=mobile_there, email=EMAIL),
        under=rules(origin=origin, unmatched=Unmatched.CREATE),
    )

    assert isinstance(outcome, AskMember)
    assert (outcome.kind, outcome.reason) == (kind, LinkReason.EMAIL_ONLY)
    assert evidence(outcome)["u1"].mobile is agreement
    assert evidence(outcome)["u1"].email is Agreement.EQUAL


def test_an_email_does_not_link_where_the_mobile_is_not_visible_either() -> None:
    outcome = decide(person(email=EMAIL), account("u1", mobile=M, email=EMAIL))

    assert isinstance(outcome, AskMember)
    assert evidence(outcome)["u1"].mobile is Agreement.NOT_VISIBLE


# No account matches.


@pytest.mark.parametrize("origin", WAYS)
@pytest.mark.parametrize("shown", [M, ""])
def test_nobody_with_visible_details_gets_an_account(
    origin: CompanyOrigin, shown: str
) -> None:
    outcome = decide(
        person(mobile=shown, email=EMAIL),
        account("u1", mobile=N, email="other@example.com"),
        under=rules(origin=origin),
    )

    assert outcome == CreateAccount(reason=LinkReason.NO_ACCOUNT)


def test_members_without_a_mobile_are_not_equal_to_accounts_without_one() -> None:
    outcome = decide(person(mobile="", email=""), account("u1", mobile="", email=""))

    assert outcome == CreateAccount(reason=LinkReason.NO_ACCOUNT)


@pytest.mark.parametrize(
    ("origin", "unmatched", "created"),
    [
        (CompanyOrigin.TAPD, Unmatched.ASK, False),
        (CompanyOrigin.TAPD, Unmatched.CREATE, True),
        (CompanyOrigin.WECOM, Unmatched.ASK, True),
        (CompanyOrigin.WECOM, Unmatched.CREATE, True),
    ],
)
def test_who_shows_nothing_is_asked_or_gets_an_account(
    origin: CompanyOrigin, unmatched: Unmatched, created: bool
) -> None:
    outcome = decide(
        person(), account("u1"), under=rules(origin=origin, unmatched=unmatched)
    )

    if created:
        assert outcome == CreateAccount(reason=LinkReason.NOT_VISIBLE)
    else:
        assert outcome == AskMember(kind=NoticeKind.LINK, reason=LinkReason.NOT_VISIBLE)


# Several accounts match, or another active member has it.


@pytest.mark.parametrize("origin", WAYS)
@pytest.mark.parametrize(
    "who", [person(mobile=M), person(asked=[M]), person(mobile=N, email=EMAIL)]
)
def test_several_accounts_are_a_conflict_with_evidence_of_each(
    origin: CompanyOrigin, who: Person
) -> None:
    outcome = decide(
        who,
        account("u1", mobile=M, email=EMAIL),
        account("u2", mobile=M, email=EMAIL),
        under=rules(origin=origin),
    )

    assert isinstance(outcome, FlagConflict)
    assert outcome.reason is LinkReason.SEVERAL_ACCOUNTS
    assert list(evidence(outcome)) == ["u1", "u2"]


@pytest.mark.parametrize("origin", WAYS)
@pytest.mark.parametrize(
    "who",
    [
        person(mobile=M),
        person(asked=[M]),
        person(mobile=N, email=EMAIL),
        person(proved="u1"),
    ],
)
def test_an_account_of_another_active_member_is_a_conflict(
    origin: CompanyOrigin, who: Person
) -> None:
    outcome = decide(
        who,
        account("u1", mobile=M, email=EMAIL),
        holders={"u1": 9},
        under=rules(origin=origin),
    )

    assert isinstance(outcome, FlagConflict)
    assert outcome.reason is LinkReason.HELD_BY_ANOTHER
    assert evidence(outcome)["u1"].held_by == 9


def test_whom_a_linked_member_among_them_has_is_held_too() -> None:
    outcome = decide(
        person(mobile=M), account("u1", mobile=M), others=[person(2, linked="u1")]
    )

    assert isinstance(outcome, FlagConflict)
    assert outcome.reason is LinkReason.HELD_BY_ANOTHER


def test_two_members_with_the_mobile_of_one_account_are_both_a_conflict() -> None:
    outcomes = decide_links(
        [person(1, mobile=M), person(2, asked=[M])],
        accounts=[account("u1", mobile=M)],
        holders={},
        rules=rules(),
    )

    for outcome in outcomes.values():
        assert isinstance(outcome, FlagConflict)
        assert outcome.reason is LinkReason.SEVERAL_MEMBERS
    assert evidence(outcomes[MemberPk(1)])["u1"].claimed_by == (2,)


def test_two_members_who_show_one_mobile_get_no_account_each() -> None:
    outcome = decide(person(1, mobile=M), others=[person(2, mobile=M)])

    assert outcome == FlagConflict(reason=LinkReason.SEVERAL_MEMBERS, evidence=())
