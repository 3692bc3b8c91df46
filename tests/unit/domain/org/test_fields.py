"""Values and the fields of decisions and journal."""

import pytest

from domain.decisions import Json
from domain.ids import DepartmentId, Userid
from domain.org.fields import (
    BadFields,
    department_fields,
    department_from_fields,
    member_fields,
    member_from_fields,
)
from domain.org.org import Activation
from tests.support.values.builders import department, member

ZHANG = Userid("woZhang")


def test_a_member_has_the_fields_of_the_interface() -> None:
    shown = member_fields(
        member(
            open_userid="oZhang",
            activation=Activation.QUIT,
            departments={7: None, 2: 100},
            leads=[7, 2],
            leaders=["woLi"],
            details={"mobile": "1"},
            grounds=["tag:5", "direct"],
        )
    )

    assert shown == {
        "userid": "woZhang",
        "open_userid": "oZhang",
        "name": None,
        "activation": "quit",
        "employment": "left",
        "departments": [2, 7],
        "orders": [100, None],
        "main_department": 2,
        "leads": [2, 7],
        "direct_leaders": ["woLi"],
        "details": {"mobile": "1"},
        "grounds": ["direct", "tag:5"],
    }


def test_what_is_not_visible_stays_null() -> None:
    shown = member_fields(member(activation=None, leads=None, leaders=None, main=None))

    names = ["activation", "leads", "direct_leaders", "main_department"]
    assert [shown[each] for each in names] == [None] * 4
    assert shown["employment"] == "working"


def test_the_key_names_the_member_after_a_rename() -> None:
    read = member_from_fields(Userid("woNew"), member_fields(member("woOld")))

    assert read == member("woNew")


def test_a_department_has_the_fields_of_the_interface() -> None:
    shown = department_fields(department(7, parent=2, order=4294967040))

    assert shown == {
        "department_id": 7,
        "parent_id": 2,
        "order": 4294967040,
        "name": None,
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 7),
        ("departments", "2"),
        ("departments", [None]),
        ("departments", [True]),
        ("orders", []),
        ("orders", ["1"]),
        ("main_department", "2"),
        ("leads", [None]),
        ("direct_leaders", [7]),
        ("details", []),
        ("details", {"mobile": 1}),
        ("grounds", None),
    ],
)
def test_a_field_of_another_type_is_refused(field: str, value: Json) -> None:
    broken = member_fields(member()) | {field: value}

    with pytest.raises(BadFields, match=r"departments|" + field):
        member_from_fields(ZHANG, broken)


def test_a_missing_field_is_refused() -> None:
    broken = department_fields(department())
    del broken["order"]

    with pytest.raises(BadFields, match="order is missing"):
        department_from_fields(DepartmentId(2), broken)
