"""What becomes of mail when WeCom, the worker or the mail itself fails."""

from uuid import UUID

import pytest

from store.database import transaction
from store.inbox import leases
from tests.support.mortal import WorkerDied
from tests.support.org.histories import HOME, ROOT, company
from tests.support.org.pipeline import Bench, Event, Tenant, said
from tests.support.wecom.fakes import Truth
from wecom.errors import Paused, Revoked, Throttled, TicketMissing, Unavailable
from workers.inbox.drain import LONE_ATTEMPTS

CORP = "wpCorpA"
PEOPLE = ("woA", "woB", "woa", "woKeeper")


def whole_company() -> Truth:
    """The company with everybody in the scope."""
    truth = company()
    truth.allow_departments = frozenset({ROOT})
    return truth


def attempts(bench: Bench) -> list[int]:
    rows = bench.execute("SELECT attempts FROM inbox ORDER BY event_id")
    return [each for (each,) in rows]


def waits(bench: Bench) -> tuple[str | None, float]:
    [(waits_for, seconds)] = bench.execute(
        "SELECT waits_for, extract(epoch FROM not_before - clock_timestamp())::float8"
        " FROM mailboxes"
    )
    return waits_for, seconds or 0.0


def take(bench: Bench, tenant: Tenant) -> UUID:
    """The lease of the mailbox, which nobody holds."""
    with bench.own() as connection:
        lease = leases.take(connection, tenant.mailbox)
    assert lease is not None
    return lease


def post_all(bench: Bench, tenant: Tenant) -> None:
    for second, userid in enumerate(PEOPLE):
        bench.post(tenant, said("update_user", f"member:{userid}", second=second))


@pytest.mark.parametrize(
    ("error", "waits_for", "at_least", "at_most"),
    [
        (Throttled(wait_seconds=60.0), "throttle", 50, 60),
        (TicketMissing(), "ticket", 50, 60),
        (Unavailable("time-out", wait_seconds=7.0), "unavailable", 5, 7),
        (Unavailable("HTTP 502"), "unavailable", 0.5, 2),
    ],
)
def test_a_fault_of_theirs_gives_the_attempt_back_and_waits(
    bench: Bench, error: Exception, waits_for: str, at_least: float, at_most: float
) -> None:
    tenant = bench.link_in_step(CORP, whole_company())
    post_all(bench, tenant)
    tenant.world.faults["member"] = error

    bench.drain(tenant)

    assert attempts(bench) == [0, 0, 0, 0]
    assert bench.pending(tenant) == 4
    reason, seconds = waits(bench)
    assert reason == waits_for
    assert at_least < seconds <= at_most
    assert bench.bell.rung == []


def test_each_failure_in_a_row_waits_longer(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, whole_company())
    post_all(bench, tenant)
    tenant.world.faults["member"] = Unavailable("HTTP 502")

    for _ in range(5):
        bench.make_due(tenant)
        bench.drain(tenant)

    assert waits(bench)[1] > 15


def test_a_mailbox_that_waits_asks_nothing(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, whole_company())
    post_all(bench, tenant)
    tenant.world.faults["member"] = Throttled(wait_seconds=60.0)
    bench.drain(tenant)
    tenant.world.faults.clear()
    tenant.world.calls.clear()

    bench.drain(tenant)

    assert tenant.world.calls == []


def test_an_order_of_an_operator_ends_no_back_off(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, whole_company())
    post_all(bench, tenant)
    tenant.world.faults["member"] = Throttled(wait_seconds=60.0)
    bench.drain(tenant)
    bench.post(tenant, Event(kind="inactive_alert", key="corp"))

    bench.drain(tenant)

    assert bench.mail(tenant)[-1] == ("done", "operators_warned")
    assert waits(bench)[0] == "throttle"
    assert bench.pending(tenant) == 4


def test_poison_is_cornered_and_the_rest_is_done(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, whole_company())
    post_all(bench, tenant)
    tenant.world.faults["member:woB"] = ZeroDivisionError()

    for _ in range(60):
        bench.make_due(tenant)
        bench.drain(tenant)

    states = [state for state, _ in bench.mail(tenant)]
    assert states == ["done", "failed", "done", "done"]
    failed = "SELECT error, attempts FROM inbox WHERE state = 'failed'"
    assert bench.execute(failed) == [("ZeroDivisionError", LONE_ATTEMPTS)]


def test_poison_blocks_nothing_while_it_is_tried(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, whole_company())
    post_all(bench, tenant)
    tenant.world.faults["member:woA"] = ZeroDivisionError()

    while bench.bell.rung or bench.pending(tenant) == 4:
        bench.bell.rung.clear()
        bench.drain(tenant)

    states = [state for state, _ in bench.mail(tenant)]
    assert states == ["pending", "done", "done", "done"]
    assert attempts(bench)[0] == 1


def test_a_failed_barrier_makes_the_corp_due_for_a_resync(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, whole_company())
    bench.post(tenant, Event(kind="cancel_auth", key="corp"))
    bench.post(tenant, said("update_user", "member:woA"))
    tenant.world.faults["auth_info"] = ZeroDivisionError()

    for _ in range(LONE_ATTEMPTS + 1):
        bench.make_due(tenant)
        bench.drain(tenant)

    assert [state for state, _ in bench.mail(tenant)] == ["failed", "done"]
    due = "SELECT due_cause, due_at <= clock_timestamp() FROM corps"
    assert bench.execute(due) == [("failed_barrier", True)]


def test_a_dead_worker_s_claim_halves_the_next_one(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, whole_company())
    post_all(bench, tenant)
    _die_at_first_question(bench, tenant)

    bench.drain(tenant)

    states = [state for state, _ in bench.mail(tenant)]
    assert states == ["done", "done", "pending", "pending"]


def test_a_row_that_outlives_five_lone_workers_has_failed(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, whole_company())
    bench.post(tenant, said("update_user", "member:woA"))
    for _ in range(LONE_ATTEMPTS):
        _die_at_first_question(bench, tenant)

    bench.drain(tenant)

    assert bench.mail(tenant) == [("failed", "failed")]


def test_a_batch_that_killed_five_workers_blames_nobody(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, whole_company())
    post_all(bench, tenant)
    for _ in range(LONE_ATTEMPTS):
        _die_at_first_question(bench, tenant)
        bench.execute("UPDATE mailboxes SET claim_limit = 4")

    bench.drain(tenant)

    assert "failed" not in [state for state, _ in bench.mail(tenant)]


def test_a_worker_that_lost_its_lease_cannot_commit(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, whole_company())
    tenant.world.truth.departments[9] = tenant.world.truth.departments[HOME]
    bench.post(tenant, said("create_party", "department:9"))
    before = bench.written(tenant)
    tenant.world.watch = lambda _: _take_over(bench, tenant)

    bench.drain(tenant)

    assert bench.written(tenant) == before
    assert bench.pending(tenant) == 1


def test_a_worker_that_lost_its_lease_fails_no_mail(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, whole_company())
    bench.post(tenant, said("update_user", "member:woA"))
    bench.execute("UPDATE inbox SET attempts = %s", LONE_ATTEMPTS)
    tenant.world.faults["member"] = ZeroDivisionError()
    tenant.world.watch = lambda _: _take_over(bench, tenant)

    bench.drain(tenant)

    assert bench.mail(tenant) == [("pending", None)]
    assert bench.execute("SELECT open_claim IS NULL FROM mailboxes") == [(False,)]


def test_every_commit_prolongs_the_lease_that_it_checks(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, whole_company())
    lease = take(bench, tenant)
    bench.execute("UPDATE leases SET expires_at = '-infinity'")

    with bench.own() as connection:
        leases.check(connection, tenant.mailbox, lease)

    with bench.own() as connection:
        assert leases.take(connection, tenant.mailbox) is None


def test_a_drain_does_not_wait_for_the_transaction_that_holds_the_lease(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, whole_company())
    lease = take(bench, tenant)

    with bench.own() as applying, transaction(bench.runtime.pool) as connection:
        leases.check(applying, tenant.mailbox, lease)
        connection.execute("SET LOCAL lock_timeout = 1")
        taken = leases.take(connection, tenant.mailbox)

    assert taken is None


def test_a_lease_that_its_own_apply_has_locked_is_still_its_holder_s(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, whole_company())
    lease = take(bench, tenant)

    with bench.own() as applying, transaction(bench.runtime.pool) as connection:
        leases.check(applying, tenant.mailbox, lease)
        meanwhile = leases.renew(connection, tenant.mailbox, lease)
    _take_over(bench, tenant)
    with transaction(bench.runtime.pool) as connection:
        afterwards = leases.renew(connection, tenant.mailbox, lease)

    assert (meanwhile, afterwards) == (True, False)


def test_a_second_drain_finds_the_lease_held(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, whole_company())
    bench.post(tenant, said("update_user", "member:woA"))
    _take_over(bench, tenant)

    bench.drain(tenant)

    assert bench.pending(tenant) == 1
    assert tenant.world.calls == []


def test_a_disabled_app_pauses_the_corp(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, whole_company())
    bench.post(tenant, said("update_user", "member:woA"))
    tenant.world.faults["member"] = Paused(errcode=50003)

    bench.drain(tenant)

    assert bench.execute("SELECT state, paused_by FROM corps") == [("paused", "wecom")]
    assert waits(bench)[0] == "paused"
    assert attempts(bench) == [0]


def test_a_token_refused_while_the_authorisation_stands_only_waits(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, whole_company())
    bench.post(tenant, said("update_user", "member:woA"))
    tenant.world.faults["member"] = Revoked(errcode=40084)

    bench.drain(tenant)

    assert bench.execute("SELECT state FROM corps") == [("linked",)]
    assert tenant.world.calls == ["member:woA", "auth_info"]


def test_a_withdrawn_authorisation_pauses_the_corp(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, whole_company())
    bench.post(tenant, said("update_user", "member:woA"))
    for question in ("member", "auth_info"):
        tenant.world.faults[question] = Revoked(errcode=40084)

    bench.drain(tenant)

    paused = "SELECT state, paused_by FROM corps"
    assert bench.execute(paused) == [("paused", "revoked_unconfirmed")]
    assert bench.pending(tenant) == 1


def _die_at_first_question(bench: Bench, tenant: Tenant) -> None:
    def die(_: str) -> None:
        bench.mortal.dead = True
        raise WorkerDied

    tenant.world.watch = die
    with pytest.raises(WorkerDied):
        bench.drain(tenant)
    tenant.world.watch = lambda _: None
    bench.bury(tenant)


def _take_over(bench: Bench, tenant: Tenant) -> None:
    bench.bury(tenant)
    with transaction(bench.runtime.pool) as connection:
        assert leases.take(connection, tenant.mailbox)
