"""A userid that gets another bearer: two people, whatever order the news comes in."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from domain.ids import Userid
from domain.org.fingerprint import member_fingerprint
from domain.reconcile.guard import RemovalKind
from store.installs.visitors import find_named
from store.runs import approvals, plans
from tests.support.org.guarding import guarded
from tests.support.org.histories import TEAM
from tests.support.org.identities import (
    STRANGER,
    Known,
    created,
    deleted,
    renamed,
    unsubscribed,
)
from tests.support.org.pipeline import Bench, said
from tests.support.wecom.fakes import Person

AFTERWARDS = [
    pytest.param(
        (
            deleted("woA", open_userid="oA"),
            created("woA", open_userid=STRANGER),
        ),
        id="in one burst",
    ),
    pytest.param((created("woA"), deleted("woA", second=2)), id="in the other order"),
    pytest.param((created("woA", open_userid=STRANGER),), id="without the deletion"),
    pytest.param((said("update_user", "member:woA", second=3),), id="by a mere hint"),
    pytest.param((), id="without any news"),
]


@pytest.mark.parametrize("news", AFTERWARDS)
def test_the_new_bearer_is_somebody_else(
    bench: Bench, news: tuple[object, ...]
) -> None:
    one = Known.of(bench)
    before = one.active("woA")
    one.hand_on("woA")

    one.tell(*news)  # type: ignore[arg-type]  # events, as parametrized.
    one.read()

    now = one.active("woA")
    assert now.member_pk != before.member_pk
    assert now.account_id != before.account_id
    assert one.removed("woA").removal == "deletion"
    assert one.membership(before.account_id) is False
    one.assert_in_step()


def test_the_removal_says_whose_userid_it_is(bench: Bench) -> None:
    one = Known.of(bench)
    one.hand_on("woA")

    one.tell(said("update_user", "member:woA"))

    assert one.lines()[:2] == [
        ("RemoveMember", "member:woA", "handed_on"),
        ("AddMember", "member:woA", "event"),
    ]


def test_one_answer_about_another_person_decides_nothing(bench: Bench) -> None:
    one = Known.of(bench)
    one.hand_on("woA")
    world = one.tenant.world
    world.before, world.truth = world.truth, world.before
    answers = iter([True])
    # The first question alone is answered with what was not, or is no more.
    world.stale = lambda question: question == "member:woA" and next(answers, False)

    one.tell(said("update_user", "member:woA"))

    assert one.active("woA").open_userid == "oA"
    assert one.lines() == []


def test_a_tombstone_by_scope_learns_of_the_deletion(bench: Bench) -> None:
    one = Known.of(bench)
    before = one.active("woA")
    one.leave("woA")
    bench.post(one.tenant, unsubscribed("woA"))
    bench.drain(one.tenant)
    assert one.removed("woA").removal == "scope"

    one.tell(deleted("woA", open_userid="oA"))

    assert one.removed("woA").removal == "deletion"
    assert one.lines()[-1] == ("RemoveMember", "member:woA", "deleted_by_event")
    one.hand_on("woA")
    one.tell(created("woA", second=1000, open_userid=STRANGER))
    assert one.active("woA").member_pk != before.member_pk
    assert one.active("woA").account_id != before.account_id
    one.assert_in_step()


def test_whoever_left_the_scope_is_not_restored_as_somebody_else(bench: Bench) -> None:
    one = Known.of(bench)
    before = one.active("woA")
    after = one.truth.copy()
    after.people["woA"] = replace(after.people["woA"], departments={4: 0}, main=4)
    one.replace_truth(after)
    one.tell(unsubscribed("woA"))
    assert one.removed("woA").removal == "scope"

    one.hand_on("woA")
    one.tell(created("woA", second=1000, open_userid=STRANGER))

    now = one.active("woA")
    assert (now.member_pk != before.member_pk, now.account_id) == (True, None)
    assert one.removed("woA").removal == "deletion"
    one.assert_in_step()


def test_a_removed_person_comes_back_under_another_userid(bench: Bench) -> None:
    one = Known.of(bench)
    before = one.active("woA")
    one.leave("woA")
    one.tell(unsubscribed("woA"))

    after = one.truth.copy()
    after.people["woBack"] = Person(open_userid="oA", departments={TEAM: 0}, main=TEAM)
    one.replace_truth(after)
    one.tell(created("woBack", second=1000))

    now = one.active("woBack")
    assert (now.member_pk, now.account_id) == (before.member_pk, before.account_id)
    one.assert_in_step()


def test_a_newcomer_whom_we_know_by_another_userid_is_renamed(bench: Bench) -> None:
    one = Known.of(bench)
    before = one.active("woA")
    one.rename("woA", "woNew")

    one.tell(created("woNew", open_userid="oA"))

    assert one.active("woNew").member_pk == before.member_pk
    assert ("RenameUserid", "member:woA", "same_open_userid") in one.lines()
    one.assert_in_step()


@pytest.mark.parametrize("told", [True, False])
def test_a_colleague_takes_over_the_userid_of_somebody_who_left(
    bench: Bench, told: bool
) -> None:
    one = Known.of(bench)
    theirs, before = one.active("woa"), one.active("woA")
    after = one.truth.copy()
    after.people["woA"] = after.people.pop("woa")
    one.replace_truth(after)

    if told:
        one.tell(renamed("woa", "woA", open_userid="oa"))
    one.read()

    now = one.active("woA")
    assert (now.member_pk, now.account_id) == (theirs.member_pk, theirs.account_id)
    assert one.membership(before.account_id) is False
    one.assert_in_step()


def test_two_who_swap_their_userids_stay_who_they_are(bench: Bench) -> None:
    one = Known.of(bench)
    first, second = one.active("woA"), one.active("woa")
    after = one.truth.copy()
    people = after.people
    people["woA"], people["woa"] = people["woa"], people["woA"]
    one.replace_truth(after)

    one.read()

    assert one.active("woa").member_pk == first.member_pk
    assert one.active("woA").member_pk == second.member_pk
    assert [each for each in one.lines() if each[0] != "RenameUserid"] == []
    one.assert_in_step()


def test_a_userid_goes_on_along_a_row_of_people(bench: Bench) -> None:
    one = Known.of(bench)
    first, second = one.active("woA"), one.active("woa")
    after = one.truth.copy()
    people = after.people
    people["woNew"], people["woa"] = people["woa"], people.pop("woA")
    one.replace_truth(after)

    one.tell(renamed("woA", "woa"), renamed("woa", "woNew"))

    assert one.active("woa").member_pk == first.member_pk
    assert one.active("woNew").member_pk == second.member_pk
    one.assert_in_step()


def test_a_claim_onto_a_userid_that_somebody_bears_merges_nobody(bench: Bench) -> None:
    one = Known.of(bench)
    mine, theirs = one.active("woA"), one.active("woa")
    one.leave("woA")

    one.tell(renamed("woA", "woa"))
    one.read()

    assert one.active("woa").member_pk == theirs.member_pk
    assert one.removed("woA").member_pk == mine.member_pk
    one.assert_in_step()


def test_who_somebody_is_outlives_an_answer_that_does_not_say(bench: Bench) -> None:
    one = Known.of(bench)
    after = one.truth.copy()
    after.people["woA"] = replace(after.people["woA"], open_userid=None, status=4)
    one.replace_truth(after)
    one.tell(said("update_user", "member:woA", second=1, status=4))

    one.hand_on("woA")
    one.tell(said("update_user", "member:woA", second=9))

    assert one.removed("woA").open_userid == "oA"
    assert one.active("woA").open_userid == STRANGER


@pytest.fixture
def strict(bench: Bench) -> Bench:
    return guarded(bench, removals=0, share=0.0)


def test_the_newcomer_waits_until_the_former_bearers_removal_may_pass(
    strict: Bench,
) -> None:
    one = Known.of(strict)
    before = one.active("woA")
    one.hand_on("woA")

    one.tell(created("woA", open_userid=STRANGER))

    assert one.active("woA").open_userid == "oA"
    assert one.lines() == []
    [[plan_id]] = strict.execute("SELECT plan_id FROM plans WHERE state = 'held'")
    with strict.own() as connection:
        approvals.approve(connection, plan_id, plan_hash=None, by="cli")
    strict.settle(one.tenant)
    assert one.removed("woA").member_pk == before.member_pk
    assert one.active("woA").open_userid == STRANGER
    one.assert_in_step()


def test_the_newcomer_does_not_bring_a_held_person_back(strict: Bench) -> None:
    one = Known.of(strict)
    one.leave("woA")
    one.tell(deleted("woA"))

    one.hand_on("woA")
    one.tell(created("woA", open_userid=STRANGER))
    one.read()

    assert strict.execute("SELECT state FROM plans") == [("held",)]
    assert one.active("woA").open_userid == "oA"


def test_a_rejection_is_about_the_person_and_not_about_the_userid(
    strict: Bench,
) -> None:
    one = Known.of(strict)
    one.leave("woA")
    one.tell(deleted("woA"))
    [[plan_id]] = strict.execute("SELECT plan_id FROM plans WHERE state = 'held'")
    with strict.own() as connection:
        approvals.reject(connection, plan_id, by="api")

    one.hand_on("woA")
    one.tell(created("woA", open_userid=STRANGER))

    # That somebody else bears the userid is another answer than the rejected one.
    states = strict.execute("SELECT state FROM plans ORDER BY created_at")
    assert states == [("rejected",), ("held",)]


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("decide", [None, approvals.reject])
def test_reading_again_keeps_what_was_planned_of_the_former_bearer(
    strict: Bench, decide: Callable[..., object] | None, deep: bool
) -> None:
    one = Known.of(strict)
    before = matched(strict)
    one.hand_on("woA", mobile="13900009999")
    one.read()
    [[plan_id]] = strict.execute("SELECT plan_id FROM plans WHERE state = 'held'")
    if decide is not None:
        with strict.own() as connection:
            decide(connection, plan_id, by="api")
    planned = strict.execute("SELECT plan_id, state FROM plans")

    for _ in range(2):
        strict.resync(one.tenant, deep=deep)

    assert strict.execute("SELECT plan_id, state FROM plans") == planned
    assert strict.execute("SELECT key, state FROM plan_entries") == [
        ("member:woA", "waiting")
    ]
    # Nor is the newcomer's mobile taken for the former bearer's.
    assert matched(strict) == before


def test_a_fingerprint_hides_nobody_who_bears_anothers_userid(strict: Bench) -> None:
    one = Known.of(strict)
    one.hand_on("woA")
    one.read()
    [[plan_id]] = strict.execute("SELECT plan_id FROM plans WHERE state = 'held'")
    # What an earlier version may have left.
    theirs = member_fingerprint(one.truth.org().members[Userid("woA")])
    strict.execute("UPDATE members SET fingerprint = %s WHERE userid = 'woA'", theirs)

    one.read()

    assert strict.execute("SELECT plan_id, state FROM plans") == [(plan_id, "held")]


def matched(bench: Bench) -> list[tuple[object, ...]]:
    """By what woA would be matched with an account, and the fingerprint."""
    return bench.execute(
        "SELECT match_mobile, match_email, fingerprint FROM members"
        " WHERE userid = 'woA'"
    )


def test_a_handed_on_userid_counts_as_a_removal_in_the_window(bench: Bench) -> None:
    one = Known.of(bench)
    one.hand_on("woA")
    one.tell(created("woA", open_userid=STRANGER))

    with bench.own() as connection:
        window = plans.count_window(
            connection, one.tenant.corp_pk, kind=RemovalKind.MEMBERS, hours=24
        )

    assert window.removed == 1


def test_whoever_signs_in_by_a_handed_on_userid_is_not_the_former_bearer(
    bench: Bench,
) -> None:
    one = Known.of(bench)

    with bench.own() as connection:
        found = find_named(
            connection, one.tenant.corp_pk, userid="woA", open_userid=STRANGER
        )

    assert found is None
