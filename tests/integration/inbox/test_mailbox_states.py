"""Mail of corps that are not linked, not read yet, or paused."""

import pytest

from tests.support.org.histories import company
from tests.support.org.pipeline import Bench, Event, Tenant, said

CORP = "wpCorpA"
ORDER = Event(kind="resumed", key="corp")


def paused(bench: Bench, *, by: str = "paused") -> Tenant:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.closed = by != "paused"
    bench.post(tenant, Event(kind=by, key="corp"))
    bench.drain(tenant)
    bench.bell.rung.clear()
    return tenant


def test_mail_of_a_corp_that_is_not_linked_is_parked(bench: Bench) -> None:
    tenant = bench.link(CORP, company(), state="authorised")
    bench.post(tenant, said("update_user", "member:woA"))

    bench.drain(tenant)

    assert bench.mail(tenant) == [("parked", "not_linked")]
    assert tenant.world.calls == []


def test_mail_of_an_unknown_corp_is_parked(bench: Bench) -> None:
    tenant = bench.link(CORP, company())
    bench.execute("UPDATE corps SET corp_id = 'wpOther'")
    bench.post(tenant, said("update_user", "member:woA"))

    bench.drain(tenant)

    assert bench.mail(tenant) == [("parked", "not_linked")]


def test_mail_before_the_first_read_waits_and_is_folded_into_it(bench: Bench) -> None:
    tenant = bench.link(CORP, company())
    bench.post(tenant, said("update_user", "member:woA"))
    bench.drain(tenant)
    held = bench.execute("SELECT waits_for FROM mailboxes")

    bench.resync(tenant)

    assert held == [("first_read",)]
    assert bench.mail(tenant) == [("folded", "first_read")]
    assert bench.execute("SELECT waits_for FROM mailboxes") == [(None,)]
    assert "member:woA" not in tenant.world.calls


def test_mail_during_the_first_read_is_drained_after_it(bench: Bench) -> None:
    tenant = bench.link(CORP, company())
    at = {"departments": said("update_user", "member:woA")}

    def push(question: str) -> None:
        if question in at:
            bench.post(tenant, at.pop(question))

    tenant.world.watch = push
    bench.resync(tenant)

    bench.drain(tenant)

    assert bench.mail(tenant) == [("done", "no_difference")]


def test_mail_of_a_paused_corp_waits(bench: Bench) -> None:
    tenant = paused(bench)
    bench.post(tenant, said("update_user", "member:woA"))

    bench.drain(tenant)

    assert bench.mail(tenant)[-1] == ("pending", None)
    assert tenant.world.calls == []
    assert bench.bell.rung == []


def test_a_paused_corp_does_not_spin_after_a_short_wait(bench: Bench) -> None:
    tenant = paused(bench)
    bench.post(tenant, said("update_user", "member:woA"))
    bench.execute(
        "UPDATE mailboxes SET waits_for = 'unavailable', not_before = clock_timestamp()"
    )

    bench.drain(tenant)

    assert bench.bell.rung == []
    assert bench.execute("SELECT waits_for FROM mailboxes") == [("paused",)]


def test_resuming_opens_a_run_and_lets_mail_through(bench: Bench) -> None:
    tenant = paused(bench)
    bench.post(tenant, said("update_user", "member:woA"))

    bench.post(tenant, ORDER)
    bench.drain(tenant)
    bench.settle(tenant)

    assert bench.execute("SELECT state, paused_by FROM corps") == [("linked", None)]
    assert [state for state, _ in bench.mail(tenant)] == ["done", "done", "done"]
    assert "auth_info" in tenant.world.calls


@pytest.mark.parametrize("kind", ["close_inactive_agent", "low_active"])
def test_wecom_pausing_the_app_pauses_the_corp(bench: Bench, kind: str) -> None:
    paused(bench, by=kind)

    assert bench.execute("SELECT state, paused_by FROM corps") == [("paused", "wecom")]


def test_wecom_reopening_the_app_does_not_undo_an_operator(bench: Bench) -> None:
    tenant = paused(bench)
    bench.post(tenant, Event(kind="reopen_inactive_agent", key="corp"))

    bench.drain(tenant)

    assert bench.mail(tenant)[-1] == ("done", "no_difference")
    assert bench.execute("SELECT state FROM corps") == [("paused",)]


def test_change_auth_ends_a_pause_of_wecom_s(bench: Bench) -> None:
    tenant = paused(bench, by="close_inactive_agent")
    bench.post(tenant, Event(kind="change_auth", key="corp"))

    bench.drain(tenant)

    assert bench.execute("SELECT state FROM corps") == [("linked",)]
    assert len(bench.open_runs(tenant)) == 1


def test_change_auth_does_not_end_a_pause_of_an_operator_s(bench: Bench) -> None:
    tenant = paused(bench)
    bench.post(tenant, Event(kind="change_auth", key="corp"))

    bench.drain(tenant)

    assert bench.execute("SELECT state FROM corps") == [("paused",)]


def test_barriers_of_a_paused_corp_pass_one_by_one(bench: Bench) -> None:
    tenant = paused(bench)
    bench.post(tenant, Event(kind="change_auth", key="corp"))
    bench.post(tenant, Event(kind="cancel_auth", key="corp"))

    bench.drain(tenant)
    first = bench.mail(tenant)[-2:]
    bench.drain(tenant)

    assert first == [("done", "run"), ("pending", None)]
    assert bench.mail(tenant)[-1] == ("ignored", "stale_cancel")


def test_an_order_beside_a_barrier_of_a_paused_corp_is_obeyed(bench: Bench) -> None:
    tenant = paused(bench)
    bench.post(tenant, Event(kind="change_auth", key="corp"))
    bench.post(tenant, ORDER)

    bench.drain(tenant)
    bench.drain(tenant)

    assert bench.mail(tenant)[-2:] == [("done", "run"), ("done", "resumed")]
    assert bench.execute("SELECT state FROM corps") == [("linked",)]


def test_a_stale_cancel_changes_nothing(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    before = bench.written(tenant)
    bench.post(tenant, Event(kind="cancel_auth", key="corp"))

    bench.drain(tenant)

    assert bench.mail(tenant) == [("ignored", "stale_cancel")]
    assert bench.written(tenant) == before


def test_a_run_of_a_paused_corp_waits(bench: Bench) -> None:
    tenant = paused(bench)
    run_id = bench.request_run(tenant)

    bench.work_on(run_id)

    assert tenant.world.calls == []
    assert bench.run(run_id)["error"] == "paused"
    assert bench.open_runs(tenant) == [run_id]


def test_a_corp_paused_while_it_is_read_is_not_written(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.truth.allow_members = frozenset({"woB"})
    before = bench.written(tenant)
    run_id = bench.request_run(tenant)

    def pause(_: str) -> None:
        bench.execute("UPDATE corps SET state = 'paused'")

    tenant.world.watch = pause

    bench.work_on(run_id)

    assert bench.written(tenant) == before
    assert bench.open_runs(tenant) == [run_id]
