"""Decisions are exactly the difference: none for none, and together all of it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from domain.org.fields import (
    department_fields,
    department_from_fields,
    member_fields,
    member_from_fields,
)
from domain.org.fingerprint import department_fingerprint, member_fingerprint
from domain.org.org import Department, Member, Org
from domain.org.replay import replay
from domain.reasons import Reason
from domain.reconcile.departments import decide_department
from domain.reconcile.members import decide_member
from tests.support.values import strategies
from tests.support.values.builders import lines, stored

EVENT = Reason.EVENT

neighbours = st.tuples(strategies.members, strategies.members).map(
    lambda both: (both[0], replace(both[1], userid=both[0].userid))
)


@given(strategies.members)
def test_what_is_stored_and_seen_again_needs_nothing(member: Member) -> None:
    assert decide_member(stored(member), member, reason=EVENT) == ()


@given(strategies.departments)
def test_a_department_seen_again_needs_nothing(department: Department) -> None:
    assert decide_department(department, department, reason=EVENT) == ()


@given(strategies.members, strategies.members)
def test_the_decisions_lead_from_stored_to_observed(old: Member, new: Member) -> None:
    added = decide_member(None, old, reason=EVENT)

    changed = decide_member(stored(old), new, reason=EVENT)

    org = replay(lines((*added, *changed)))
    assert org == Org(departments={}, members={new.userid: new})


@given(neighbours)
def test_every_decision_changes_each_field_that_it_names(
    both: tuple[Member, Member],
) -> None:
    old, new = both

    for decision in decide_member(stored(old), new, reason=EVENT):
        assert decision.before.keys() == decision.after.keys()
        assert all(
            decision.before[each] != decision.after[each] for each in decision.after
        )


@given(neighbours)
def test_fingerprints_differ_exactly_when_there_is_something_to_decide(
    both: tuple[Member, Member],
) -> None:
    old, new = both

    decisions = decide_member(stored(old), new, reason=EVENT)

    same = member_fingerprint(old) == member_fingerprint(new)
    assert same == (not decisions)


@given(strategies.departments, strategies.departments)
def test_fingerprints_of_departments_differ_exactly_when_they_do(
    old: Department, new: Department
) -> None:
    same = department_fingerprint(old) == department_fingerprint(new)

    assert same == (old == new)


@given(strategies.members)
def test_a_member_survives_its_fields(member: Member) -> None:
    assert member_from_fields(member.userid, member_fields(member)) == member


@given(strategies.departments)
def test_a_department_survives_its_fields(department: Department) -> None:
    read = department_from_fields(
        department.department_id, department_fields(department)
    )

    assert read == department
