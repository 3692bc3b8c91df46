"""The one function that says whether two states differ."""

import pytest

from domain.org.fingerprint import department_fingerprint, member_fingerprint
from domain.org.org import Activation, Department, Member
from tests.support.values.builders import department, member


def test_it_has_sixteen_bytes() -> None:
    assert len(member_fingerprint(member())) == 16
    assert len(department_fingerprint(department())) == 16


def test_it_stays_the_same_between_releases() -> None:
    known = member_fingerprint(member())

    assert known.hex() == "fbb0b33cacc43c189b42151aaf1cbbf4"


@pytest.mark.parametrize(
    "changed",
    [
        member("woZhanG"),
        member(open_userid="oZhang"),
        member(open_userid=""),
        member(name="woZhang"),
        member(name=""),
        member(activation=Activation.DISABLED),
        member(activation=None),
        member(departments=[3]),
        member(departments={2: 1}),
        member(departments={2: None}),
        member(departments=[]),
        member(main=None),
        member(leads=[]),
        member(leads=[2]),
        member(leaders=[]),
        member(leaders=["woLi"]),
        member(details={"mobile": "1"}),
        member(grounds=[]),
        member(grounds=["direct"]),
    ],
)
def test_every_field_of_a_member_counts(changed: Member) -> None:
    assert member_fingerprint(changed) != member_fingerprint(member())


def test_null_is_not_empty() -> None:
    assert member_fingerprint(member(leads=None)) != member_fingerprint(
        member(leads=[])
    )
    assert member_fingerprint(member(name=None)) != member_fingerprint(member(name=""))


@pytest.mark.parametrize(
    "changed",
    [
        department(3),
        department(parent=None),
        department(order=None),
        department(order=0),
        department(name=""),
    ],
)
def test_every_field_of_a_department_counts(changed: Department) -> None:
    assert department_fingerprint(changed) != department_fingerprint(department())
