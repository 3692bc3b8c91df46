"""What a WeCom admin typed or chose proves nothing about a stranger's account."""

import pytest

from domain.links.links import (
    AskMember,
    CompanyOrigin,
    CreateAccount,
    FlagConflict,
    LinkAccount,
    LinkReason,
    NoticeKind,
)
from tests.support.values.builders import account, person
from tests.support.values.matching import BY_WAY, EMAIL, M, N, decide, evidence, rules

FOREIGN = account("stranger", mobile=M, email=EMAIL, foreign=True)


@pytest.mark.parametrize(("origin", "notice"), BY_WAY)
def test_a_strangers_mobile_typed_for_somebody_who_never_signed_in_links_nobody(
    origin: CompanyOrigin, notice: NoticeKind
) -> None:
    outcome = decide(
        person(mobile=M, activated=False), FOREIGN, under=rules(origin=origin)
    )

    assert outcome == AskMember(kind=notice, reason=LinkReason.UNPROVEN_MOBILE)


def test_the_same_mobile_counts_once_they_have_signed_in() -> None:
    outcome = decide(person(mobile=M), FOREIGN)

    assert isinstance(outcome, LinkAccount)
    assert (outcome.account_id, outcome.reason) == ("stranger", LinkReason.SEEN_MOBILE)


def test_an_account_of_the_company_needs_no_sign_in() -> None:
    outcome = decide(person(mobile=M, activated=False), account("own", mobile=M))

    assert isinstance(outcome, LinkAccount)
    assert outcome.account_id == "own"


def test_the_companys_own_account_is_linked_past_a_strangers_with_that_mobile() -> None:
    outcome = decide(
        person(mobile=M, activated=False), account("own", mobile=M), FOREIGN
    )

    assert isinstance(outcome, LinkAccount)
    assert outcome.account_id == "own"
    assert set(evidence(outcome)) == {"own"}


def test_a_strangers_email_is_not_even_suggested_to_who_never_signed_in() -> None:
    outcome = decide(person(email=EMAIL, activated=False), FOREIGN)

    assert isinstance(outcome, AskMember)
    assert outcome.evidence == ()


def test_an_answer_of_wecoms_is_about_the_companys_accounts_alone() -> None:
    outcome = decide(person(asked=[M]), account("own", mobile=M), FOREIGN)

    assert isinstance(outcome, LinkAccount)
    assert (outcome.account_id, outcome.reason) == ("own", LinkReason.ASKED_MOBILE)


def test_a_mobile_typed_for_another_keeps_its_owner_from_nothing() -> None:
    impostor = person(2, mobile=M, activated=False)

    outcome = decide(person(1, mobile=M), FOREIGN, others=[impostor])

    assert isinstance(outcome, LinkAccount)
    assert outcome.account_id == "stranger"


@pytest.mark.parametrize("activated", [True, False])
def test_the_match_desk_gives_nobody_a_strangers_account(activated: bool) -> None:
    outcome = decide(
        person(mobile=N, resolved="stranger", activated=activated), FOREIGN
    )

    assert isinstance(outcome, CreateAccount)
    assert outcome.reason is LinkReason.NO_ACCOUNT


def test_a_choice_of_a_strangers_account_stands_in_no_owners_way() -> None:
    chosen = person(2, mobile=N, resolved="stranger")

    outcome = decide(person(1, mobile=M), FOREIGN, others=[chosen])

    assert isinstance(outcome, LinkAccount)
    assert outcome.account_id == "stranger"


def test_the_match_desk_chooses_among_the_companys_accounts() -> None:
    outcome = decide(person(mobile=N, resolved="own"), account("own"))

    assert isinstance(outcome, LinkAccount)
    assert (outcome.account_id, outcome.reason) == ("own", LinkReason.RESOLVED)


def test_the_owners_own_proof_counts_for_any_account() -> None:
    outcome = decide(person(mobile=N, proved="stranger", activated=False), FOREIGN)

    assert isinstance(outcome, LinkAccount)
    assert (outcome.account_id, outcome.reason) == ("stranger", LinkReason.OWN_PROOF)


def test_two_accounts_of_one_mobile_stay_a_conflict_for_who_has_signed_in() -> None:
    outcome = decide(person(mobile=M), account("own", mobile=M), FOREIGN)

    assert isinstance(outcome, FlagConflict)
    assert outcome.reason is LinkReason.SEVERAL_ACCOUNTS
