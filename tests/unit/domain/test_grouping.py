"""Decisions that are one change read as one."""

from domain.decisions import DecisionName, Json
from domain.grouping import Step, StepGroup, group
from domain.ids import Key


def step(
    name: DecisionName,
    key: str,
    *,
    before: dict[str, Json] | None = None,
    after: dict[str, Json] | None = None,
    reason: str = "full_read",
    held: bool = False,
) -> Step:
    return Step(
        name=name,
        key=Key(key),
        before=before or {},
        after=after or {},
        reason=reason,
        held=held,
    )


def moved(userid: str, before: list[Json], after: list[Json]) -> Step:
    return step(
        DecisionName.MOVE_MEMBER,
        f"member:{userid}",
        before={"departments": before, "orders": [0] * len(before)},
        after={"departments": after, "orders": [1] * len(after)},
    )


def main(userid: str, before: int, after: int) -> Step:
    return step(
        DecisionName.SET_MAIN,
        f"member:{userid}",
        before={"main_department": before},
        after={"main_department": after},
    )


def test_hundreds_who_move_alike_are_one_group() -> None:
    steps = [
        each
        for number in range(300)
        for each in (moved(f"wo{number}", [5], [9]), main(f"wo{number}", 5, 9))
    ]

    [one] = group(steps)

    assert one == StepGroup(
        names=("MoveMember", "SetMain"),
        reasons=("full_read",),
        before={"departments": [5], "main_department": 5},
        after={"departments": [9], "main_department": 9},
        held=False,
        count=300,
        keys=tuple(Key(f"member:wo{number}") for number in range(5)),
    )


def test_other_departments_of_a_person_do_not_make_another_move() -> None:
    [one] = group([moved("woA", [5], [9]), moved("woB", [5, 12], [9, 12])])

    assert (one.count, one.before, one.after) == (
        2,
        {"departments": [5]},
        {"departments": [9]},
    )


def test_another_way_another_reason_or_a_hold_is_another_group() -> None:
    removed = DecisionName.REMOVE_MEMBER
    groups = group(
        [
            moved("woA", [5], [9]),
            moved("woB", [5], [8]),
            step(removed, "member:woC", reason="out_of_scope"),
            step(removed, "member:woD", reason="confirmed_by_listing"),
            step(removed, "member:woE", reason="out_of_scope", held=True),
        ]
    )

    assert [each.count for each in groups] == [1] * 5
    assert [each.held for each in groups] == [False] * 4 + [True]


def test_a_department_and_a_person_are_never_one_group() -> None:
    groups = group(
        [
            step(DecisionName.ADD_DEPARTMENT, "department:5", after={"parent_id": 1}),
            step(DecisionName.ADD_DEPARTMENT, "department:6", after={"parent_id": 1}),
            step(DecisionName.ADD_MEMBER, "member:5"),
        ]
    )

    assert [(each.names, each.count) for each in groups] == [
        (("AddDepartment",), 2),
        (("AddMember",), 1),
    ]


def test_those_who_are_asked_for_the_same_reason_are_one_group() -> None:
    asked = [
        step(
            DecisionName.ASK_MEMBER,
            f"member:{each}",
            after={
                "link": {
                    "state": "pending",
                    "reason": "details_hidden",
                    "asks": "link",
                    "evidence": [{"account_id": each}],
                }
            },
        )
        for each in ("woA", "woB")
    ]

    [one] = group(asked)

    assert one.count == 2
    assert one.after == {
        "link": {"state": "pending", "reason": "details_hidden", "asks": "link"}
    }
