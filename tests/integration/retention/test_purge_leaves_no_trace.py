"""What a purge has taken away stands neither in Redis nor in the logs."""

import logging
from typing import Any

import pytest
from redis import Redis

import logs
from tests.integration.retention.test_purge import populate, withdraw
from tests.support.workbench import Workbench

# Counters and locks end by themselves; so long may one still name the corp.
MOST_SECONDS = 15 * 60


def naming(redis: Redis, words: list[str]) -> dict[str, int]:
    """The keys that bear or hold one of the words, with their seconds to live."""
    marks = [word.encode() for word in words]
    client: Any = redis
    return {
        key.decode(): int(client.ttl(key))
        for key in client.keys("*")
        if any(mark in key or mark in (client.dump(key) or b"") for mark in marks)
    }


def test_after_a_purge_redis_names_the_corp_for_minutes_at_most(
    simulated: Workbench,
) -> None:
    enterprise = simulated.found()
    corp = simulated.link(enterprise)
    wanted = populate(simulated, corp)

    withdraw(simulated, enterprise)

    kept = naming(simulated.runtime.redis, [enterprise.corp_id, *wanted])
    assert {
        key: seconds
        for key, seconds in kept.items()
        if not 0 <= seconds <= MOST_SECONDS
    } == {}


def test_the_log_of_a_purge_names_nobodys_person(
    simulated: Workbench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    enterprise = simulated.found()
    corp = simulated.link(enterprise)
    wanted = populate(simulated, corp)

    withdraw(simulated, enterprise)

    formatter = logs.DiscreetFormatter(["message", "name"])
    # Servers for tests tell of each request; ours do not.
    lines = [
        formatter.format(each)
        for each in caplog.records
        if not each.name.startswith(("werkzeug", "urllib3"))
    ]
    people = [word for word in wanted if word != enterprise.corp_id]
    assert [word for word in people for line in lines if word in line] == []


def test_a_key_without_end_is_seen(simulated: Workbench) -> None:
    simulated.runtime.redis.set("forgotten", "wwmarker")

    assert naming(simulated.runtime.redis, ["wwmarker"]) == {"forgotten": -1}
