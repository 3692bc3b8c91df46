"""One row for each thing said, and when a repeat is more than a repeat."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow

from domain.ids import CORP_KEY, Key
from store.database import Connection
from store.inbox.record import Arrival, MailState, Post, identify, post_internal, record
from store.inbox.record import measure_backlog as measure

SENT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


class CountingCursor(psycopg.Cursor[TupleRow]):
    """A cursor that counts the statements sent over it."""

    executed = 0

    def execute(self, *arguments: Any, **options: Any) -> "CountingCursor":
        CountingCursor.executed += 1
        return super().execute(*arguments, **options)


def post(
    content: bytes = b"mail",
    *,
    mailbox: str = "corp:a",
    kind: str = "change_contact",
    state: MailState = MailState.PENDING,
) -> Post:
    """A piece of mail about one member."""
    return Post(
        digest=identify(mailbox=mailbox, content=content),
        mailbox=mailbox,
        kind=kind,
        change=None,
        key=Key("member:woAmy"),
        state=state,
        outcome=None,
        sent_at=SENT,
        hint={"status": 1},
        body=b"sealed",
    )


def _settle(connection: Connection, *, state: str, asked_at: datetime) -> None:
    connection.execute(
        "UPDATE inbox SET state = %s, asked_at = %s, done_at = now(), attempts = 2,"
        " outcome = 'applied'",
        [state, asked_at],
    )


def _row(connection: Connection) -> tuple[object, ...] | None:
    return connection.execute(
        "SELECT state, times_seen, attempts, outcome, asked_at, done_at FROM inbox"
    ).fetchone()


def test_fresh_mail_is_due_in_its_mailbox(connection: Connection) -> None:
    recorded = record(connection, post())

    assert (recorded.arrival, recorded.due) == (Arrival.FRESH, ("corp:a",))


@pytest.mark.parametrize("state", [MailState.IGNORED, MailState.DONE])
def test_mail_that_nobody_handles_makes_nothing_due(
    connection: Connection, state: MailState
) -> None:
    assert record(connection, post(state=state)).due == ()


def test_the_same_bytes_in_two_mailboxes_are_two_pieces_of_mail(
    connection: Connection,
) -> None:
    first = record(connection, post())
    second = record(connection, post(mailbox="corp:b"))

    assert second.arrival is Arrival.FRESH
    assert second.event_id > first.event_id


@pytest.mark.parametrize("state", ["pending", "ignored", "parked", "failed"])
def test_a_repeat_of_what_is_not_settled_is_only_counted(
    connection: Connection, state: str
) -> None:
    record(connection, post())
    _settle(connection, state=state, asked_at=SENT)

    repeated = record(connection, post())

    row = _row(connection)
    assert (repeated.arrival, repeated.due) == (Arrival.REPEATED, ())
    assert row is not None
    assert row[:2] == (state, 2)


@pytest.mark.parametrize("state", ["done", "folded"])
def test_a_repeat_is_pending_again_if_it_may_be_a_second_change(
    connection: Connection, state: str
) -> None:
    record(connection, post())
    _settle(connection, state=state, asked_at=SENT + timedelta(seconds=5.9))

    repeated = record(connection, post())

    assert (repeated.arrival, repeated.due) == (Arrival.REARMED, ("corp:a",))
    assert _row(connection) == ("pending", 2, 0, None, None, None)


def test_a_repeat_of_what_was_asked_late_enough_stays_settled(
    connection: Connection,
) -> None:
    record(connection, post())
    _settle(connection, state="done", asked_at=SENT + timedelta(seconds=6))

    repeated = record(connection, post())

    assert repeated.arrival is Arrival.REPEATED


@pytest.mark.parametrize(
    ("mailbox", "kind"),
    [("code:abc", "create_auth"), ("corp:a", "template_card_event")],
)
def test_codes_and_clicks_are_never_pending_again(
    connection: Connection, mailbox: str, kind: str
) -> None:
    record(connection, post(mailbox=mailbox, kind=kind))
    _settle(connection, state="done", asked_at=SENT)

    repeated = record(connection, post(mailbox=mailbox, kind=kind))

    assert repeated.arrival is Arrival.REPEATED


def test_after_48_hours_the_same_bytes_are_new_mail(connection: Connection) -> None:
    record(connection, post())
    connection.execute(
        "WITH moved AS (UPDATE inbox SET received_at = now() - INTERVAL '49 hours')"
        " UPDATE identities SET received_at = now() - INTERVAL '49 hours'"
    )

    recorded = record(connection, post())

    rows = connection.execute("SELECT count(*) FROM inbox").fetchone()
    assert recorded.arrival is Arrival.FRESH
    assert rows == (2,)


def test_mail_whose_row_was_pruned_early_is_new_mail(connection: Connection) -> None:
    record(connection, post())
    connection.execute("DELETE FROM inbox")

    assert record(connection, post()).arrival is Arrival.FRESH


def test_a_fresh_event_is_one_round_trip(connection: Connection) -> None:
    CountingCursor.executed = 0
    connection.cursor_factory = CountingCursor

    record(connection, post())

    assert CountingCursor.executed == 1


def test_internal_mail_is_never_taken_for_a_repeat(connection: Connection) -> None:
    ids = [
        post_internal(
            connection, mailbox="corp:a", kind="paused", key=CORP_KEY, hint={"by": "op"}
        )
        for _ in range(2)
    ]

    rows = connection.execute("SELECT event_id, state, hint FROM inbox").fetchall()
    assert rows == [(event_id, "pending", {"by": "op"}) for event_id in ids]


def test_the_backlog_counts_what_is_pending(connection: Connection) -> None:
    record(connection, post(b"one"))
    record(connection, post(b"two"))
    record(connection, replace(post(b"three"), state=MailState.IGNORED))

    backlog = measure(connection)

    assert backlog.pending == 2
    assert 0 < backlog.oldest_seconds < 60
