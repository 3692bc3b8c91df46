"""A journal line in plain words, in both languages, for every decision."""

from datetime import UTC, datetime

import pytest

from domain.decisions import DecisionName
from store.org.journal import JournalLine
from texts.catalogue import LANGUAGES
from web.console.words import Names, describe, mentioned

NAMES = Names(departments={2: "Sales", 3: "Support"}, members={"zhang": "Zhang"})


def line(decision: str, key: str = "member:zhang", **fields: object) -> JournalLine:
    values: dict[str, object] = {
        "line_id": 1,
        "at": datetime(2026, 1, 1, tzinfo=UTC),
        "cause": "mail",
        "run_id": None,
        "reason": "event",
        "before": {},
        "after": {},
        **fields,
    }
    return JournalLine(decision=decision, key=key, **values)  # type: ignore[arg-type]  # - values by name


@pytest.mark.parametrize("tag", LANGUAGES)
@pytest.mark.parametrize("decision", DecisionName)
def test_every_decision_can_be_told_without_any_field(
    decision: DecisionName, tag: str
) -> None:
    key = "department:2" if "Department" in decision else "member:zhang"

    text = describe(line(decision, key), NAMES, tag=tag)

    assert "{" not in text
    assert text == text.strip()


def test_a_move_names_both_departments() -> None:
    moved = line("MoveMember", before={"departments": [2]}, after={"departments": [3]})

    assert describe(moved, NAMES, tag="en") == "Zhang moved from Sales to Support"
    assert describe(moved, NAMES, tag="zh-CN") == "Zhang 由 Sales 调到 Support"


def test_several_departments_are_listed() -> None:
    joined = line("AddMember", after={"departments": [2, 3]})

    assert describe(joined, NAMES, tag="en") == "Zhang joined: Sales, Support"
    assert describe(joined, NAMES, tag="zh-CN") == "Zhang 加入：Sales、Support"


def test_somebody_who_joins_without_a_department_just_joins() -> None:
    joined = line("AddMember", after={"departments": []})

    assert describe(joined, NAMES, tag="en") == "Zhang joined"


def test_where_no_name_is_known_the_id_stands() -> None:
    moved = line(
        "MoveMember",
        key="member:woABC",
        before={"departments": [77]},
        after={"departments": [2]},
    )

    text = describe(moved, NAMES, tag="en")

    assert text == "woABC moved from department 77 to Sales"


def test_a_department_below_none_was_just_added() -> None:
    added = line("AddDepartment", key="department:2", after={"parent_id": 0})

    assert describe(added, NAMES, tag="en") == "Department Sales was added"


def test_leaders_are_named() -> None:
    told = line("SetDirectLeader", after={"direct_leaders": ["zhang", "li"]})

    assert describe(told, NAMES, tag="en") == "Zhang reports to: Zhang, li"


def test_a_name_with_braces_is_only_a_name() -> None:
    renamed = line("RenameMember", before={"name": "{old}"}, after={"name": "{who}"})

    assert describe(renamed, NAMES, tag="en") == "{old} is called {who} now"


def test_the_names_that_lines_need_are_collected() -> None:
    lines = [
        line("MoveMember", before={"departments": [2]}, after={"departments": [5]}),
        line("MoveDepartment", key="department:9", after={"parent_id": 0}),
        line("SetDirectLeader", after={"direct_leaders": ["li"]}),
    ]

    assert mentioned(lines) == ([2, 5, 9], ["li", "zhang"])
