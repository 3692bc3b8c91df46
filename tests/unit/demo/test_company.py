"""The demo says in step only when product and simulator agree row by row."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from demo.company import Addresses, Company, list_differences

COMPANY = Company(
    corp_id="wp1", name="星河科技", members=1, departments=1, installer="wo1"
)
DEPARTMENT = {"department_id": 2, "parent_id": None, "order": 1}
MEMBER = {"userid": "wo1", "departments": [2], "employment": "working"}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Addresses):
    """What the product shows, against one department and one member in truth."""

    shown: dict[str, list[Row]]

    def rows(self, path: str) -> Iterator[Row]:
        yield from self.shown[path.rsplit("/", 1)[1]]

    def truth(self, corp_id: str) -> Row:
        return {"departments": [DEPARTMENT], "members": [MEMBER]}


def told(*, departments: list[Row], members: list[Row]) -> Told:
    return Told(
        simulator="",
        api="",
        api_token="",
        shown={"departments": departments, "members": members},
    )


def test_fields_that_only_the_product_has_do_not_matter() -> None:
    addresses = told(departments=[{**DEPARTMENT, "name": None}], members=[MEMBER])

    assert list_differences(addresses, COMPANY) == []


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([], "wo1 is None"),
        ([{**MEMBER, "departments": []}], "should be"),
        ([MEMBER, {**MEMBER, "userid": "wo2"}], "wo2 is shown but not there"),
    ],
)
def test_whatever_differs_is_told(members: list[Row], said: str) -> None:
    addresses = told(departments=[DEPARTMENT], members=members)

    found = list_differences(addresses, COMPANY)

    assert len(found) == 1
    assert said in found[0]
