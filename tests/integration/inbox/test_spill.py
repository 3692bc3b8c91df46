"""Mail that waited in Redis gets into the inbox once, in order, by one mover."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest
import redis

from domain.ids import Key
from store.database import Pool, StoreUnavailable, open_pool
from store.inbox import leases
from store.inbox.record import MailState, Post, identify
from store.intake.spill import BROKEN, SPILL, Spill, SpillUnavailable, open_spill
from store.platform.tickets import find_ticket, seal_ticket
from store.sealing import Keyring
from tests.support.receiving import rows_of
from workers.inbox.spill import move_spill
from workers.queue.bell import Bell, open_bell

KEYRING = Keyring((b"k" * 32,))
SENT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@pytest.fixture
def pool(database: str) -> Iterator[Pool]:
    with open_pool(database, size=2) as pool:
        yield pool


@pytest.fixture
def spill(redis_url: str) -> Spill:
    return open_spill(redis_url, KEYRING)


@pytest.fixture
def bell(redis_url: str) -> Bell:
    return open_bell(redis_url)


def post(number: int, *, mailbox: str = "corp:a") -> Post:
    """A piece of mail about one member."""
    return Post(
        digest=identify(mailbox=mailbox, content=b"%d" % number),
        mailbox=mailbox,
        kind="change_contact",
        change="update_user",
        key=Key(f"member:wo{number}"),
        state=MailState.PENDING,
        outcome=None,
        sent_at=SENT,
        hint={"departments": [7]},
        body=b"\x00sealed\xff",
        barrier=True,
    )


def test_spilled_mail_is_recorded_as_it_would_have_been(
    pool: Pool, spill: Spill, bell: Bell, database: str
) -> None:
    spill.put(post(1))

    moved = move_spill(pool, spill, bell)

    [row] = rows_of(
        database,
        "SELECT mailbox, kind, change, key, state, sent_at, hint, body, barrier"
        " FROM inbox",
    )
    assert moved == 1
    assert row == {
        "mailbox": "corp:a",
        "kind": "change_contact",
        "change": "update_user",
        "key": "member:wo1",
        "state": "pending",
        "sent_at": SENT,
        "hint": {"departments": [7]},
        "body": b"\x00sealed\xff",
        "barrier": True,
    }


def test_mail_is_moved_in_the_order_in_which_it_came(
    pool: Pool, spill: Spill, bell: Bell, database: str
) -> None:
    for number in range(250):
        spill.put(post(number))

    moved = move_spill(pool, spill, bell)

    rows = rows_of(database, "SELECT key FROM inbox ORDER BY event_id")
    assert moved == 250
    assert [row["key"] for row in rows] == [f"member:wo{n}" for n in range(250)]
    assert spill.depth() == 0


def test_mailboxes_are_rung_once_their_mail_is_there(
    pool: Pool, spill: Spill, bell: Bell, redis_url: str
) -> None:
    spill.put(post(1, mailbox="corp:a"))
    spill.put(post(2, mailbox="corp:b"))

    move_spill(pool, spill, bell)

    with redis.Redis.from_url(redis_url) as client:
        assert client.exists("ring:corp:a", "ring:corp:b") == 2


def test_mail_moved_before_a_crash_is_not_recorded_twice(
    pool: Pool, spill: Spill, bell: Bell, database: str, redis_url: str
) -> None:
    spill.put(post(1))
    [entry] = spill.peek(1)
    move_spill(pool, spill, bell)
    with redis.Redis.from_url(redis_url) as client:
        client.rpush(SPILL, entry)

    move_spill(pool, spill, bell)

    assert rows_of(database, "SELECT times_seen FROM inbox") == [{"times_seen": 2}]
    assert spill.depth() == 0


def test_a_second_mover_leaves_the_spill_alone(
    pool: Pool, spill: Spill, bell: Bell
) -> None:
    spill.put(post(1))
    with pool.connection() as connection:
        leases.take(connection, SPILL)

    moved = move_spill(pool, spill, bell)

    assert (moved, spill.depth()) == (0, 1)


def test_nothing_leaves_the_spill_while_postgres_refuses(
    spill: Spill, bell: Bell, database: str
) -> None:
    spill.put(post(1))
    dead = f"{database.rpartition('/')[0]}/does_not_exist"

    with (
        open_pool(dead, size=1, wait_seconds=0.2) as pool,
        pytest.raises(StoreUnavailable),
    ):
        move_spill(pool, spill, bell)

    assert spill.depth() == 1


def test_an_entry_that_cannot_be_opened_is_set_aside(
    pool: Pool, spill: Spill, bell: Bell, redis_url: str
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.rpush(SPILL, b"rubbish")
        spill.put(post(1))

        moved = move_spill(pool, spill, bell)

        assert (moved, spill.depth()) == (1, 0)
        assert client.lrange(BROKEN, 0, -1) == [b"rubbish"]


def test_a_spilled_ticket_is_kept_when_it_is_moved(
    pool: Pool, spill: Spill, bell: Bell, database: str
) -> None:
    ticket = seal_ticket(KEYRING, suite_id="ww1", ticket="TICKET")
    mail = post(1, mailbox="suite")
    spill.put(replace(mail, ticket=ticket))

    move_spill(pool, spill, bell)

    with psycopg.connect(database) as connection:
        found = find_ticket(connection, KEYRING, suite_id="ww1")
    assert found is not None
    assert (found.ticket, found.sent_at) == ("TICKET", SENT)


def test_a_note_of_a_refusal_becomes_a_gap(
    pool: Pool, spill: Spill, bell: Bell, database: str
) -> None:
    spill.remember_refusal()

    move_spill(pool, spill, bell)

    assert rows_of(database, "SELECT reason FROM gaps") == [{"reason": "refused"}]
    assert not spill.has_refusal()


def test_nothing_in_redis_can_be_read_without_the_keys(
    spill: Spill, redis_url: str
) -> None:
    spill.put(post(1))

    with redis.Redis.from_url(redis_url) as client:
        [entry] = client.lrange(SPILL, 0, -1)

    assert b"member" not in entry
    assert b"corp:a" not in entry


def test_a_redis_that_is_not_there_takes_nothing() -> None:
    spill = open_spill("redis://127.0.0.1:1/0", KEYRING)

    with pytest.raises(SpillUnavailable):
        spill.put(post(1))
