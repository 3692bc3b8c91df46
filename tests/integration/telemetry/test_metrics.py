"""What the workers do is counted across processes and shown at /metrics."""

from collections.abc import Iterable

import pytest
from dramatiq.worker import Worker
from prometheus_client.core import Metric
from redis import Redis

from store.database import transaction
from store.inbox import leases
from store.platform import presence
from store.platform.metrics import (
    BATCH_EVENTS,
    DECISIONS,
    EVENT_TO_EFFECT,
    Histogram,
    read_counts,
    read_distribution,
)
from tests.support.org.histories import company
from tests.support.org.pipeline import Bench, Tenant, said
from tests.support.receiving import wait_until
from web.operations.gauges import StoreCollector
from wecom.errors import Unavailable
from workers.queue.bell import open_bell
from workers.queue.broker import EVENTS, NOTICES, RESYNC, make_broker, make_client
from workers.queue.metrics import Tallies

CORP = "wpCorpA"

Samples = dict[tuple[str, str], float]


def shown(bench: Bench) -> Samples:
    """What /metrics says, by the sample's name and the values of its labels."""
    runtime = bench.runtime
    runtime.tallies.write()
    collector = StoreCollector(
        pool=runtime.pool, redis=runtime.redis, suite_id="wwsuite"
    )
    return samples(collector.collect())


def samples(metrics: Iterable[Metric]) -> Samples:
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for metric in metrics
        for sample in metric.samples
    }


def tallied(bench: Bench) -> Redis:
    bench.runtime.tallies.write()
    return bench.runtime.redis


def drains(bench: Bench) -> Samples:
    return {
        key: number
        for key, number in shown(bench).items()
        if key[0] == "sync_drains_total" and number
    }


def post_leaver(bench: Bench, tenant: Tenant, *, seconds_ago: float) -> None:
    """Somebody left, and WeCom said so twice; the first word came so long ago."""
    del tenant.world.truth.people["woA"]
    bench.post(tenant, said("delete_user", "member:woA"))
    bench.execute(
        "UPDATE inbox SET received_at = received_at - make_interval(secs => %s)",
        seconds_ago,
    )
    bench.post(tenant, said("update_user", "member:woA", second=1))


def test_everything_is_shown_from_zero_on(bench: Bench) -> None:
    found = shown(bench)

    assert found["sync_decisions_total", "AddMember"] == 0
    assert found["sync_drains_total", "worked"] == 0
    assert found["sync_batch_events_count", ""] == 0
    assert found["sync_event_to_effect_seconds_bucket", "1.0"] == 0
    assert found["sync_workers_alive", "events"] == 0


def test_decisions_of_runs_and_of_drains_are_counted_together(bench: Bench) -> None:
    tenant = bench.link_and_read(CORP, company())
    post_leaver(bench, tenant, seconds_ago=7)

    bench.drain(tenant)

    found = shown(bench)
    journal = bench.execute("SELECT decision, count(*) FROM journal GROUP BY decision")
    assert ("RemoveMember", 1) in journal
    assert {
        name: found["sync_decisions_total", name] for name, _ in journal
    } == dict(journal)  # fmt: skip


def test_decisions_that_are_not_committed_are_not_counted(bench: Bench) -> None:
    tenant = bench.link_and_read(CORP, company())
    post_leaver(bench, tenant, seconds_ago=7)
    before = read_counts(tallied(bench), DECISIONS)
    bench.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RAISE EXCEPTION ''at the commit''; END'"
    )
    bench.execute(
        "CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON members"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()"
    )

    bench.drain(tenant)
    bench.work_on(bench.request_run(tenant))

    assert read_counts(tallied(bench), DECISIONS) == before
    assert ("RemoveMember",) not in bench.execute("SELECT decision FROM journal")


def test_an_effect_is_timed_from_the_first_word_of_it(bench: Bench) -> None:
    tenant = bench.link_and_read(CORP, company())
    post_leaver(bench, tenant, seconds_ago=7)

    bench.drain(tenant)

    found = shown(bench)
    assert found["sync_event_to_effect_seconds_count", ""] == 1
    assert found["sync_event_to_effect_seconds_bucket", "5.0"] == 0
    assert found["sync_event_to_effect_seconds_bucket", "30.0"] == 1
    assert 7 <= found["sync_event_to_effect_seconds_sum", ""] < 30


def test_mail_that_changes_nothing_has_no_effect_to_time(bench: Bench) -> None:
    tenant = bench.link_and_read(CORP, company())
    bench.post(tenant, said("update_user", "member:woA"))

    bench.drain(tenant)

    assert shown(bench)["sync_event_to_effect_seconds_count", ""] == 0


def test_a_claim_is_counted_by_its_size(bench: Bench) -> None:
    tenant = bench.link_and_read(CORP, company())
    post_leaver(bench, tenant, seconds_ago=7)
    bench.post(tenant, said("update_user", "member:woKeeper", second=2))

    bench.drain(tenant)

    found = read_distribution(tallied(bench), BATCH_EVENTS)
    assert dict(found.at_most)["2.0"] == 0
    assert dict(found.at_most)["5.0"] == 1
    assert found.sum == 3


def test_a_drain_with_mail_has_worked_and_one_without_was_idle(bench: Bench) -> None:
    tenant = bench.link_and_read(CORP, company())
    bench.post(tenant, said("update_user", "member:woA"))

    bench.drain(tenant)
    bench.drain(tenant)

    assert drains(bench) == {
        ("sync_drains_total", "worked"): 1,
        ("sync_drains_total", "idle"): 1,
    }


def test_a_drain_whose_question_fails_has_failed(bench: Bench) -> None:
    tenant = bench.link_and_read(CORP, company())
    bench.post(tenant, said("update_user", "member:woA"))
    tenant.world.faults["member"] = Unavailable("HTTP 502")

    bench.drain(tenant)

    assert drains(bench) == {("sync_drains_total", "failed"): 1}


def test_a_drain_beside_another_was_busy(bench: Bench) -> None:
    tenant = bench.link_and_read(CORP, company())
    bench.post(tenant, said("update_user", "member:woA"))
    with transaction(bench.runtime.pool) as connection:
        leases.take(connection, tenant.mailbox)

    bench.drain(tenant)

    assert drains(bench) == {("sync_drains_total", "busy"): 1}


@pytest.mark.parametrize(
    ("value", "bound"), [(0.0, "1.0"), (1.0, "1.0"), (1.001, "2.5"), (9.0, "+Inf")]
)
def test_a_value_is_counted_up_to_its_bound(
    redis_url: str, value: float, bound: str
) -> None:
    redis = make_client(redis_url, timeout_seconds=1)
    histogram = Histogram(name="tried", bounds=(1, 2.5))
    tallies = Tallies(redis)
    tallies.observe(histogram, value)

    tallies.write()

    found = read_distribution(redis, histogram)
    first = next(name for name, number in found.at_most if number)
    assert (first, found.sum) == (bound, value)
    assert found.at_most[-1] == ("+Inf", 1)


def test_what_two_processes_count_adds_up_and_a_wiped_redis_begins_anew(
    redis_url: str,
) -> None:
    redis = make_client(redis_url, timeout_seconds=1)
    for seconds in (0.2, 0.4):
        tallies = Tallies(redis)
        tallies.observe(EVENT_TO_EFFECT, seconds)
        tallies.write()

    counted = read_distribution(redis, EVENT_TO_EFFECT)
    redis.flushdb()
    wiped = read_distribution(redis, EVENT_TO_EFFECT)

    assert (dict(counted.at_most)["0.5"], counted.sum) == (2, 0.6)
    assert (dict(wiped.at_most)["+Inf"], wiped.sum) == (0, 0)


def test_only_worker_processes_are_alive_and_only_on_their_queues(
    redis_url: str,
) -> None:
    open_bell(redis_url).ring("corp:a")
    broker = make_broker(redis_url, receiver=False)
    for name in (EVENTS, NOTICES, RESYNC):
        broker.declare_queue(name)
    redis = make_client(redis_url, timeout_seconds=1)
    worker = Worker(broker, queues={EVENTS, NOTICES}, worker_threads=1)

    worker.start()
    came = wait_until(lambda: presence.count_workers(redis, EVENTS) == 1)
    found = [presence.count_workers(redis, name) for name in (NOTICES, RESYNC)]
    worker.stop()
    went = wait_until(lambda: presence.count_workers(redis, EVENTS) == 0)

    broker.close()
    assert (came, found, went) == (True, [1, 0], True)


def test_a_worker_that_was_killed_is_forgotten_after_15_seconds(
    redis_url: str,
) -> None:
    redis = make_client(redis_url, timeout_seconds=1)
    presence.report(redis, "killed", queues=[EVENTS])
    presence.report(redis, "alive", queues=[EVENTS])
    both = presence.count_workers(redis, EVENTS)
    redis.zincrby(f"workers:{EVENTS}", -presence.SILENT_SECONDS, "killed")

    left = presence.count_workers(redis, EVENTS)
    presence.report(redis, "alive", queues=[EVENTS])

    assert (both, left) == (2, 1)
    assert redis.zrange(f"workers:{EVENTS}", 0, -1) == [b"alive"]
    assert 0 < int(str(redis.ttl(f"workers:{EVENTS}"))) <= presence.SILENT_SECONDS
