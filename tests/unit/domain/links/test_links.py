"""Evidence as it is stored, and outcomes as the decisions that the journal keeps."""

import json

import pytest

from domain.decisions import Decision, DecisionName, Json
from domain.ids import AccountId, MemberPk
from domain.links.linking import decision_of
from domain.links.links import (
    Agreement,
    AskMember,
    CreateAccount,
    FlagConflict,
    Leave,
    Link,
    LinkAccount,
    LinkEvidence,
    LinkReason,
    LinkState,
    NoticeKind,
    Outcome,
    Wait,
)
from tests.support.values.builders import NOON, person

FULL = LinkEvidence(
    account_id=AccountId("u1"),
    mobile=Agreement.EQUAL,
    email=Agreement.DIFFERS,
    asked=True,
    proved=True,
    unlinked=True,
    returned=True,
    held_by=MemberPk(3),
    claimed_by=(MemberPk(4), MemberPk(5)),
)
BARE = LinkEvidence(
    account_id=AccountId("u2"),
    mobile=Agreement.NOT_VISIBLE,
    email=Agreement.MEMBER_HAS_NONE,
)
ASKED = AskMember(kind=NoticeKind.INVITE, reason=LinkReason.EMAIL_ONLY)


def link_after(decision: Decision | None) -> dict[str, Json]:
    assert decision is not None
    link = decision.after["link"]
    assert isinstance(link, dict)
    return link


@pytest.mark.parametrize("evidence", [FULL, BARE])
def test_evidence_is_the_same_after_json(evidence: LinkEvidence) -> None:
    stored = json.dumps(evidence.to_json())

    assert LinkEvidence.from_json(json.loads(stored)) == evidence


@pytest.mark.parametrize(
    "value",
    [
        {},
        BARE.to_json() | {"account_id": None},
        BARE.to_json() | {"mobile": "nearly"},
        BARE.to_json() | {"held_by": "somebody"},
        BARE.to_json() | {"claimed_by": None},
    ],
)
def test_what_is_no_evidence_is_refused(value: dict[str, Json]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has words of its own.
        LinkEvidence.from_json(value)


def test_a_person_shows_no_mobile_when_printed() -> None:
    printed = repr(person(mobile="+8613800000001", email="a@b", asked=["+861"]))

    assert "1380" not in printed
    assert "a@b" not in printed


@pytest.mark.parametrize(
    ("outcome", "name", "state", "account_id", "asks"),
    [
        (
            LinkAccount(
                account_id=AccountId("u1"),
                reason=LinkReason.SEEN_MOBILE,
                evidence=(FULL,),
            ),
            *(DecisionName.LINK_ACCOUNT, "linked", "u1", None),
        ),
        (
            CreateAccount(reason=LinkReason.NO_ACCOUNT),
            *(DecisionName.CREATE_ACCOUNT, "linked", "new", None),
        ),
        (ASKED, DecisionName.ASK_MEMBER, "pending", None, "invite"),
        (
            FlagConflict(reason=LinkReason.SEVERAL_ACCOUNTS, evidence=(FULL, BARE)),
            *(DecisionName.FLAG_CONFLICT, "conflict", None, None),
        ),
    ],
)
def test_an_outcome_becomes_the_decision_of_its_name(
    outcome: Outcome,
    name: DecisionName,
    state: str,
    account_id: str | None,
    asks: str | None,
) -> None:
    decision = decision_of(person(7), outcome, created=AccountId("new"))

    after = link_after(decision)
    assert decision is not None
    assert (decision.name, decision.key) == (name, "member:wo7")
    assert decision.reason == outcome.reason.value
    assert decision.before == {"link": Link().to_json()}
    assert (after["state"], after["account_id"]) == (state, account_id)
    assert (after["asks"], after["reason"]) == (asks, outcome.reason.value)
    assert after["evidence"] == [each.to_json() for each in outcome.evidence]


def test_a_created_account_needs_its_id() -> None:
    with pytest.raises(ValueError, match="id"):
        decision_of(person(), CreateAccount(reason=LinkReason.NO_ACCOUNT))


@pytest.mark.parametrize(
    "outcome",
    [Wait(since=NOON, until=NOON), Leave(reason=LinkReason.LINKED_ALREADY)],
)
def test_what_stays_as_it_is_is_no_decision(outcome: Outcome) -> None:
    assert decision_of(person(), outcome) is None


def test_the_same_outcome_again_is_no_decision() -> None:
    link = Link(
        state=LinkState.PENDING, reason=LinkReason.EMAIL_ONLY, asks=NoticeKind.INVITE
    )
    before = person(mobile="+8613800000001")
    asked = type(before)(member_pk=before.member_pk, userid=before.userid, link=link)

    assert decision_of(asked, ASKED) is None
    assert decision_of(before, ASKED) is not None
