"""What waits in the spill is sealed again too, or the rotation says that it cannot."""

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
import redis

from domain.ids import Key
from store.database import Pool, open_pool
from store.inbox.record import BODY_PLACE, Post, record
from store.intake.gaps import list_open
from store.intake.spill import BROKEN, SPILL, Spill, open_spill
from store.platform.tickets import find_ticket, seal_ticket
from store.retention.spill_rotation import rotate_spill
from store.sealing import Keyring
from tests.integration.inbox.test_spill import post
from workers.inbox.spill import move_spill
from workers.queue.bell import open_bell

OLD, NEW, STRANGE = b"o" * 32, b"n" * 32, b"s" * 32
BEFORE, DURING, AFTER = Keyring((OLD,)), Keyring((NEW, OLD)), Keyring((NEW,))


@pytest.fixture
def pool(database: str) -> Iterator[Pool]:
    with open_pool(database, size=2) as pool:
        yield pool


def mail(number: int, keyring: Keyring = BEFORE) -> Post:
    """Mail with a body and a ticket, as a receiver with these keys spills it."""
    ticket = seal_ticket(keyring, suite_id="ww1", ticket=f"T{number}")
    body = keyring.seal(b"%d" % number, place=BODY_PLACE)
    return replace(post(number), body=body, ticket=ticket)


def spilled(redis_url: str, keyring: Keyring, *mails: Post) -> Spill:
    spill = open_spill(redis_url, keyring)
    for each in mails:
        spill.put(each)
    return open_spill(redis_url, DURING)


def test_after_a_rotation_the_new_key_opens_the_mail_and_all_in_it(
    pool: Pool, redis_url: str, database: str
) -> None:
    spill = spilled(redis_url, BEFORE, mail(1), mail(2), mail(3))

    done = rotate_spill(spill, DURING)
    again = rotate_spill(open_spill(redis_url, AFTER), AFTER)
    moved = move_spill(pool, open_spill(redis_url, AFTER), open_bell(redis_url))

    assert (done.renewed, done.unreadable) == (3, 0)
    assert (again.renewed, again.unreadable) == (0, 0)
    assert moved == 3
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT key, body FROM inbox ORDER BY event_id")
        bodies = [(key, AFTER.open(body, place=BODY_PLACE)) for key, body in rows]
        ticket = find_ticket(connection, AFTER, suite_id="ww1")
    assert bodies == [("member:wo1", b"1"), ("member:wo2", b"2"), ("member:wo3", b"3")]
    assert ticket is not None
    assert ticket.ticket == "T3"


def test_what_only_lies_inside_sealed_by_the_old_key_is_sealed_again(
    redis_url: str,
) -> None:
    # A receiver restarted between the two seals.
    spill = spilled(redis_url, DURING, mail(1, BEFORE))

    assert rotate_spill(spill, DURING).renewed == 1
    [(_, entry)] = spill.list_all()
    renewed = open_spill(redis_url, AFTER).open(entry)
    assert renewed.body is not None
    assert AFTER.open(renewed.body, place=BODY_PLACE) == b"1"


def test_mail_that_the_mover_takes_meanwhile_comes_once(
    pool: Pool, redis_url: str, database: str
) -> None:
    spill = spilled(redis_url, BEFORE, mail(1), mail(2))
    [first, _] = [entry for _, entry in spill.list_all()]
    # Recorded by a mover that has not dropped it yet.
    with pool.connection() as connection:
        record(connection, spill.open(first))

    rotate_spill(spill, DURING)
    spill.drop([first])
    move_spill(pool, open_spill(redis_url, AFTER), open_bell(redis_url))

    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT key, times_seen FROM inbox ORDER BY key")
        assert rows.fetchall() == [("member:wo1", 2), ("member:wo2", 1)]


def test_mail_of_a_retired_key_is_set_aside_and_opens_a_gap(
    pool: Pool, redis_url: str, database: str
) -> None:
    spilled(redis_url, BEFORE, mail(1), mail(2))
    spill = open_spill(redis_url, AFTER)

    move_spill(pool, spill, open_bell(redis_url))

    with psycopg.connect(database) as connection:
        assert [gap.reason for gap in list_open(connection)] == ["set_aside"]
    assert spill.depth() == 0


@pytest.mark.parametrize(
    "content", [b"{}", b"[]", b"7", b"\xff", b'{"digest": 1}', b'{"digest": "YQ=="}']
)
def test_mail_that_another_version_wrote_is_set_aside_and_opens_a_gap(
    pool: Pool, redis_url: str, database: str, content: bytes
) -> None:
    spill = spilled(redis_url, AFTER)
    entry = AFTER.seal(content, place="spill")
    with redis.Redis.from_url(redis_url) as client:
        client.rpush(SPILL, entry)
    spill.put(mail(1, AFTER))

    moved = move_spill(pool, spill, open_bell(redis_url))

    assert moved == 1
    with psycopg.connect(database) as connection:
        assert [gap.reason for gap in list_open(connection)] == ["set_aside"]


def test_mail_that_was_set_aside_comes_back_with_its_key(
    pool: Pool, redis_url: str, database: str
) -> None:
    spilled(redis_url, BEFORE, mail(1))
    move_spill(pool, open_spill(redis_url, AFTER), open_bell(redis_url))

    rotate_spill(open_spill(redis_url, DURING), DURING)
    moved = move_spill(pool, open_spill(redis_url, AFTER), open_bell(redis_url))

    assert moved == 1
    with redis.Redis.from_url(redis_url) as client:
        assert client.llen(BROKEN) == 0


def test_what_is_set_aside_is_not_kept_for_ever(pool: Pool, redis_url: str) -> None:
    spilled(redis_url, BEFORE, mail(1))
    move_spill(pool, open_spill(redis_url, AFTER), open_bell(redis_url))

    with redis.Redis.from_url(redis_url) as client:
        assert 0 < client.ttl(BROKEN) <= 30 * 24 * 3600


def test_mail_that_no_key_opens_is_counted_and_left_alone(redis_url: str) -> None:
    spill = spilled(redis_url, Keyring((STRANGE,)), mail(1))

    done = rotate_spill(spill, DURING)

    assert (done.renewed, done.unreadable) == (0, 1)
    assert spill.depth() == 1


def test_mail_set_aside_twice_comes_back_once(
    pool: Pool, redis_url: str, database: str
) -> None:
    spilled(redis_url, BEFORE, mail(1))
    after = open_spill(redis_url, AFTER)
    [(_, entry)] = after.list_all()
    move_spill(pool, after, open_bell(redis_url))
    # A mover that died between the two lists left it in both.
    with redis.Redis.from_url(redis_url) as client:
        client.rpush(SPILL, entry)
    move_spill(pool, after, open_bell(redis_url))

    done = rotate_spill(open_spill(redis_url, DURING), DURING)
    move_spill(pool, after, open_bell(redis_url))

    assert done.unreadable == 0
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT key, state FROM inbox").fetchall()
    assert rows == [("member:wo1", "pending")]
    assert list(after.list_all()) == []


def test_mail_of_items_is_sealed_again_like_any_other(
    pool: Pool, redis_url: str, database: str
) -> None:
    item = replace(
        mail(1),
        mailbox="company:7",
        kind="story",
        change="update",
        key=Key("story:11"),
        ticket=None,
    )
    spilled(redis_url, BEFORE, item, mail(2))

    rotate_spill(open_spill(redis_url, DURING), DURING)
    moved = move_spill(pool, open_spill(redis_url, AFTER), open_bell(redis_url))

    assert moved == 2
    with psycopg.connect(database) as connection:
        [(mailbox, body)] = connection.execute(
            "SELECT mailbox, body FROM inbox WHERE key = 'story:11'"
        ).fetchall()
    assert (mailbox, AFTER.open(body, place=BODY_PLACE)) == ("company:7", b"1")


@pytest.mark.parametrize("kept", [0, 1, 4, 5, 16, 17, 33, -1])
def test_torn_mail_stands_in_nobodys_way(
    pool: Pool, redis_url: str, database: str, kept: int
) -> None:
    spill = spilled(redis_url, DURING, mail(1))
    [(_, entry)] = spill.list_all()
    with redis.Redis.from_url(redis_url) as client:
        client.rpush(SPILL, entry[:kept])
    spill.put(mail(2))

    counted = rotate_spill(spill, DURING).unreadable
    moved = move_spill(pool, spill, open_bell(redis_url))

    assert (counted, moved) == (1, 2)
    with psycopg.connect(database) as connection:
        assert [gap.reason for gap in list_open(connection)] == ["set_aside"]


def test_a_rotation_stopped_halfway_goes_on(redis_url: str) -> None:
    spill = spilled(redis_url, BEFORE, mail(1), mail(2), mail(3))
    [_, (name, second), _] = list(spill.list_all())
    spill.exchange(name, second, mail(2, DURING))

    done = rotate_spill(spill, DURING)

    after = open_spill(redis_url, AFTER)
    assert done.renewed == 2
    assert [after.open(entry).key for _, entry in after.list_all()] == [
        f"member:wo{number}" for number in (1, 2, 3)
    ]
