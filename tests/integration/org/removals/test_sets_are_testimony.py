"""One read of a set removes nobody who answers (design.md §3, Sets are testimony)."""

from dataclasses import replace

import pytest

from tests.support.org.histories import HOME, KEEPER, ROOT, TAG, TEAM, Company, company
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.wecom.fakes import Holding, Person, Place, Truth

CORP = "wpCorpA"
TEAM_MOVED = said("update_party", f"department:{TEAM}", parent_id=ROOT)
TAG_CHANGED = said("update_tag", f"tag:{TAG}")


def tagged() -> Truth:
    """A company whose woB may use the app by a tag alone."""
    truth = company()
    truth.allow_tags = frozenset({TAG})
    truth.tags[TAG] = Holding(userids=frozenset({"woB"}))
    return truth


def seen_whole(truth: Truth) -> Truth:
    """The same with organisation info: everybody can be read, usable or not."""
    truth.whole_tree = True
    return truth


def people(bench: Bench, tenant: Tenant) -> set[str]:
    return set(bench.org(tenant).members)


def removed(bench: Bench) -> list[tuple[str, str]]:
    return bench.execute(
        "SELECT key, reason FROM journal WHERE decision LIKE 'Remove%%'"
    )


def open_doubts(bench: Bench) -> list[tuple[str, str]]:
    return bench.execute("SELECT userid, doubt FROM absences ORDER BY 1")


@pytest.mark.parametrize("explained", [False, True])
@pytest.mark.parametrize("lost", ["tag", "scope"])
def test_one_lie_of_a_set_removes_nobody_in_a_run(
    bench: Bench, explained: bool, lost: str
) -> None:
    truth = tagged()
    truth.allow_members = frozenset({"woB"} if lost == "scope" else ())
    truth.allow_tags = frozenset({TAG} if lost == "tag" else ())
    tenant = bench.link_in_step(CORP, seen_whole(truth) if explained else truth)
    question = {"tag": f"tag:{TAG}", "scope": "auth_info"}[lost]
    tenant.world.left_out = {(question, "woB")}
    run_id = bench.request_run(tenant)

    bench.work_on(run_id)
    waiting = bench.run(run_id)["state"]
    tenant.world.left_out = set()
    bench.resync(tenant)

    assert (waiting, removed(bench)) == ("running", [])
    assert "woB" in people(bench, tenant)
    assert bench.run(run_id)["state"] == "done"


@pytest.mark.parametrize("explained", [False, True])
def test_one_lie_of_a_tag_removes_nobody_in_a_drain(
    bench: Bench, explained: bool
) -> None:
    tenant = bench.link_in_step(CORP, seen_whole(tagged()) if explained else tagged())
    before = bench.written(tenant)
    tenant.world.left_out = {(f"tag:{TAG}", "woB")}
    bench.post(tenant, TAG_CHANGED)

    bench.drain(tenant)
    doubted = bench.mail(tenant), bench.written(tenant), open_doubts(bench)
    tenant.world.left_out = set()
    bench.settle(tenant)

    doubt = "one_read" if explained else "unexplained"
    assert doubted == ([("pending", None)], before, [("woB", doubt)])
    assert bench.org(tenant) == tenant.world.truth.org()
    assert (removed(bench), open_doubts(bench)) == ([], [])


def test_an_old_listing_removes_nobody_in_a_drain(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, seen_whole(company()))
    old = tenant.world.truth.copy()
    old.departments[TEAM] = Place(parent=ROOT, order=3)
    tenant.world.before = old
    tenant.world.stale = lambda question: question == "departments"
    bench.post(tenant, said("create_party", "department:9"))

    bench.drain(tenant)
    tenant.world.stale = lambda _: False
    bench.settle(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert removed(bench) == []


def test_two_reads_that_agree_remove_whom_another_right_explains(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, seen_whole(tagged()))
    Company(tenant.world).tag(frozenset(), frozenset())
    bench.post(tenant, TAG_CHANGED)

    bench.drain(tenant)
    after_one = people(bench, tenant)
    bench.settle(tenant)

    assert "woB" in after_one
    assert removed(bench) == [("member:woB", "not_usable")]
    assert bench.org(tenant) == tenant.world.truth.org()


def test_two_reads_within_three_seconds_are_one(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, seen_whole(tagged()))
    Company(tenant.world).tag(frozenset(), frozenset())
    bench.post(tenant, TAG_CHANGED)
    bench.drain(tenant)
    bench.execute("UPDATE inbox SET not_before = NULL")

    bench.drain(tenant)

    assert "woB" in people(bench, tenant)


def test_a_first_read_of_long_ago_speaks_for_no_second(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, seen_whole(tagged()))
    Company(tenant.world).tag(frozenset(), frozenset())
    bench.post(tenant, TAG_CHANGED)
    bench.drain(tenant)
    bench.execute("UPDATE inbox SET not_before = NULL")
    bench.execute("UPDATE absences SET since = since - interval '1 hour'")

    bench.drain(tenant)

    assert "woB" in people(bench, tenant)


@pytest.mark.parametrize("right", ["extra_members", "extra_tags", "extra_departments"])
def test_every_extra_right_explains_a_reading(bench: Bench, right: str) -> None:
    truth = tagged()
    truth.tags[7] = Holding(userids=frozenset({"woB"}))
    given: dict[str, frozenset[int | str]] = {
        "extra_members": frozenset({"woB"}),
        "extra_tags": frozenset({7}),
        "extra_departments": frozenset({4}),
    }
    setattr(truth, right, given[right])
    tenant = bench.link_in_step(CORP, truth)
    tenant.world.truth.tags[TAG] = Holding()

    run_id = bench.resync(tenant)

    assert removed(bench) == [("member:woB", "not_usable")]
    assert bench.run(run_id)["error"] is None


def test_who_answers_without_any_explanation_stays_and_is_looked_into(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, tagged())
    tenant.world.left_out = {(f"tag:{TAG}", "woB")}

    run_id = bench.resync(tenant)

    run = bench.run(run_id)
    assert "woB" in people(bench, tenant)
    assert run["error"].startswith("cut_off_read")
    assert bench.execute("SELECT due_cause, findings FROM corps") == [("finding", 1)]


def test_what_a_tag_gained_counts_though_what_it_lost_is_doubted(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, tagged())
    truth = tenant.world.truth
    truth.people["woC"] = Person(open_userid="oC", departments={4: 0}, main=4)
    truth.tags[TAG] = Holding(userids=frozenset({"woB", "woC"}))
    tenant.world.left_out = {(f"tag:{TAG}", "woB")}

    bench.resync(tenant)

    assert {"woB", "woC"} <= people(bench, tenant)
    assert bench.execute("SELECT userids FROM tags") == [(["woB", "woC"],)]


def test_an_answer_without_departments_takes_nobody_away(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, seen_whole(company()))
    person = tenant.world.truth.people["woA"]
    tenant.world.truth.extra_members = frozenset({"woA"})
    tenant.world.truth.people["woA"] = replace(person, departments={}, main=None)
    bench.post(tenant, said("update_user", "member:woA"))

    bench.drain(tenant)

    assert "woA" in people(bench, tenant)


def test_a_department_that_one_listing_lacks_stays_in_a_run(bench: Bench) -> None:
    truth = company()
    truth.departments[9] = Place(parent=HOME)
    tenant = bench.link_in_step(CORP, truth)
    tenant.world.left_out = {("departments", 9)}
    run_id = bench.request_run(tenant)

    bench.work_on(run_id)
    tenant.world.left_out = set()
    bench.resync(tenant)

    assert removed(bench) == []
    assert bench.org(tenant) == truth.org()


def test_a_department_that_one_listing_lacks_stays_in_a_drain(bench: Bench) -> None:
    truth = company()
    truth.departments[9] = Place(parent=HOME)
    tenant = bench.link_in_step(CORP, truth)
    tenant.world.left_out = {("departments", 9)}
    bench.post(tenant, said("update_party", f"department:{TEAM}"))

    bench.drain(tenant)
    waiting = bench.mail(tenant)
    tenant.world.left_out = set()
    bench.settle(tenant)

    assert waiting == [("pending", None)]
    assert (removed(bench), bench.org(tenant)) == ([], truth.org())


def test_a_department_that_two_listings_lack_is_removed(bench: Bench) -> None:
    truth = company()
    truth.departments[9] = Place(parent=HOME)
    tenant = bench.link_in_step(CORP, truth)
    del tenant.world.truth.departments[9]

    run_id = bench.resync(tenant)

    run = bench.run(run_id)
    assert removed(bench) == [("department:9", "not_listed")]
    assert (run["error"], tenant.world.asked("departments")) == (None, 2)


def test_a_removal_that_two_reads_decided_says_by_which_right_it_was_seen(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, seen_whole(tagged()))
    tenant.world.truth.tags[TAG] = Holding()

    bench.resync(tenant)

    [[evidence]] = bench.execute(
        "SELECT after -> 'evidence' FROM journal WHERE decision = 'RemoveMember'"
    )
    assert (evidence["user_get"], evidence["readable_by"]) == (
        "answered",
        "organisation_info",
    )
    assert KEEPER in people(bench, tenant)
