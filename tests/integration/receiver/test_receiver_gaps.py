"""When events may have been lost, and that every linked corp is then read again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import redis

from store.database import Connection
from store.intake.gaps import (
    GapReason,
    add_refusals,
    beat,
    list_open,
    open_gap,
    upkeep_gaps,
)
from store.platform.tickets import SealedTicket, keep_ticket

SENT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


def _reasons(connection: Connection) -> list[str]:
    return [gap.reason for gap in list_open(connection)]


def _silent_for(connection: Connection, seconds: int) -> None:
    connection.execute(
        "INSERT INTO receivers VALUES ('other', now() - make_interval(secs => %s))",
        [seconds],
    )


def _grow_old(connection: Connection) -> None:
    connection.execute("UPDATE gaps SET opened_at = opened_at - INTERVAL '6 seconds'")


def _corp(connection: Connection, corp_id: str, *, state: str = "linked") -> None:
    connection.execute(
        "INSERT INTO companies (company_id, name, origin) VALUES (%s, 'n', 'tapd')",
        [corp_id],
    )
    connection.execute(
        "INSERT INTO corps (corp_id, state, company_id) VALUES (%s, %s, %s)",
        [corp_id, state, corp_id],
    )


def test_a_first_heartbeat_ever_opens_no_gap(connection: Connection) -> None:
    beat(connection, "one", awake_seconds=0)

    assert _reasons(connection) == []


def test_a_heartbeat_tells_postgres_clock(connection: Connection) -> None:
    now = beat(connection, "one", awake_seconds=0)

    row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    assert row[0] - now < timedelta(seconds=5)


@pytest.mark.parametrize(("silent", "reasons"), [(50, []), (70, ["receivers_silent"])])
def test_a_heartbeat_after_a_minute_of_silence_opens_a_gap(
    connection: Connection, silent: int, reasons: list[str]
) -> None:
    _silent_for(connection, silent)

    beat(connection, "one", awake_seconds=0)

    assert _reasons(connection) == reasons


def test_a_receiver_that_was_serving_all_the_time_was_not_silent(
    connection: Connection,
) -> None:
    _silent_for(connection, 3600)

    beat(connection, "one", awake_seconds=3590)

    assert _reasons(connection) == []


@pytest.mark.parametrize(("minutes", "reasons"), [(24, []), (26, ["ticket_late"])])
def test_a_ticket_after_more_than_25_minutes_opens_a_gap(
    connection: Connection, minutes: int, reasons: list[str]
) -> None:
    ticket = SealedTicket(suite_id="ww1", ticket=b"sealed")
    keep_ticket(connection, ticket, sent_at=SENT)

    keep_ticket(connection, ticket, sent_at=SENT + timedelta(minutes=minutes))

    assert _reasons(connection) == reasons


def test_a_gap_is_opened_once_for_each_reason(connection: Connection) -> None:
    opened = [open_gap(connection, GapReason.REFUSED) for _ in range(2)]

    assert opened == [True, False]


def test_a_database_that_was_set_back_opens_a_gap_once(
    connection: Connection, client: redis.Redis
) -> None:
    connection.execute("SELECT setval('inbox_ids', 500)")
    upkeep_gaps(connection, client)
    connection.execute("SELECT setval('inbox_ids', 400)")

    upkeep_gaps(connection, client)
    opened = _reasons(connection)
    _grow_old(connection)
    closings = [upkeep_gaps(connection, client).reasons for _ in range(2)]

    assert opened == ["restored"]
    assert closings == [("restored",), ()]


def test_a_wiped_redis_opens_no_gap(
    connection: Connection, client: redis.Redis
) -> None:
    connection.execute("SELECT setval('inbox_ids', 500)")
    upkeep_gaps(connection, client)
    client.flushdb()

    upkeep_gaps(connection, client)

    assert _reasons(connection) == []


def test_a_closed_gap_spreads_the_linked_corps_over_an_hour(
    connection: Connection, client: redis.Redis
) -> None:
    for corp_id in ("a", "b", "c", "d"):
        _corp(connection, corp_id)
    _corp(connection, "p", state="paused")
    open_gap(connection, GapReason.REFUSED)
    _grow_old(connection)

    closing = upkeep_gaps(connection, client)

    rows = connection.execute(
        "SELECT corp_id, due_cause, round(extract(epoch FROM due_at - now()) / 60)"
        " FROM corps WHERE due_at IS NOT NULL ORDER BY corp_pk"
    ).fetchall()
    assert (closing.reasons, closing.corps) == (("refused",), 4)
    assert rows == [
        ("a", "gap", 0),
        ("b", "gap", 15),
        ("c", "gap", 30),
        ("d", "gap", 45),
    ]
    assert _reasons(connection) == []


def test_a_corp_that_is_due_earlier_stays_so(
    connection: Connection, client: redis.Redis
) -> None:
    _corp(connection, "a")
    connection.execute(
        "UPDATE corps SET due_at = now() - INTERVAL '1 minute', due_cause = 'operator'"
    )
    open_gap(connection, GapReason.REFUSED)
    _grow_old(connection)

    closing = upkeep_gaps(connection, client)

    causes = connection.execute("SELECT due_cause FROM corps").fetchall()
    assert (closing.corps, causes) == (0, [("operator",)])


def test_a_gap_stays_open_until_things_flow_again(
    connection: Connection, client: redis.Redis
) -> None:
    open_gap(connection, GapReason.TICKET_LATE)
    open_gap(connection, GapReason.RECEIVERS_SILENT)

    still = upkeep_gaps(connection, client).reasons
    beat(connection, "one", awake_seconds=0)
    with_heartbeat = upkeep_gaps(connection, client).reasons
    keep_ticket(connection, SealedTicket(suite_id="a", ticket=b"t"), sent_at=SENT)
    with_ticket = upkeep_gaps(connection, client).reasons

    assert still == ()
    assert with_heartbeat == ("receivers_silent",)
    assert with_ticket == ("ticket_late",)


def test_refusals_are_summed_by_day_and_reason(connection: Connection) -> None:
    add_refusals(connection, {"signature": 2, "size": 1})
    add_refusals(connection, {"signature": 3})

    rows = connection.execute(
        "SELECT reason, count FROM refusals ORDER BY reason"
    ).fetchall()
    assert rows == [("signature", 5), ("size", 1)]


def test_refusals_for_a_signature_open_no_gap(
    connection: Connection, client: redis.Redis
) -> None:
    add_refusals(connection, {"signature": 10_000})

    upkeep_gaps(connection, client)

    assert _reasons(connection) == []
