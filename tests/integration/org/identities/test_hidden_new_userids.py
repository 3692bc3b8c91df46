"""A new userid of which WeCom says that we may not see its bearer: that is news."""

from dataclasses import replace

import pytest

from tests.support.org.histories import HOME, TEAM
from tests.support.org.identities import Known, renamed, unsubscribed
from tests.support.org.pipeline import Bench, Event, said
from tests.support.wecom.fakes import OUTSIDE, refused


def renamed_out(one: Known, old: str, new: str) -> None:
    """Somebody gets a new userid in a department that we may not see."""
    one.rename(old, new)
    after = one.truth.copy()
    after.people[new] = replace(after.people[new], departments={4: 0}, main=4)
    one.replace_truth(after)


@pytest.mark.parametrize(
    "others",
    [
        [],
        [said("update_user", "member:woA2", second=2, departments=[])],
        [unsubscribed("woA2", second=2)],
        [unsubscribed("woA", second=1)],
    ],
)
def test_whoever_left_with_a_new_userid_is_gone_at_once_and_known_by_it(
    bench: Bench, others: list[Event]
) -> None:
    one = Known.of(bench)
    before = one.active("woA").member_pk
    renamed_out(one, "woA", "woA2")

    for each in (renamed("woA", "woA2"), *others):
        bench.post(one.tenant, each)
    bench.drain(one.tenant)

    assert {state for state, _ in one.outcomes()} <= {"done", "folded"}
    gone = one.removed("woA2")
    assert (gone.member_pk, gone.removal) == (before, "scope")
    one.assert_in_step()


def test_a_chain_that_ends_out_of_our_sight_is_settled_at_once(bench: Bench) -> None:
    one = Known.of(bench)
    before = one.active("woA").member_pk
    one.rename("woA", "woA1")
    renamed_out(one, "woA1", "woA2")

    bench.post(one.tenant, renamed("woA1", "woA2", second=2))
    bench.post(one.tenant, renamed("woA", "woA1"))
    bench.drain(one.tenant)

    assert {state for state, _ in one.outcomes()} == {"done"}
    assert one.removed("woA2").member_pk == before
    one.assert_in_step()


def test_where_the_event_says_that_they_are_in_sight_the_refusal_is_late(
    bench: Bench,
) -> None:
    one = Known.of(bench)
    before = one.active("woA").member_pk
    one.rename("woA", "woA2")
    one.tenant.world.faults["member:woA2"] = refused(OUTSIDE)

    bench.post(one.tenant, renamed("woA", "woA2", departments=[TEAM]))
    bench.drain(one.tenant)
    waiting = one.outcomes(), one.lines()
    one.tenant.world.faults.clear()
    bench.settle(one.tenant)

    assert waiting == ([("pending", None)], [])
    assert one.active("woA2").member_pk == before
    one.assert_in_step()


@pytest.mark.parametrize("old_list", [False, True])
def test_nobody_is_removed_whom_a_list_names_by_either_userid(
    bench: Bench, old_list: bool
) -> None:
    one = Known.of(bench)
    before = one.active("woA").member_pk
    one.rename("woA", "woA2")
    one.tenant.world.faults["member:woA2"] = refused(OUTSIDE)
    one.tenant.world.stale = lambda question: old_list and question == f"list:{TEAM}"

    bench.post(one.tenant, renamed("woA", "woA2"))
    bench.drain(one.tenant)
    one.tenant.world.stale = lambda _: False
    one.tenant.world.faults.clear()
    bench.settle(one.tenant)

    assert "RemoveMember" not in {name for name, _, _ in one.lines()}
    assert one.active("woA2").member_pk == before
    one.read()
    one.assert_in_step()


def test_a_run_that_hears_of_it_waits_for_nothing(bench: Bench) -> None:
    one = Known.of(bench)
    before = one.active("woA").member_pk
    renamed_out(one, "woA", "woA2")
    bench.post(one.tenant, renamed("woA", "woA2"))

    one.read()

    assert one.removed("woA2").member_pk == before
    one.assert_in_step()


def test_who_comes_back_under_the_new_userid_is_themselves(bench: Bench) -> None:
    one = Known.of(bench)
    before = one.active("woA")
    renamed_out(one, "woA", "woA2")
    one.tell(renamed("woA", "woA2"))
    after = one.truth.copy()
    after.people["woA2"] = replace(after.people["woA2"], departments={HOME: 0})
    one.replace_truth(after)

    one.tell(said("subscribe", "member:woA2", second=9))

    assert one.active("woA2").member_pk == before.member_pk
    assert one.active("woA2").account_id == before.account_id
    one.assert_in_step()
