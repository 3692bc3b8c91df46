"""An answer from before the event: it is not applied, and no testimony is lost."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from store.runs import approvals
from tests.support.org.guarding import guarded
from tests.support.org.histories import HOME, TAG, TEAM, Company, company
from tests.support.org.identities import Known, created, deleted, unsubscribed
from tests.support.org.pipeline import Bench, Event, said
from tests.support.wecom.fakes import Holding, Place, Truth

Change = Callable[[Company], None]

# What happens, and which question is then answered from before.
CHANGES = [
    pytest.param(lambda c: c.change("woA", status=2), "member:woA", id="disabled"),
    pytest.param(
        lambda c: c.change("woA", departments={HOME: 3}, main=HOME),
        "member:woA",
        id="moved",
    ),
    pytest.param(lambda c: c.leave("woA"), "member:woA", id="deleted"),
    pytest.param(lambda c: c.hire("woNew", TEAM), "member:woNew", id="created"),
    pytest.param(
        lambda c: c.change("woA", departments={4: 0}, main=4),
        "member:woA",
        id="moved out of the scope",
    ),
    pytest.param(lambda c: c.place(9, HOME, 5), "departments", id="new department"),
    pytest.param(
        lambda c: c.place(TEAM, 4, 0), "departments", id="department moved out"
    ),
    pytest.param(
        lambda c: c.tag(frozenset({"woa"}), frozenset()), f"tag:{TAG}", id="tag"
    ),
]


def tagged() -> Truth:
    truth = company()
    truth.allow_tags = frozenset({TAG})
    truth.tags[TAG] = Holding(userids=frozenset({"woB"}))
    return truth


def happened(one: Known, change: Change) -> tuple[Event, ...]:
    world = Company(one.tenant.world)
    change(world)
    return tuple(world.outbox)


@pytest.mark.parametrize(("change", "about"), CHANGES)
def test_what_we_know_already_is_not_taken_back(
    bench: Bench, change: Change, about: str
) -> None:
    one = Known.of(bench, tagged())
    events = happened(one, change)
    one.read()
    one.look_from_here()

    one.tell_late(*events, about=about)

    assert one.lines() == []
    assert "pending" in {state for state, _ in one.outcomes()}
    bench.settle(one.tenant)
    assert one.lines() == []
    one.assert_in_step()


@pytest.mark.parametrize(("change", "about"), CHANGES)
def test_what_we_do_not_know_yet_is_waited_for(
    bench: Bench, change: Change, about: str
) -> None:
    one = Known.of(bench, tagged())
    events = happened(one, change)

    one.tell_late(*events, about=about)
    bench.settle(one.tenant)

    one.assert_in_step()


def test_a_run_applies_nothing_that_waiting_mail_contradicts(bench: Bench) -> None:
    one = Known.of(bench)
    events = happened(one, lambda c: c.change("woA", status=2))
    one.read()
    one.look_from_here()
    for each in events:
        bench.post(one.tenant, each)
    one.tenant.world.stale = lambda question: question == f"list:{TEAM}"

    one.read()

    assert one.lines() == []
    one.tenant.world.stale = lambda _: False
    bench.settle(one.tenant)
    one.assert_in_step()


def test_a_run_follows_no_tag_that_waiting_mail_contradicts(bench: Bench) -> None:
    one = Known.of(bench, tagged())
    one.tell(*happened(one, lambda c: c.tag(frozenset(), frozenset())))
    ahead, lines = bench.org(one.tenant), bench.written(one.tenant)

    # What says so again waits while a read still shows the tag as it was.
    again = said("update_tag", f"tag:{TAG}", second=30, del_userids=["woB"])
    bench.post(one.tenant, again)
    one.tenant.world.stale = lambda asked: asked in {f"tag:{TAG}", "member:woB"}
    bench.resync(one.tenant)

    assert "woB" not in ahead.members
    assert bench.org(one.tenant) == ahead
    assert bench.written(one.tenant) == lines

    one.tenant.world.stale = lambda _: False
    bench.settle(one.tenant)
    bench.resync(one.tenant)
    assert bench.written(one.tenant) == lines


def test_after_two_more_questions_the_answer_counts(bench: Bench) -> None:
    one = Known.of(bench)

    one.tell(said("update_user", "member:woA", second=1, status=2))

    assert one.outcomes() == [("done", "overtaken")]
    assert one.tenant.world.asked("member:woA") == 3


def test_old_news_does_not_wait_for_a_world_that_is_over(bench: Bench) -> None:
    one = Known.of(bench)
    one.tell(said("update_user", "member:woA", second=9))

    one.tell(said("update_user", "member:woA", second=1, status=2))

    assert one.outcomes()[-1] == ("done", "overtaken")
    assert one.tenant.world.asked("member:woA") == 2


@pytest.mark.parametrize("order", [1, -1])
def test_a_deletion_stays_one_after_a_late_answer(bench: Bench, order: int) -> None:
    one = Known.of(bench)
    one.leave("woA")
    events = [deleted("woA"), unsubscribed("woA")][::order]

    one.tell_late(*events, about="member:woA")
    bench.settle(one.tenant)

    assert one.removed("woA").removal == "deletion"
    one.assert_in_step()


def test_a_deletion_that_a_mere_update_follows_is_not_forgotten(bench: Bench) -> None:
    truth = company()
    truth.allow_members = frozenset({"woB"})
    one = Known.of(bench, truth)
    # WeCom's scope names them still, so that no list can tell.
    one.leave("woB")

    one.tell_late(
        deleted("woB", second=1),
        said("update_user", "member:woB", second=2),
        about="member:woB",
    )
    bench.settle(one.tenant)

    assert one.removed("woB").removal == "deletion"


def test_a_full_read_hears_what_its_mail_testified(bench: Bench) -> None:
    truth = company()
    truth.allow_members = frozenset({"woB"})
    one = Known.of(bench, truth)
    one.leave("woB")
    crowd = [said("update_user", f"member:woCrowd{n}", second=3) for n in range(30)]

    one.tell(deleted("woB"), *crowd)

    assert ("done", "run") in one.outcomes()
    assert one.removed("woB").removal == "deletion"


@pytest.mark.parametrize("order", [1, -1])
def test_a_key_that_nobody_can_read_takes_no_testimony_along(
    bench: Bench, order: int
) -> None:
    truth = company()
    truth.allow_members = frozenset({"woB"})
    one = Known.of(bench, truth)
    one.leave("woB")
    unreadable = Event(change="update_user", key="corp")

    one.tell(*[deleted("woB"), unreadable][::order])

    assert one.outcomes() == [("done", "run")] * 2
    assert one.removed("woB").removal == "deletion"


def test_that_somebody_was_disabled_is_not_forgotten_over_a_late_answer(
    bench: Bench,
) -> None:
    one = Known.of(bench)
    after = one.truth.copy()
    # Who was disabled cannot be read any more where they are.
    after.people["woA"] = replace(
        after.people["woA"], status=2, departments={4: 0}, main=4
    )
    one.replace_truth(after)

    one.tell_late(
        said("update_user", "member:woA", second=1, status=2),
        said("update_user", "member:woA", second=2, main_department=4, departments=[4]),
        about="member:woA",
    )
    bench.settle(one.tenant)

    assert not [each for each in one.lines() if each[0] == "MarkWorking"]


def test_what_was_settled_is_not_testified_again(bench: Bench) -> None:
    one = Known.of(bench)
    one.leave("woA")
    one.tell_late(deleted("woA"), about="member:woA")
    bench.settle(one.tenant)

    assert bench.execute("SELECT userid FROM testimony") == []


def test_a_held_person_is_deleted_still_when_the_plan_is_approved(
    bench: Bench,
) -> None:
    truth = company()
    truth.allow_members = frozenset({"woB"})
    one = Known.of(guarded(bench, removals=0, share=0.0), truth)
    one.leave("woB")
    one.tell(deleted("woB"))
    [[plan_id]] = bench.execute("SELECT plan_id FROM plans WHERE state = 'held'")

    with bench.own() as connection:
        approvals.approve(connection, plan_id, plan_hash=None, by="cli")
    bench.settle(one.tenant)

    assert one.removed("woB").removal == "deletion"


def test_who_was_created_under_a_former_userid_is_waited_for(bench: Bench) -> None:
    one = Known.of(bench)
    one.tell(*one.rename("woA", "woA2"))
    one.hand_on("woA")

    one.tell_late(created("woA", second=1000), about="member:woA")
    bench.settle(one.tenant)

    one.assert_in_step()


def test_a_department_that_is_kept_as_it_was_stays_where_it_was(bench: Bench) -> None:
    one = Known.of(bench)
    after = one.truth.copy()
    after.departments[TEAM] = Place(parent=HOME, order=9)
    after.departments[8] = Place(parent=HOME, order=1)
    one.replace_truth(after)
    one.read()
    one.look_from_here()

    one.tell_late(
        said("update_party", f"department:{TEAM}", order=9),
        said("create_party", "department:8", parent_id=HOME),
        about="departments",
    )

    assert one.lines() == []
