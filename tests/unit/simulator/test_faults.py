"""Rules of misbehaviour: when they strike."""

from typing import Any

import pytest

from simulator.faults import Fault, Faults, Kind


def rules(**values: Any) -> Faults:
    faults = Faults()
    faults.add(Fault(fault_id="f1", **values))
    return faults


def test_a_rule_strikes_as_often_as_it_was_told() -> None:
    faults = rules(kind=Kind.BUSY, count=2)

    hits = [faults.for_answer("user/get", None) is not None for _ in range(4)]

    assert hits == [True, True, False, False]


def test_a_share_is_spread_evenly() -> None:
    faults = rules(kind=Kind.BUSY, share=0.25)

    hits = [faults.for_answer("user/get", None) is not None for _ in range(8)]

    assert hits == [False, False, False, True] * 2


@pytest.mark.parametrize(
    ("endpoint", "corp_id", "struck"),
    [
        ("user/list", "wpA", True),
        ("user/list", "wpB", False),
        ("tag/get", "wpA", False),
    ],
)
def test_a_rule_keeps_to_its_corp_and_pattern(
    endpoint: str, corp_id: str, struck: bool
) -> None:
    faults = rules(kind=Kind.BUSY, match="user/*", corp_id="wpA")

    assert (faults.for_answer(endpoint, corp_id) is not None) is struck


def test_rules_for_pushes_leave_answers_alone() -> None:
    faults = rules(kind=Kind.DROP)

    assert faults.for_answer("user/get", None) is None
    assert [one.kind for one in faults.for_push("update_user", None)] == [Kind.DROP]
