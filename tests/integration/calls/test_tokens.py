"""Tokens are shared, renewed by one worker, and replaced once WeCom refuses them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from simulator.faults import Kind
from simulator.tokens import Paper
from store.database import transaction
from store.platform import tokens
from tests.support.workbench import SUITE_ID, Workbench, workbench
from wecom.errors import TicketMissing, TokenExpired
from wecom.tokens import StoredToken
from workers.calls.token_store import SharedTokens
from workers.queue.broker import make_broker
from workers.runtime import build

OWNER = f"suite:{SUITE_ID}"
SUITE_TOKEN = "service/get_suite_token"
CORP_TOKEN = "service/get_corp_token"


@pytest.fixture
def bench(database: str, redis_url: str) -> Iterator[Workbench]:
    with workbench(database=database, redis_url=redis_url) as bench:
        yield bench


def shared(bench: Workbench) -> SharedTokens:
    return SharedTokens(bench.runtime.pool, bench.runtime.keyring)


def test_another_process_uses_the_same_tokens(bench: Workbench) -> None:
    corp = bench.link(bench.found())
    settings = bench.runtime.settings
    broker = make_broker(settings.redis_url, receiver=False)
    other = build(settings, broker=broker, pool_size=2)
    asked = bench.calls(SUITE_TOKEN), bench.calls(CORP_TOKEN)

    other.corp_api(corp).permissions()
    other.corp_api(corp).auth_info()

    other.pool.close()
    assert asked == (1, 1)
    assert (bench.calls(SUITE_TOKEN), bench.calls(CORP_TOKEN)) == asked


def test_a_token_is_stored_sealed(bench: Workbench) -> None:
    bench.runtime.wecom.pre_auth_code()

    row = bench.row("SELECT token FROM tokens WHERE owner = %s", OWNER)
    held = shared(bench).find(OWNER)
    assert held is not None
    assert held.value.encode() not in bytes(row["token"])


def test_many_threads_fetch_a_missing_token_once(bench: Workbench) -> None:
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda _: bench.runtime.wecom.pre_auth_code(), range(12)))

    assert bench.calls(SUITE_TOKEN) == 1


@pytest.mark.parametrize("errcode", [40014, 42001, 42009, 40082])
def test_a_refused_token_is_replaced_and_the_call_made_once_more(
    bench: Workbench, errcode: int
) -> None:
    corp = bench.link(bench.found())
    endpoint = "agent/get_permissions"
    before = bench.calls(endpoint), bench.calls(CORP_TOKEN)
    bench.misbehave(Kind.ERRCODE, match=endpoint, errcode=errcode, count=1)

    bench.runtime.corp_api(corp).permissions()

    after = bench.calls(endpoint), bench.calls(CORP_TOKEN)
    assert after == (before[0] + 2, before[1] + 1)


def test_a_token_refused_twice_is_an_error(bench: Workbench) -> None:
    corp = bench.link(bench.found())
    bench.misbehave(Kind.ERRCODE, match="agent/get_permissions", errcode=42001)

    with pytest.raises(TokenExpired):
        bench.runtime.corp_api(corp).permissions()


def test_tokens_that_wecom_expired_early_are_all_replaced(bench: Workbench) -> None:
    corp = bench.link(bench.found())
    for paper, owner in (
        (Paper.SUITE_TOKEN, SUITE_ID),
        (Paper.CORP_TOKEN, corp.corp_id),
    ):
        bench.world.papers.end(paper, owner=owner, forget=False)

    found = bench.runtime.corp_api(corp).permissions()

    assert found == {"contact:base:base"}


def test_without_a_ticket_of_the_last_half_hour_no_token_is_asked_for(
    bench: Workbench,
) -> None:
    bench.rows("UPDATE suite_tickets SET sent_at = sent_at - interval '31 minutes'")

    with pytest.raises(TicketMissing):
        bench.runtime.wecom.pre_auth_code()

    assert bench.calls(SUITE_TOKEN) == 0


def test_only_one_worker_may_renew_a_token(bench: Workbench) -> None:
    store = shared(bench)

    claims = [store.claim_refresh(OWNER, seconds=60) for _ in range(3)]

    assert [claim is None for claim in claims] == [False, True, True]


def test_a_claim_ends_when_it_is_released_or_its_time_is_over(bench: Workbench) -> None:
    store = shared(bench)
    claim = store.claim_refresh(OWNER, seconds=60)
    assert claim is not None
    store.release_refresh(OWNER, claim)
    released = store.claim_refresh(OWNER, seconds=60)
    bench.rows("UPDATE tokens SET refreshing_until = clock_timestamp()")

    expired = store.claim_refresh(OWNER, seconds=60)

    assert None not in (released, expired)


def test_whoever_came_too_late_does_not_end_the_claim_of_another(
    bench: Workbench,
) -> None:
    store = shared(bench)
    slow = store.claim_refresh(OWNER, seconds=60)
    assert slow is not None
    bench.rows("UPDATE tokens SET refreshing_until = clock_timestamp()")
    store.claim_refresh(OWNER, seconds=60)

    store.release_refresh(OWNER, slow)
    store.rest(OWNER, slow, seconds=0)
    store.drop(OWNER, token="refused")

    assert store.claim_refresh(OWNER, seconds=60) is None


def test_a_rest_forbids_only_what_can_wait(bench: Workbench) -> None:
    store = shared(bench)
    claim = store.claim_ahead(OWNER, seconds=60)
    assert claim is not None
    store.rest(OWNER, claim, seconds=60)

    assert store.claim_ahead(OWNER, seconds=60) is None
    assert store.claim_refresh(OWNER, seconds=60) is not None


def test_a_token_that_was_renewed_meanwhile_is_not_dropped(bench: Workbench) -> None:
    store = shared(bench)
    expires_at = datetime.now(UTC) + timedelta(hours=2)
    store.save(OWNER, token="new", expires_at=expires_at)

    store.drop(OWNER, token="old")

    assert store.find(OWNER) == StoredToken(value="new", expires_at=expires_at)


def test_a_dropped_token_is_gone_for_every_process(bench: Workbench) -> None:
    store = shared(bench)
    store.save(OWNER, token="bad", expires_at=datetime.now(UTC))

    store.drop(OWNER, token="bad")

    with transaction(bench.runtime.pool) as connection:
        assert tokens.find(connection, bench.runtime.keyring, owner=OWNER) is None


def test_a_fresh_token_is_read_once(bench: Workbench) -> None:
    reader, writer = shared(bench), shared(bench)
    in_two_hours = datetime.now(UTC) + timedelta(hours=2)
    writer.save(OWNER, token="kept", expires_at=in_two_hours)
    reader.find(OWNER)
    bench.rows("DELETE FROM tokens")

    known = reader.find(OWNER)

    assert known == StoredToken(value="kept", expires_at=in_two_hours)


def test_one_that_is_due_to_be_renewed_is_looked_up(bench: Workbench) -> None:
    reader, writer = shared(bench), shared(bench)
    soon = datetime.now(UTC) + timedelta(minutes=4)
    reader.save(OWNER, token="old", expires_at=soon)
    renewed = soon + timedelta(hours=2)
    writer.save(OWNER, token="new", expires_at=renewed)

    assert reader.find(OWNER) == StoredToken(value="new", expires_at=renewed)


def test_whoever_drops_a_remembered_token_finds_the_one_in_its_place(
    bench: Workbench,
) -> None:
    reader, writer = shared(bench), shared(bench)
    in_two_hours = datetime.now(UTC) + timedelta(hours=2)
    reader.save(OWNER, token="refused", expires_at=in_two_hours)
    writer.save(OWNER, token="new", expires_at=in_two_hours)

    reader.drop(OWNER, token="refused")

    assert reader.find(OWNER) == StoredToken(value="new", expires_at=in_two_hours)


@pytest.mark.parametrize(
    ("paper", "fetches"),
    [(Paper.CORP_TOKEN, CORP_TOKEN), (Paper.SUITE_TOKEN, SUITE_TOKEN)],
)
def test_workers_that_are_refused_one_after_another_fetch_once(
    bench: Workbench, paper: Paper, fetches: str
) -> None:
    corp = bench.link(bench.found())
    settings = bench.runtime.settings
    workers = [
        build(
            settings,
            broker=make_broker(settings.redis_url, receiver=False),
            pool_size=2,
        )
        for _ in range(3)
    ]
    asked = bench.calls(fetches)
    held = [worker.corp_api(corp) for worker in workers]
    for api in held:
        api.permissions()
        api.auth_info()
    owner = corp.corp_id if paper is Paper.CORP_TOKEN else SUITE_ID
    bench.world.papers.end(paper, owner=owner, forget=False)

    for api in held:
        api.permissions()
        api.auth_info()

    for worker in workers:
        worker.pool.close()
    assert bench.calls(fetches) == asked + 1
