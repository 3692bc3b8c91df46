"""What a drain claims, folds, asks and leaves for the next one."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from store.inbox import claims
from tests.support.org.histories import HOME, KEEPER, TEAM, company
from tests.support.org.pipeline import Bench, Event, Tenant, said
from tests.support.wecom.fakes import Person, Place, Truth

CORP = "wpCorpA"


def crowd(size: int, *, in_each: int = 100) -> Truth:
    """Many people, a hundred in each department below the root."""
    count = -(-size // in_each)
    return Truth(
        departments={1: Place(parent=None)}
        | {10 + each: Place(parent=1) for each in range(count)},
        people={
            f"wo{each}": Person(
                open_userid=f"o{each}", departments={10 + each // in_each: 0}
            )
            for each in range(size)
        },
        allow_departments=frozenset({1}),
    )


def states(bench: Bench, tenant: Tenant) -> list[str]:
    return [state for state, _ in bench.mail(tenant)]


def test_many_events_about_one_person_are_one_question(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    for second in range(5):
        bench.post(tenant, said("update_user", "member:woA", second=second))

    bench.drain(tenant)

    assert tenant.world.calls == ["member:woA"]
    assert states(bench, tenant) == ["folded"] * 4 + ["done"]


def test_three_people_of_one_department_are_one_list(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, crowd(5))
    for who in ("wo1", "wo2", "wo3"):
        bench.post(tenant, said("update_user", f"member:{who}"))

    bench.drain(tenant)

    assert tenant.world.calls == ["list:10"]


def test_any_department_event_is_one_listing(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    bench.post(tenant, said("update_party", f"department:{HOME}"))
    bench.post(tenant, said("update_party", f"department:{TEAM}"))

    bench.drain(tenant)

    assert tenant.world.calls == ["departments"]
    assert states(bench, tenant) == ["done", "done"]


def test_a_drain_asks_for_500_keys_and_gives_the_rest_back(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, crowd(1_600))
    for each in range(510):
        bench.post(tenant, said("update_user", f"member:wo{each}"))
    bench.execute(
        "UPDATE inbox SET received_at = received_at - interval '1 minute'"
        " WHERE mailbox = %s",
        tenant.mailbox,
    )

    bench.drain(tenant)

    assert bench.pending(tenant) == 10
    attempts = "SELECT max(attempts) FROM inbox WHERE state = 'pending'"
    assert bench.execute(attempts) == [(0,)]
    assert bench.bell.rung == [tenant.mailbox]
    assert len(tenant.world.calls) == 5


def test_a_burst_waits_for_calm(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    for second in range(210):
        bench.post(tenant, said("update_user", "member:woA", second=second))
    bench.execute("UPDATE inbox SET received_at = clock_timestamp()")

    bench.drain(tenant)

    assert bench.pending(tenant) == 210
    assert tenant.world.calls == []
    assert bench.execute("SELECT waits_for, strikes FROM mailboxes") == [("calm", 0)]


def test_a_burst_waits_no_longer_than_five_seconds(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    for second in range(210):
        bench.post(tenant, said("update_user", "member:woA", second=second))
    bench.execute(
        "UPDATE inbox SET received_at = clock_timestamp() - CASE"
        " WHEN event_id = (SELECT min(event_id) FROM inbox)"
        " THEN interval '6 seconds' ELSE interval '0' END"
    )

    bench.drain(tenant)

    assert bench.pending(tenant) == 0


def test_mail_behind_a_barrier_waits_for_it(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    bench.post(tenant, said("update_user", "member:woA"))
    bench.post(tenant, Event(kind="change_auth", key="corp"))
    bench.post(tenant, said("update_user", "member:woB"))

    bench.drain(tenant)
    first = states(bench, tenant)
    bench.drain(tenant)
    second = states(bench, tenant)

    assert first == ["done", "pending", "pending"]
    assert second == ["done", "done", "pending"]
    assert tenant.world.calls == ["member:woA"]


def test_a_barrier_opens_one_run_and_is_done_with_that(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    bench.post(tenant, Event(kind="change_auth", key="corp"))
    bench.post(tenant, Event(kind="corp_arch_auth", key="corp"))

    bench.drain(tenant)
    bench.drain(tenant)

    [run_id] = bench.open_runs(tenant)
    assert bench.mail(tenant) == [("done", "run"), ("done", "run")]
    assert bench.run(run_id)["cause"] == "scope"
    assert f"run:{run_id}" in bench.bell.rung
    assert tenant.world.calls == []


def test_a_barrier_that_waits_does_not_make_drains_spin(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    bench.post(tenant, Event(kind="change_auth", key="corp"))
    bench.post(tenant, said("update_user", "member:woB"))
    bench.execute(
        "UPDATE inbox SET not_before = clock_timestamp() + interval '1 minute'"
        " WHERE barrier"
    )

    bench.drain(tenant)

    assert states(bench, tenant) == ["pending", "pending"]
    assert bench.bell.rung == []


def test_a_barrier_that_comes_while_mail_is_claimed_is_not_claimed_with_it(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    bench.post(tenant, said("update_user", "member:woA"))
    with bench.own() as connection:
        seen = claims.look(connection, tenant.mailbox).barrier
    bench.post(tenant, Event(kind="change_auth", key="corp"))

    with bench.own() as connection:
        claimed = claims.claim_next(
            connection,
            tenant.mailbox,
            claim_id=uuid4(),
            barrier=seen,
            limit=10,
            kinds=None,
        )

    assert [each.kind for each in claimed] == ["change_contact"]


def test_a_drain_rings_again_while_mail_remains(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    bench.post(tenant, said("update_user", "member:woA"))
    bench.post(tenant, Event(kind="change_auth", key="corp"))

    bench.drain(tenant)

    assert bench.bell.rung == [tenant.mailbox]


def test_a_drain_that_touches_more_than_a_third_opens_a_run(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, crowd(63))
    for each in range(22):
        bench.post(tenant, said("update_user", f"member:wo{each}"))

    bench.drain(tenant)

    [run_id] = bench.open_runs(tenant)
    assert bench.run(run_id)["cause"] == "drain"
    assert {outcome for _, outcome in bench.mail(tenant)} == {"run"}
    assert tenant.world.calls == []


def test_an_absence_under_another_scope_opens_a_run(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.truth.allow_departments = frozenset({TEAM})
    bench.post(tenant, said("unsubscribe", f"member:{KEEPER}"))

    bench.drain(tenant)

    [run_id] = bench.open_runs(tenant)
    assert bench.run(run_id)["cause"] == "scope"
    assert KEEPER in bench.org(tenant).members


def test_a_repeat_of_settled_mail_is_a_duplicate(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    event = said("update_user", "member:woA")
    bench.post(tenant, event)
    bench.drain(tenant)

    bench.post(tenant, event)

    [day] = bench.ledger_of(tenant)
    assert (day.received, day.applied, day.duplicate) == (2, 1, 1)
    assert day.balances


def test_a_repeat_during_the_question_keeps_young_mail_pending(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    event = Event(
        change="update_user",
        key="member:woA",
        sent_at=datetime.now(UTC).replace(microsecond=0),
    )
    bench.post(tenant, event)
    tenant.world.watch = lambda _: _post_once(bench, tenant, event)

    bench.drain(tenant)

    assert states(bench, tenant) == ["pending"]


def test_a_repeat_during_the_question_settles_older_mail(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    event = Event(
        change="update_user",
        key="member:woA",
        sent_at=datetime.now(UTC) - timedelta(seconds=20),
    )
    bench.post(tenant, event)
    tenant.world.watch = lambda _: _post_once(bench, tenant, event)

    bench.drain(tenant)

    assert states(bench, tenant) == ["done"]


def _post_once(bench: Bench, tenant: Tenant, event: Event) -> None:
    if tenant.posted == 1:
        bench.post(tenant, event)
