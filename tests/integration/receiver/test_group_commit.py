"""Mail that arrives together is committed together, and shares no one's fault."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest

from domain.ids import Key
from store.database import StoreUnavailable
from store.inbox.record import Arrival, MailState, Post, identify, record, record_fresh
from store.intake.bounded import BoundedPool, open_bounded_pool
from store.intake.group_commit import GroupCommit
from tests.support.receiving import rows_of

SECONDS = 30.0


@pytest.fixture
def pool(database: str) -> Iterator[BoundedPool]:
    with open_bounded_pool(database, size=4) as pool:
        pool.wait()
        yield pool


def post(number: int, *, mailbox: str = "corp:a", kind: str = "change_contact") -> Post:
    return Post(
        digest=identify(mailbox=mailbox, content=str(number).encode()),
        mailbox=mailbox,
        kind=kind,
        change="update_user",
        key=Key(f"member:{number}"),
        state=MailState.PENDING,
        outcome=None,
        sent_at=None,
        hint={"departments": [number], "text": 'a "quoted" \\ 人'},
        body=b"\x00sealed\xff",
    )


def _held_up(
    group: GroupCommit, pool: BoundedPool, database: str, posts: list[Post]
) -> list[object]:
    """What becomes of mail that arrives while the first of it waits for a lock."""
    with (
        psycopg.connect(database) as blocker,
        ThreadPoolExecutor(len(posts)) as threads,
    ):
        blocker.execute("LOCK TABLE identities IN ACCESS EXCLUSIVE MODE")
        futures = [
            threads.submit(group.record, each, seconds=SECONDS) for each in posts
        ]
        arrived = threading.Event()
        while len(group._waiting) < len(posts) - 1:
            arrived.wait(0.01)
        blocker.rollback()
        return [future.exception() or future.result() for future in futures]


def test_what_waits_is_one_group(pool: BoundedPool, database: str) -> None:
    group = GroupCommit(pool)
    posts = [post(number) for number in range(8)]

    found = _held_up(group, pool, database, posts)

    rows = rows_of(database, "SELECT xmin::text AS t, event_id FROM inbox")
    assert len(found) == len(rows) == len(posts)
    # The first was alone; the others share one transaction.
    assert len({row["t"] for row in rows}) == 2


def test_each_of_a_group_learns_its_own_fate(pool: BoundedPool, database: str) -> None:
    group = GroupCommit(pool)
    known = post(100)
    with pool.connection() as connection:
        record(connection, known)
    posts = [post(1), known, post(2), post(2), post(3)]

    found = _held_up(group, pool, database, posts)

    fresh = [each is not None for each in found]
    assert fresh[0]
    assert not fresh[1]
    assert sorted(fresh[2:4]) == [False, True]
    assert len(rows_of(database, "SELECT event_id FROM inbox")) == 4


def test_what_cannot_be_stored_spoils_nobody_elses(
    pool: BoundedPool, database: str
) -> None:
    group = GroupCommit(pool)
    posts = [post(1), post(2), post(3, kind="a\x00b"), post(4)]

    found = _held_up(group, pool, database, posts)

    assert [isinstance(each, StoreUnavailable) for each in found] == [
        False, False, True, False,
    ]  # fmt: skip
    assert len(rows_of(database, "SELECT event_id FROM inbox")) == 3


def test_who_waits_too_long_hears_so_and_leaves_the_others_alone(
    pool: BoundedPool, database: str
) -> None:
    group = GroupCommit(pool)
    with psycopg.connect(database) as blocker, ThreadPoolExecutor(3) as threads:
        blocker.execute("LOCK TABLE identities IN ACCESS EXCLUSIVE MODE")
        first = threads.submit(group.record, post(1), seconds=0.2)
        second = threads.submit(group.record, post(2), seconds=0.2)
        errors = [first.exception(), second.exception()]
        blocker.rollback()

    after = group.record(post(3), seconds=SECONDS)

    assert [type(error) for error in errors] == [StoreUnavailable] * 2
    assert after is not None


def test_mail_keeps_every_field(database: str) -> None:
    given = replace(post(7), barrier=True, outcome="o", state=MailState.IGNORED)
    with psycopg.connect(database, autocommit=True) as connection:
        [recorded] = record_fresh(connection, [given])

    [row] = rows_of(
        database,
        "SELECT mailbox, kind, change, key, state, outcome, sent_at, hint, body,"
        " barrier, done_at = received_at AS settled FROM inbox",
    )
    assert recorded is not None
    assert (recorded.arrival, recorded.due) == (Arrival.FRESH, ())
    assert row == {
        "mailbox": given.mailbox,
        "kind": given.kind,
        "change": given.change,
        "key": given.key,
        "state": "ignored",
        "outcome": "o",
        "sent_at": None,
        "hint": dict(given.hint),
        "body": given.body,
        "barrier": True,
        "settled": True,
    }


def test_ids_follow_the_order_of_arrival(database: str) -> None:
    posts = [post(number) for number in range(20)]
    with psycopg.connect(database, autocommit=True) as connection:
        found = record_fresh(connection, posts)

    ids = [each.event_id for each in found if each is not None]
    assert len(ids) == len(posts)
    assert ids == sorted(ids)
