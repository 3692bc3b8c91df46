"""Corps whose userids are their own, where members authorise the app by themselves.

list_member_auth names open_userids; whether user/get takes those is not confirmed.
"""

import pytest

from tests.support.org.histories import KEEPER, company
from tests.support.org.pipeline import Bench, said
from tests.support.wecom.fakes import Truth, refused

CORP = "wwCorpA"
BOTH = pytest.mark.parametrize("takes", [False, True])


def plaintext(*, takes: bool) -> Truth:
    truth = company()
    truth.plaintext, truth.takes_open_userids = True, takes
    return truth


def switched(truth: Truth) -> Truth:
    """The same once members authorise by themselves."""
    truth.auth_mode, truth.authorised = 1, frozenset({KEEPER, "woA", "woa"})
    return truth


@BOTH
def test_known_people_are_found_by_the_open_userids_of_the_list(
    bench: Bench, takes: bool
) -> None:
    tenant = bench.link_in_step(CORP, plaintext(takes=takes))
    switched(tenant.world.truth)
    tenant.world.calls.clear()

    run_id = bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert bench.run(run_id)["error"] is None
    assert {f"member:{who}" for who in (KEEPER, "woA", "woa")} <= set(
        tenant.world.calls
    )
    assert bench.execute("SELECT count(*) FROM members WHERE state = 'removed'") == [
        (0,)
    ]


def test_strangers_whom_user_get_takes_by_open_userid_are_added_by_userid(
    bench: Bench,
) -> None:
    tenant = bench.link(CORP, switched(plaintext(takes=True)))

    bench.resync(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()


def test_a_list_whose_people_are_all_refused_is_a_finding_and_never_done(
    bench: Bench,
) -> None:
    tenant = bench.link(CORP, switched(plaintext(takes=False)))

    run_id = bench.resync(tenant)

    run = bench.run(run_id)
    assert (run["state"], run["decisions"]) == ("failed", {})
    assert run["error"].startswith("lost_permission")
    assert bench.execute("SELECT last_synced_at, due_cause FROM corps") == [
        (None, "finding")
    ]


def test_strangers_who_cannot_be_read_beside_others_are_told_of(bench: Bench) -> None:
    tenant = bench.link(CORP, switched(plaintext(takes=False)))
    bench.resync(tenant)
    bench.execute("UPDATE corps SET last_synced_at = now()")
    bench.post(tenant, said("subscribe", "member:woA"))
    bench.execute("UPDATE corps SET auth_mode = 1, scope = '{}'")
    bench.drain(tenant)

    run_id = bench.resync(tenant)

    run = bench.run(run_id)
    assert run["state"] == "done"
    assert "2 of 3" in run["error"]
    assert set(bench.org(tenant).members) == {"woA"}


def test_everybody_refused_removes_nobody_who_is_known(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, switched(plaintext(takes=True)))
    known = bench.org(tenant)
    tenant.world.faults["member"] = refused()

    run_id = bench.resync(tenant)

    assert bench.run(run_id)["state"] == "failed"
    assert bench.org(tenant) == known


def test_the_lists_of_all_departments_refused_are_a_finding_and_never_done(
    bench: Bench,
) -> None:
    tenant = bench.link(CORP, company())
    tenant.world.faults["list"] = refused(60011)

    run_id = bench.resync(tenant)

    run = bench.run(run_id)
    assert run["state"] == "failed"
    assert run["error"].startswith("lost_permission")


def test_who_authorised_is_found_on_the_list_by_open_userid_in_a_drain(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, switched(plaintext(takes=True)))
    tenant.world.faults["member:woA"] = refused()
    bench.post(tenant, said("update_user", "member:woA"))

    bench.settle(tenant)

    assert "woA" in bench.org(tenant).members
