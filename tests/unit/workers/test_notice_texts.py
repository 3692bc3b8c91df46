"""What notices and cards say, within WeCom's limits and in both languages."""

import pytest

from domain.ids import CorpPk, Userid
from domain.links.links import NoticeKind
from domain.reasons import Reason
from domain.reconcile.guard import RemovalKind
from domain.states import PlanState
from store.notices.cards import PlanFacts
from workers.notices.texts import (
    Pressed,
    decided_card,
    plan_card,
    question,
    refused_card,
)

URL = "https://sync.example.com/link/token"
HASH = "a" * 64


def facts(**changes: object) -> PlanFacts:
    usual: dict[str, object] = {
        "plan_id": "8c5d3c0e-8e9f-4d53-9d6a-1b2c3d4e5f60",
        "corp_pk": CorpPk(1),
        "kind": "members",
        "state": "held",
        "hash": HASH,
        "decided_by": None,
        "removals": 100_000,
        "reason": "out_of_scope",
    }
    return PlanFacts(**(usual | changes))  # type: ignore[arg-type] # Of the usual types.


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_question_names_the_company_in_both_languages(kind: NoticeKind) -> None:
    message = question(kind, company="云帆科技", url=URL)

    said = str(message.content["description"])
    assert said.count("云帆科技") == 2
    assert " · " in str(message.content["title"])
    assert message.content["url"] == URL


def test_a_company_cannot_put_links_or_names_into_our_words() -> None:
    trick = '<a href="http://evil">x</a> $userName=woBoss$'

    said = str(question("link", company=trick, url=URL).content["description"])

    assert "<a" not in said
    assert "$userName" not in said


def test_the_longest_company_fits_with_its_inviter() -> None:
    message = question(
        "invite", company="长" * 500, url=URL, invited_by=Userid("wo" + "x" * 60)
    )

    assert str(message.content["description"]).count("$userName=") == 2


@pytest.mark.parametrize("kind", RemovalKind)
@pytest.mark.parametrize("reason", ["", *Reason])
def test_a_card_says_how_many_and_why_and_fits(kind: RemovalKind, reason: str) -> None:
    card = plan_card(facts(kind=kind.value, reason=reason), task_id="batch").content

    heading = card["main_title"]
    assert isinstance(heading, dict)
    assert "100000" in heading["title"]
    assert card["task_id"] == "batch"


def test_a_button_brings_back_plan_and_hash() -> None:
    card = plan_card(facts(), task_id="batch").content

    buttons = card["button_list"]
    assert isinstance(buttons, list)
    pressed = [Pressed.parse(each["key"]) for each in buttons]
    assert [each and (each.verb, each.hash) for each in pressed] == [
        ("approve", HASH),
        ("reject", HASH),
    ]


@pytest.mark.parametrize(
    "key", ["", "approve", "approve:p", "delete:p:h", "approve::h", "approve:p:h:x"]
)
def test_a_key_of_another_form_is_no_button_of_ours(key: str) -> None:
    assert Pressed.parse(key) is None


@pytest.mark.parametrize(
    "state", [PlanState.APPROVED, PlanState.REJECTED, PlanState.SUPERSEDED]
)
@pytest.mark.parametrize("by", [None, "api", "cli", "woAdmin"])
def test_afterwards_the_card_says_what_was_decided_and_by_whom(
    state: str, by: str | None
) -> None:
    card = decided_card(facts(state=state, decided_by=by), url=URL).content

    shown = str(card)
    assert ("$userName=woAdmin$" in shown) == (by == "woAdmin")
    assert card["card_type"] == "text_notice"


def test_who_may_not_decide_is_told_so() -> None:
    assert "管理员" in str(refused_card(url=URL).content["sub_title_text"])
