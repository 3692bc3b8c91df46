"""What a drain writes goes as one statement, and is no less one transaction for it."""

import threading
from uuid import uuid4

import pytest

from domain.ids import CorpPk
from store.database import Connection, transaction
from store.inbox.claims import ClaimedBatch
from store.inbox.leases import LeaseLost
from store.inbox.quick_apply import applying, settle_and_end
from store.inbox.quick_claim import claim_quickly
from store.org import corps, members
from store.runs import touched
from store.writes import ALLOWED, Change, make, make_if
from tests.support.org.histories import company
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.receiving import wait_until

CORP = "wpCorpA"
RENAME = f"UPDATE corps SET name = %(name)s WHERE {ALLOWED}"  # noqa: S608 - constants
BEFORE, AFTER = "before", "after"


@pytest.fixture
def tenant(bench: Bench) -> Tenant:
    """A corp whose mailbox was used before."""
    tenant = bench.link_in_step(CORP, company())
    bench.post(tenant, said("update_user", "member:woC"))
    bench.drain(tenant)
    bench.execute("UPDATE corps SET name = %s", BEFORE)
    return tenant


@pytest.fixture
def claim(bench: Bench, tenant: Tenant) -> ClaimedBatch:
    """Mail of it, claimed."""
    bench.post(tenant, said("update_user", "member:woA", second=1))
    return claimed(bench, tenant)


def claimed(
    bench: Bench, tenant: Tenant, *, and_forgotten: bool = False
) -> ClaimedBatch:
    """What a drain holds; forgotten by a Postgres that crashed before it wrote it."""
    claim_id = uuid4()
    with transaction(bench.runtime.pool) as connection:
        quick = claim_quickly(
            connection, tenant.mailbox, lease=uuid4(), claim_id=claim_id, burst_events=9
        )
        if and_forgotten:
            connection.rollback()
    assert quick is not None
    return ClaimedBatch(
        claim_id=claim_id,
        mailbox=tenant.mailbox,
        lease=quick.lease,
        claimed_at=quick.claimed_at,
        mail=quick.mail,
    )


def rename(connection: Connection, name: str) -> None:
    make(connection, Change(text=RENAME, values={"name": name}))


def name(bench: Bench) -> object:
    return bench.execute("SELECT name FROM corps WHERE corp_id = %s", CORP)[0][0]


def settle(connection: Connection, claim: ClaimedBatch) -> None:
    settle_and_end(connection, claim, {claim.event_ids[0]: ("done", "applied")})


def last_mail(bench: Bench) -> tuple[object, ...]:
    found = bench.execute("SELECT state, claim FROM inbox ORDER BY event_id DESC")
    state, claim = found[0]
    return state, claim


def lease(bench: Bench, tenant: Tenant) -> object:
    found = bench.execute("SELECT token FROM leases WHERE mailbox = %s", tenant.mailbox)
    return found[0][0]


def test_all_of_it_is_there_after_the_block_and_nothing_before(
    bench: Bench, tenant: Tenant, claim: ClaimedBatch
) -> None:
    with applying(bench.runtime.pool, claim, tenant.corp_pk) as connection:
        rename(connection, AFTER)
        settle(connection, claim)
        within = name(bench), last_mail(bench)

    assert within == (BEFORE, ("pending", claim.claim_id))
    assert (name(bench), last_mail(bench)) == (AFTER, ("done", None))
    assert lease(bench, tenant) is None


def apply(
    bench: Bench,
    claim: ClaimedBatch,
    corp_pk: CorpPk,
    *,
    asks: bool = False,
    fails: bool = False,
) -> None:
    with applying(bench.runtime.pool, claim, corp_pk) as connection:
        rename(connection, AFTER)
        if asks:
            corps.get(connection, corp_pk)
        settle(connection, claim)
        if fails:
            raise ZeroDivisionError


def assert_unchanged(bench: Bench, claim: ClaimedBatch) -> None:
    assert (name(bench), last_mail(bench)) == (BEFORE, ("pending", claim.claim_id))


@pytest.mark.parametrize("asks", [False, True])
def test_a_block_that_fails_changes_nothing(
    bench: Bench, tenant: Tenant, claim: ClaimedBatch, asks: bool
) -> None:
    with pytest.raises(ZeroDivisionError):
        apply(bench, claim, tenant.corp_pk, asks=asks, fails=True)

    assert_unchanged(bench, claim)
    assert lease(bench, tenant) == claim.lease


def test_what_is_asked_sees_what_was_changed_before(
    bench: Bench, tenant: Tenant, claim: ClaimedBatch
) -> None:
    with applying(bench.runtime.pool, claim, tenant.corp_pk) as connection:
        rename(connection, AFTER)
        seen = corps.get(connection, tenant.corp_pk).name
        outside = name(bench)
        settle(connection, claim)

    assert (seen, outside) == (AFTER, BEFORE)
    assert (name(bench), last_mail(bench)) == (AFTER, ("done", None))
    assert lease(bench, tenant) is None


def test_so_does_a_savepoint(bench: Bench, tenant: Tenant, claim: ClaimedBatch) -> None:
    with applying(bench.runtime.pool, claim, tenant.corp_pk) as connection:
        rename(connection, "before the savepoint")
        with connection.transaction(force_rollback=True):
            rename(connection, "within it")

    assert name(bench) == "before the savepoint"


def test_so_does_a_pipeline(bench: Bench, tenant: Tenant, claim: ClaimedBatch) -> None:
    with applying(bench.runtime.pool, claim, tenant.corp_pk) as connection:
        rename(connection, "before the pipeline")
        with connection.pipeline():
            waits = getattr(connection, "gathering", None)
        outside = name(bench)

    assert (waits, outside) == (None, BEFORE)
    assert name(bench) == "before the pipeline"


@pytest.mark.parametrize("asks", [False, True])
def test_a_worker_without_its_lease_changes_nothing(
    bench: Bench, tenant: Tenant, claim: ClaimedBatch, asks: bool
) -> None:
    other = uuid4()
    bench.execute("UPDATE leases SET token = %s", other)

    with pytest.raises(LeaseLost):
        apply(bench, claim, tenant.corp_pk, asks=asks)

    assert_unchanged(bench, claim)
    assert lease(bench, tenant) == other


def test_nor_does_one_whose_corp_was_taken_away(
    bench: Bench, claim: ClaimedBatch
) -> None:
    nobody = bench.execute("SELECT max(corp_pk) + 1 FROM corps")[0][0]

    with pytest.raises(LeaseLost):
        apply(bench, claim, nobody)

    assert_unchanged(bench, claim)


def test_nothing_is_changed_before_the_corp_is_locked(
    bench: Bench, tenant: Tenant, claim: ClaimedBatch
) -> None:
    """Whoever holds the corp may change its members before the drain does."""
    with bench.own() as holder:
        corps.lock(holder, tenant.corp_pk)
        worker = threading.Thread(target=change_a_member, args=(bench, tenant, claim))
        worker.start()
        wait_until(lambda: is_waiting(bench))
        holder.execute("SET LOCAL lock_timeout = '1s'")
        holder.execute("UPDATE members SET name = 'theirs' WHERE userid = 'woA'")
    worker.join()

    assert last_mail(bench) == ("done", None)


def change_a_member(bench: Bench, tenant: Tenant, claim: ClaimedBatch) -> None:
    with transaction(bench.runtime.pool) as connection:
        [stored] = members.list_known(connection, tenant.corp_pk, ["woA"])
    with applying(bench.runtime.pool, claim, tenant.corp_pk) as connection:
        members.change(connection, tenant.corp_pk, [(stored.member_pk, stored.member)])
        settle(connection, claim)


def is_waiting(bench: Bench) -> bool:
    found = bench.execute(
        "SELECT FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return bool(found)


def test_a_repeat_that_is_counted_while_mail_is_settled_is_seen(
    bench: Bench, tenant: Tenant
) -> None:
    """It may be a second change, for which the question was too early."""
    event = said("update_user", "member:woB", second=2)
    bench.post(tenant, event)
    bench.execute("UPDATE inbox SET sent_at = received_at WHERE state = 'pending'")
    claim = claimed(bench, tenant)
    with bench.own() as recording:
        recording.execute(
            "UPDATE inbox SET times_seen = times_seen + 1,"
            " last_seen_at = clock_timestamp() WHERE claim = %s",
            [claim.claim_id],
        )
        worker = threading.Thread(target=apply_nothing, args=(bench, tenant, claim))
        worker.start()
        wait_until(lambda: is_waiting(bench))
    worker.join()

    assert last_mail(bench) == ("pending", None)


def apply_nothing(bench: Bench, tenant: Tenant, claim: ClaimedBatch) -> None:
    with applying(bench.runtime.pool, claim, tenant.corp_pk) as connection:
        settle(connection, claim)


def test_keys_are_noted_for_a_run_only_while_one_reads(
    bench: Bench, tenant: Tenant, claim: ClaimedBatch
) -> None:
    with transaction(bench.runtime.pool) as connection:
        touched.note(connection, tenant.corp_pk, ["member:woA"])
    without = bench.execute("SELECT key FROM touched")
    bench.execute(
        "INSERT INTO runs (run_id, corp_pk, cause, state)"
        " VALUES (%s, %s, 'operator', 'running')",
        str(uuid4()),
        tenant.corp_pk,
    )

    with applying(bench.runtime.pool, claim, tenant.corp_pk) as connection:
        touched.note(connection, tenant.corp_pk, ["member:woA", "member:woB"])

    assert without == []
    assert sorted(bench.execute("SELECT key FROM touched")) == [
        ("member:woA",),
        ("member:woB",),
    ]


def test_a_change_that_names_no_condition_is_refused(bench: Bench) -> None:
    condition = Change(text="WITH allowed AS (SELECT 1)", values={})
    careless = Change(text="UPDATE corps SET name = 'x'", values={})

    with (
        transaction(bench.runtime.pool) as connection,
        pytest.raises(ValueError, match="condition"),
    ):
        make_if(connection, condition, [careless])


def test_what_rests_on_a_claim_that_postgres_has_forgotten_is_not_made(
    bench: Bench, tenant: Tenant
) -> None:
    bench.post(tenant, said("update_user", "member:woA", second=1))
    forgotten = claimed(bench, tenant, and_forgotten=True)

    with (
        pytest.raises(LeaseLost),
        applying(bench.runtime.pool, forgotten, tenant.corp_pk) as connection,
    ):
        rename(connection, AFTER)

    assert (name(bench), last_mail(bench)) == (BEFORE, ("pending", None))


def test_mail_of_a_forgotten_claim_is_there_for_the_next_one(
    bench: Bench, tenant: Tenant
) -> None:
    event_id = bench.post(tenant, said("update_user", "member:woA", second=1))
    claimed(bench, tenant, and_forgotten=True)

    again = claimed(bench, tenant)

    # Nobody died over it: it is no attempt.
    assert [(each.event_id, each.attempts) for each in again.mail] == [(event_id, 1)]
