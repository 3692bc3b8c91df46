"""A refused token costs one new one, whichever it is, whoever is refused and when."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from simulator.faults import Fault, Kind
from simulator.tokens import Paper
from tests.support.workbench import SUITE_ID, Workbench
from wecom.corp import CorpClient
from wecom.errors import TokenExpired
from workers.queue.broker import make_broker
from workers.runtime import Runtime, build

SUITE_TOKEN = "service/get_suite_token"
CORP_TOKEN = "service/get_corp_token"


@contextmanager
def workers(bench: Workbench, count: int) -> Iterator[list[Runtime]]:
    """So many other processes with stores and memories of their own."""
    settings = bench.runtime.settings
    made = [
        build(
            settings,
            broker=make_broker(settings.redis_url, receiver=False),
            pool_size=2,
        )
        for _ in range(count)
    ]
    yield made
    for each in made:
        each.pool.close()


def refuse(bench: Workbench, endpoint: str, errcode: int, *, count: int) -> None:
    faults = bench.world.faults
    faults.add(
        Fault(
            fault_id=faults.next_id(),
            kind=Kind.ERRCODE,
            match=endpoint,
            errcode=errcode,
            count=count,
        )
    )


@pytest.mark.parametrize("forgotten", [True, False], ids=["40014", "42001"])
def test_workers_refused_with_whatever_word_fetch_once(
    simulated: Workbench, *, forgotten: bool
) -> None:
    corp = simulated.link(simulated.found())
    with workers(simulated, 3) as others:
        apis: list[CorpClient] = [each.corp_api(corp) for each in others]
        for api in apis:
            api.agent_is_closed(corp.agent_id or 0)
        asked = simulated.calls(CORP_TOKEN)
        simulated.world.papers.end(
            Paper.CORP_TOKEN, owner=corp.corp_id, forget=forgotten
        )

        for api in apis:
            api.agent_is_closed(corp.agent_id or 0)

    assert simulated.calls(CORP_TOKEN) == asked + 1


@pytest.mark.parametrize("errcode", [40014, 42001])
def test_a_second_refusal_is_told_and_the_next_call_gets_on(
    simulated: Workbench, errcode: int
) -> None:
    corp = simulated.link(simulated.found())
    api = simulated.runtime.corp_api(corp)
    api.agent_is_closed(corp.agent_id or 0)
    refuse(simulated, "agent/get", errcode, count=2)

    with pytest.raises(TokenExpired, match=str(errcode)):
        api.agent_is_closed(corp.agent_id or 0)

    assert api.agent_is_closed(corp.agent_id or 0) is False


def test_whoever_dies_with_the_claim_holds_up_the_others_for_seconds(
    simulated: Workbench,
) -> None:
    corp = simulated.link(simulated.found())
    api = simulated.runtime.corp_api(corp)
    api.agent_is_closed(corp.agent_id or 0)
    simulated.world.papers.end(Paper.CORP_TOKEN, owner=corp.corp_id, forget=False)
    simulated.rows(
        "UPDATE tokens SET token = NULL, expires_at = NULL,"
        " refreshing_by = gen_random_uuid(), refreshing_until = %s"
        " WHERE owner LIKE 'corp:%%'",
        datetime.now(UTC) - timedelta(seconds=1),
    )
    asked = simulated.calls(CORP_TOKEN)

    with workers(simulated, 2) as others:
        for each in others:
            each.corp_api(corp).agent_is_closed(corp.agent_id or 0)

    assert simulated.calls(CORP_TOKEN) == asked + 1


def test_tokens_of_the_suite_and_of_every_corp_end_at_once(
    simulated: Workbench,
) -> None:
    corps = [simulated.link(simulated.found()) for _ in range(3)]
    papers = simulated.world.papers
    with workers(simulated, 2) as others:
        for worker in others:
            for corp in corps:
                worker.corp_api(corp).auth_info()
                worker.corp_api(corp).agent_is_closed(corp.agent_id or 0)
        papers.end(Paper.SUITE_TOKEN, owner=SUITE_ID, forget=False)
        papers.end(Paper.CORP_TOKEN, owner=None, forget=False)
        kept = simulated.calls(SUITE_TOKEN)

        for worker in others:
            for corp in corps:
                worker.corp_api(corp).agent_is_closed(corp.agent_id or 0)
                worker.corp_api(corp).auth_info()

    assert simulated.calls(SUITE_TOKEN) == kept + 1
    held = simulated.rows("SELECT owner FROM tokens WHERE token IS NOT NULL")
    assert len([row for row in held if row["owner"].startswith("corp:")]) == 3
