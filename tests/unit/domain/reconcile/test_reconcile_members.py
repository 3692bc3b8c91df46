"""What a member's difference orders."""

import pytest

from domain.decisions import Decision, DecisionName
from domain.ids import Userid
from domain.org.fields import member_fields
from domain.org.org import Activation, Member, RemovalCause
from domain.reasons import Reason
from domain.reconcile.leavers import LeftInPlace, Removal
from domain.reconcile.members import (
    ReturnProof,
    decide_member,
    leave_in_place,
    remove_member,
    rename_userid,
)
from tests.support.values.builders import member, stored

EVENT = Reason.EVENT
ACTIVE = {"state": "active", "removal": None}


def decide(old: Member, new: Member) -> tuple[Decision, ...]:
    return decide_member(stored(old), new, reason=EVENT)


def test_somebody_usable_and_unknown_is_added_with_all_their_fields() -> None:
    (decision,) = decide_member(None, member(), reason=EVENT)

    assert decision.name is DecisionName.ADD_MEMBER
    assert decision.key == "member:woZhang"
    assert decision.before == {}
    assert decision.after == member_fields(member()) | ACTIVE


def test_somebody_unknown_and_disabled_is_added_as_left() -> None:
    newcomer = member(activation=Activation.DISABLED)

    (decision,) = decide_member(None, newcomer, reason=EVENT)

    assert decision.name is DecisionName.ADD_MEMBER
    assert decision.after["employment"] == "left"


def test_the_same_member_needs_nothing() -> None:
    assert decide(member(), member()) == ()


@pytest.mark.parametrize(
    ("new", "name", "before", "after"),
    [
        (member(name="x"), DecisionName.RENAME_MEMBER, {"name": None}, {"name": "x"}),
        (
            member(departments=[3, 7]),
            DecisionName.MOVE_MEMBER,
            {"departments": [2], "orders": [0]},
            {"departments": [3, 7], "orders": [0, 0]},
        ),
        (
            member(departments={2: 9}),
            DecisionName.REORDER_MEMBER,
            {"orders": [0]},
            {"orders": [9]},
        ),
        (
            member(main=None),
            DecisionName.SET_MAIN,
            {"main_department": 2},
            {"main_department": None},
        ),
        (member(leads=[]), DecisionName.SET_LEADS, {"leads": None}, {"leads": []}),
        (
            member(leaders=["woLi"]),
            DecisionName.SET_DIRECT_LEADER,
            {"direct_leaders": None},
            {"direct_leaders": ["woLi"]},
        ),
        (
            member(details={"mobile": "1"}),
            DecisionName.SET_DETAILS,
            {"details": {}},
            {"details": {"mobile": "1"}},
        ),
        (
            member(open_userid="o"),
            DecisionName.SET_DETAILS,
            {"open_userid": None},
            {"open_userid": "o"},
        ),
        (
            member(grounds=["direct"]),
            DecisionName.SET_GROUNDS,
            {"grounds": ["department:1"]},
            {"grounds": ["direct"]},
        ),
        (
            member(activation=Activation.DISABLED),
            DecisionName.MARK_LEFT,
            {"activation": "active", "employment": "working"},
            {"activation": "disabled", "employment": "left"},
        ),
        (
            member(activation=Activation.PENDING),
            DecisionName.SET_DETAILS,
            {"activation": "active"},
            {"activation": "pending"},
        ),
    ],
)
def test_each_kind_of_difference_has_its_decision(
    new: Member, name: DecisionName, before: object, after: object
) -> None:
    (decision,) = decide(member(), new)

    assert (decision.name, decision.before, decision.after) == (name, before, after)


@pytest.mark.parametrize("gone", [Activation.DISABLED, Activation.QUIT])
def test_a_disabled_or_quit_member_is_marked_left(gone: Activation) -> None:
    (decision,) = decide(member(), member(activation=gone))

    assert decision.name is DecisionName.MARK_LEFT


@pytest.mark.parametrize("back", [Activation.ACTIVE, Activation.PENDING])
def test_a_member_enabled_again_is_marked_working(back: Activation) -> None:
    (decision,) = decide(
        member(activation=Activation.DISABLED), member(activation=back)
    )

    assert decision.name is DecisionName.MARK_WORKING
    assert decision.after == {"activation": back.value, "employment": "working"}


def test_disabled_and_then_quit_changes_no_employment() -> None:
    (decision,) = decide(
        member(activation=Activation.DISABLED), member(activation=Activation.QUIT)
    )

    assert decision.name is DecisionName.SET_DETAILS


def test_several_differences_are_several_decisions() -> None:
    decisions = decide(
        member(), member(departments=[3], main=3, activation=Activation.QUIT)
    )

    assert [each.name for each in decisions] == [
        DecisionName.MOVE_MEMBER,
        DecisionName.SET_MAIN,
        DecisionName.MARK_LEFT,
    ]


def test_a_member_found_by_an_alias_is_renamed_first() -> None:
    decisions = decide(member("woOld"), member("woNew", name="x"))

    assert [(each.name, each.key) for each in decisions] == [
        (DecisionName.RENAME_USERID, "member:woOld"),
        (DecisionName.RENAME_MEMBER, "member:woNew"),
    ]


def test_a_removal_keeps_all_that_is_lost() -> None:
    removal = Removal(cause=RemovalCause.DELETION, reason=Reason.DELETED_BY_EVENT)

    decision = remove_member(stored(member()), removal)

    assert decision.name is DecisionName.REMOVE_MEMBER
    assert decision.before == member_fields(member()) | ACTIVE
    assert decision.after == {"state": "removed", "removal": "deletion"}
    assert decision.reason == "deleted_by_event"


def test_somebody_back_in_scope_is_restored_with_what_they_are_now() -> None:
    tombstone = stored(member(), removed=RemovalCause.SCOPE)

    (decision,) = decide_member(tombstone, member(name="x"), reason=EVENT)

    assert decision.name is DecisionName.RESTORE_MEMBER
    assert decision.before["state"] == "removed"
    assert decision.before["removal"] == "scope"
    assert decision.after == member_fields(member(name="x")) | ACTIVE
    assert decision.reason == "returned_to_scope"


def test_somebody_deleted_and_back_is_a_new_person() -> None:
    tombstone = stored(member(), removed=RemovalCause.DELETION)

    (decision,) = decide_member(tombstone, member(), reason=EVENT)

    assert decision.name is DecisionName.ADD_MEMBER
    assert decision.reason == "returned_unproven"


def test_somebody_deleted_and_proved_the_same_is_restored() -> None:
    tombstone = stored(member(), removed=RemovalCause.DELETION)

    (decision,) = decide_member(
        tombstone, member(), reason=EVENT, returning=ReturnProof.PROVEN
    )

    assert decision.name is DecisionName.RESTORE_MEMBER
    assert decision.reason == "returned_proven"


def test_somebody_disabled_whom_reads_refuse_is_marked_left() -> None:
    (decision,) = leave_in_place(
        stored(member()), LeftInPlace(activation=Activation.QUIT)
    )

    assert decision.name is DecisionName.MARK_LEFT
    assert decision.reason == "refused_while_left"


def test_somebody_known_to_be_disabled_stays_as_they_are() -> None:
    known = stored(member(activation=Activation.DISABLED))

    assert leave_in_place(known, LeftInPlace(activation=Activation.DISABLED)) == ()


def test_a_rename_is_one_decision_per_step() -> None:
    path = [Userid("a"), Userid("b"), Userid("c")]

    decisions = rename_userid(path, reason=Reason.USERID_CLAIMED)

    assert [(each.key, each.before, each.after) for each in decisions] == [
        ("member:a", {"userid": "a"}, {"userid": "b"}),
        ("member:b", {"userid": "b"}, {"userid": "c"}),
    ]
