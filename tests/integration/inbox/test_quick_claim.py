"""The claim in one statement holds to what the claim in steps holds to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from store.database import Connection, transaction
from store.inbox import leases
from store.inbox.quick_claim import QuickClaim, claim_quickly
from tests.support.org.histories import company
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.receiving import wait_until
from workers.inbox import drain

CORP = "wpCorpA"


def drained_before(bench: Bench) -> Tenant:
    """A corp whose mailbox was used before: the first time is an unusual one, too."""
    tenant = bench.link_in_step(CORP, company())
    bench.post(tenant, said("update_user", "member:woC"))
    bench.drain(tenant)
    bench.execute("DELETE FROM inbox")
    return tenant


def claim(bench: Bench, tenant: Tenant, *, burst_events: int = 200) -> QuickClaim:
    with transaction(bench.runtime.pool) as connection:
        quick = claim_over(connection, tenant, burst_events=burst_events)
    assert quick is not None
    return quick


def claim_over(
    connection: Connection, tenant: Tenant, *, burst_events: int = 200
) -> QuickClaim | None:
    return claim_quickly(
        connection,
        tenant.mailbox,
        lease=uuid4(),
        claim_id=uuid4(),
        burst_events=burst_events,
    )


@contextmanager
def held_up(bench: Bench) -> Iterator[None]:
    """Whoever takes a lease stops in the middle of that statement until the end."""
    bench.execute(
        """
        CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.token IS NOT NULL THEN PERFORM pg_advisory_xact_lock(42); END IF;
            RETURN NEW;
        END $$
        """
    )
    bench.execute(
        "CREATE TRIGGER stop BEFORE UPDATE ON leases FOR EACH ROW"
        " EXECUTE FUNCTION stop()"
    )
    bench.execute("SELECT pg_advisory_lock(42)")
    try:
        yield
    finally:
        bench.execute("SELECT pg_advisory_unlock(42)")


def test_what_is_due_is_claimed_in_the_order_of_its_arrival(bench: Bench) -> None:
    tenant = drained_before(bench)
    ids = [bench.post(tenant, said("update_user", f"member:wo{n}")) for n in "BA"]

    quick = claim(bench, tenant)

    assert [each.event_id for each in quick.mail] == ids
    with (
        transaction(bench.runtime.pool) as connection,
        pytest.raises(leases.LeaseLost),
    ):
        leases.check(connection, tenant.mailbox, uuid4())


def test_a_lease_that_is_held_is_not_waited_for(bench: Bench) -> None:
    tenant = drained_before(bench)
    bench.post(tenant, said("update_user", "member:woA"))
    claim(bench, tenant)

    with transaction(bench.runtime.pool) as connection:
        second = claim_quickly(
            connection,
            tenant.mailbox,
            lease=uuid4(),
            claim_id=uuid4(),
            burst_events=200,
        )

    assert second is None


@pytest.mark.parametrize(
    "unusual",
    [
        "UPDATE mailboxes SET not_before = clock_timestamp() + interval '1 hour'",
        "UPDATE mailboxes SET open_claim = gen_random_uuid()",
        "UPDATE mailboxes SET claim_limit = 2",
        "UPDATE inbox SET barrier = true WHERE key = 'member:woB'",
        "UPDATE inbox SET not_before = clock_timestamp() + interval '1 hour'",
    ],
)
def test_what_is_unusual_is_left_to_be_looked_at_in_steps(
    bench: Bench, unusual: str
) -> None:
    tenant = drained_before(bench)
    for who in "AB":
        bench.post(tenant, said("update_user", f"member:wo{who}"))
    bench.execute(unusual)

    quick = claim(bench, tenant)

    assert quick.mail == ()
    assert bench.execute("SELECT 1 FROM inbox WHERE claim IS NOT NULL") == []


def test_a_burst_is_left_to_be_looked_at_in_steps(bench: Bench) -> None:
    tenant = drained_before(bench)
    for who in "ABC":
        bench.post(tenant, said("update_user", f"member:wo{who}"))
    bench.execute("UPDATE inbox SET received_at = received_at + interval '5 second'")

    assert claim(bench, tenant, burst_events=2).mail == ()


def test_mail_that_was_settled_since_the_statement_began_is_not_claimed(
    bench: Bench,
) -> None:
    tenant = drained_before(bench)
    bench.post(tenant, said("update_user", "member:woA"))
    claimed: list[QuickClaim] = []
    late = threading.Thread(target=lambda: claimed.append(claim(bench, tenant)))

    with held_up(bench):
        late.start()
        _wait_for_the_stop(bench)
        bench.execute("UPDATE inbox SET state = 'done', done_at = clock_timestamp()")
    late.join(10)

    assert [each.mail for each in claimed] == [()]
    assert bench.execute("SELECT state, claim FROM inbox") == [("done", None)]


def _wait_for_the_stop(bench: Bench) -> None:
    waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    assert wait_until(lambda: bool(bench.execute(waiting)))


def test_a_lease_that_was_lost_before_the_steps_began_leaves_all_to_its_holder(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = drained_before(bench)
    bench.post(tenant, said("update_user", "member:woA"))
    # Fifteen seconds went by between the two, and another worker came.
    holder = claim(bench, tenant).lease
    claimed = bench.execute("SELECT claim, attempts FROM inbox")
    lost = QuickClaim(lease=uuid4(), claimed_at=datetime.now(UTC), mail=())
    monkeypatch.setattr(drain, "claim_quickly", lambda *_, **__: lost)

    bench.drain(tenant)

    assert bench.execute("SELECT token FROM leases") == [(holder,)]
    assert bench.execute("SELECT claim, attempts FROM inbox") == claimed


def test_a_claim_waits_for_no_disk_and_whatever_follows_it_does(bench: Bench) -> None:
    tenant = drained_before(bench)
    bench.post(tenant, said("update_user", "member:woA"))
    with a_workers_connection(bench) as connection:
        claim_over(connection, tenant)
        claiming = waits_for_the_disk(connection)
        connection.commit()
        afterwards = waits_for_the_disk(connection)

    assert (claiming, afterwards) == ("off", "on")


def test_whoever_finds_the_lease_held_has_changed_no_setting(bench: Bench) -> None:
    tenant = drained_before(bench)
    bench.post(tenant, said("update_user", "member:woA"))
    claim(bench, tenant)
    with a_workers_connection(bench) as connection:
        found = claim_over(connection, tenant)
        setting = waits_for_the_disk(connection)

    assert (found, setting) == (None, "on")


@contextmanager
def a_workers_connection(bench: Bench) -> Iterator[Connection]:
    """One whose commits wait for the disk, which those of tests otherwise do not."""
    with transaction(bench.runtime.pool) as connection:
        connection.execute("SET synchronous_commit = on")
        connection.commit()
        yield connection


def waits_for_the_disk(connection: Connection) -> str:
    [(setting,)] = connection.execute("SHOW synchronous_commit").fetchall()
    return str(setting)
