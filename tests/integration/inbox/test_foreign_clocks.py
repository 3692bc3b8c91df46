"""WeCom's clock is not ours: what it says is bounded by when it arrived."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from domain.events.lateness import CLOCKS_APART_SECONDS, LOOKALIKE_SECONDS
from domain.ids import Key
from store.database import Connection
from store.inbox.claims import ClaimedBatch, claim_next
from store.inbox.record import Arrival, MailState, Post, identify, record
from store.inbox.settlement import settle
from store.intake.gaps import list_open
from store.platform.tickets import find_ticket, keep_ticket, seal_ticket
from store.sealing import Keyring
from store.summaries.operations.gauges import find_ticket_age
from tests.support.receiving import (
    KEY,
    NOW,
    PROVIDER,
    SUITE,
    TOKEN,
    Draft,
    contact,
    info,
    receiver_on,
    rows_of,
    settings_for,
)
from wecom.crypto import AesKey
from wecom.intake import CLOCKS_APART_SECONDS as RECEIVER_APART_SECONDS
from wecom.intake import SuiteIdentity, open_callback

KEYRING = Keyring((b"k" * 32,))
TOMORROW = timedelta(days=1)


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def clock(connection: Connection) -> datetime:
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    now: datetime = row[0]
    return now


def keep(connection: Connection, ticket: str, *, sent_at: datetime | None) -> bool:
    sealed = seal_ticket(KEYRING, suite_id=SUITE, ticket=ticket)
    return keep_ticket(connection, sealed, sent_at=sent_at)


def held(connection: Connection) -> str:
    ticket = find_ticket(connection, KEYRING, suite_id=SUITE)
    assert ticket is not None
    return ticket.ticket


def mail(connection: Connection, *, after: timedelta, content: bytes = b"a") -> Post:
    """An event whose second is so far from now, in whole seconds."""
    sent_at = (clock(connection) + after).replace(microsecond=0)
    return Post(
        digest=identify(mailbox="corp:a", content=content),
        mailbox="corp:a",
        kind="change_contact",
        change="update_user",
        key=Key("member:woAmy"),
        state=MailState.PENDING,
        outcome=None,
        sent_at=sent_at,
        hint={},
        body=None,
    )


def test_a_ticket_dated_tomorrow_keeps_no_genuine_one_out(
    connection: Connection,
) -> None:
    keep(connection, "of tomorrow", sent_at=clock(connection) + TOMORROW)

    kept = keep(connection, "genuine", sent_at=clock(connection).replace(microsecond=0))

    assert kept
    assert held(connection) == "genuine"
    assert list_open(connection) == []


def test_a_ticket_stored_with_a_date_of_tomorrow_is_replaced_by_the_next(
    connection: Connection,
) -> None:
    keep(connection, "of tomorrow", sent_at=None)
    connection.execute("UPDATE suite_tickets SET sent_at = now() + interval '1 day'")

    kept = keep(connection, "genuine", sent_at=clock(connection).replace(microsecond=0))

    assert (kept, held(connection)) == (True, "genuine")


def test_a_ticket_stored_with_a_date_of_tomorrow_ages_from_its_arrival(
    connection: Connection,
) -> None:
    keep(connection, "of tomorrow", sent_at=None)
    connection.execute(
        "UPDATE suite_tickets SET sent_at = now() + interval '1 day',"
        " received_at = now() - interval '40 minutes'"
    )

    ticket = find_ticket(connection, KEYRING, suite_id=SUITE)
    age = find_ticket_age(connection, SUITE)

    assert ticket is not None
    assert ticket.sent_at <= ticket.received_at < ticket.dated
    assert age == pytest.approx(2400, abs=60)


def test_of_two_tickets_of_one_second_the_later_arrival_wins(
    connection: Connection,
) -> None:
    second = (clock(connection) - timedelta(seconds=3)).replace(microsecond=0)
    keep(connection, "first", sent_at=second)
    keep(connection, "second", sent_at=second)
    keep(connection, "older", sent_at=second - timedelta(seconds=1))

    assert held(connection) == "second"


def test_a_ticket_without_a_time_is_as_new_as_its_arrival(
    connection: Connection,
) -> None:
    keep(connection, "first", sent_at=clock(connection) - timedelta(minutes=10))

    assert keep(connection, "without", sent_at=None)
    assert held(connection) == "without"


def test_an_event_of_tomorrow_was_said_when_it_arrived(connection: Connection) -> None:
    record(connection, mail(connection, after=TOMORROW))

    row = connection.execute(
        "SELECT sent_at = date_trunc('second', received_at) FROM inbox"
    ).fetchone()
    assert row == (True,)


def test_an_event_of_yesterday_keeps_its_second(connection: Connection) -> None:
    post = mail(connection, after=-TOMORROW)
    record(connection, post)

    assert connection.execute("SELECT sent_at FROM inbox").fetchone() == (post.sent_at,)


@pytest.mark.parametrize("ahead", [0, 5, 12])
def test_a_second_change_is_seen_however_far_our_clock_is_ahead(
    connection: Connection, ahead: int
) -> None:
    post = mail(connection, after=timedelta(seconds=-ahead))
    record(connection, post)
    # Asked as soon as it was received: the second change may not have happened yet.
    connection.execute(
        "UPDATE inbox SET state = 'done', asked_at = received_at + interval '0.2 s'"
    )

    assert record(connection, post).arrival is Arrival.REARMED


@pytest.mark.parametrize("ahead", [0, 5, 12])
def test_a_repeat_before_the_settling_is_seen_however_far_our_clock_is_ahead(
    connection: Connection, ahead: int
) -> None:
    post = mail(connection, after=timedelta(seconds=-ahead))
    event_id = record(connection, post).event_id
    claimed_at = clock(connection)
    claim_id = uuid4()
    claimed = claim_next(
        connection, "corp:a", claim_id=claim_id, barrier=None, limit=1, kinds=None
    )
    claim = ClaimedBatch(
        claim_id=claim_id,
        mailbox="corp:a",
        lease=uuid4(),
        claimed_at=claimed_at,
        mail=tuple(claimed),
    )
    record(connection, post)

    settle(connection, claim, {event_id: ("done", "applied")})

    assert connection.execute("SELECT state FROM inbox").fetchone() == ("pending",)


@pytest.mark.parametrize("asked", [LOOKALIKE_SECONDS, LOOKALIKE_SECONDS + 30])
def test_a_question_after_both_clocks_seconds_settles_every_repeat(
    connection: Connection, asked: float
) -> None:
    post = mail(connection, after=timedelta(0))
    record(connection, post)
    connection.execute(
        "UPDATE inbox SET state = 'done', asked_at = received_at + make_interval("
        "secs => %s)",
        [asked],
    )

    assert record(connection, post).arrival is Arrival.REPEATED


def test_what_was_delivered_late_is_no_sign_of_a_clock(connection: Connection) -> None:
    late = timedelta(seconds=-CLOCKS_APART_SECONDS - 1)
    post = mail(connection, after=late)
    record(connection, post)
    connection.execute("UPDATE inbox SET state = 'done', asked_at = received_at")

    assert record(connection, post).arrival is Arrival.REPEATED


@pytest.mark.parametrize(
    "at", [4_102_444_800, 1_700_000_000_000, 10**18, "soon", "", -1, 0, 1, 86_400]
)
def test_whatever_a_ticket_says_of_its_time_the_next_one_replaces_it(
    database: str, redis_url: str, at: object
) -> None:
    settings = settings_for(database=database, redis_url=redis_url)
    now = int(datetime.now(UTC).timestamp())
    with receiver_on(settings, now=now) as app:
        client = app.test_client()
        odd = info("suite_ticket", at=at, SuiteTicket="odd")  # type: ignore[arg-type] # Wrong on purpose.
        answers = [Draft(timestamp=str(now), message=odd).send(client)]
        soon = int(datetime.now(UTC).timestamp())
        genuine = info("suite_ticket", at=soon, SuiteTicket="genuine")
        answers += [Draft(timestamp=str(now), message=genuine).send(client)]

    with psycopg.connect(database) as connection:
        assert held(connection) == "genuine"
    assert [answer.data for answer in answers] == [b"success", b"success"]


@pytest.mark.parametrize("at", ["", "soon", 1_700_000_000_000, 10**30])
def test_an_event_without_a_usable_time_is_followed(
    database: str, redis_url: str, at: object
) -> None:
    settings = settings_for(database=database, redis_url=redis_url)
    with receiver_on(settings) as app:
        message = contact("update_user", at=at, UserID="woAmy")  # type: ignore[arg-type] # Wrong on purpose.
        answer = Draft(message=message).send(app.test_client())

    assert answer.data == b"success"
    assert rows_of(database, "SELECT key, state, sent_at FROM inbox") == [
        {"key": "member:woAmy", "state": "pending", "sent_at": None}
    ]


@pytest.mark.parametrize("at", [1, 86_400, NOW - 3 * 86_400])
def test_an_event_of_a_clock_that_stands_in_the_past_is_followed(
    database: str, redis_url: str, at: int
) -> None:
    settings = settings_for(database=database, redis_url=redis_url)
    with receiver_on(settings) as app:
        for second in (NOW, at):
            message = contact("update_user", at=second, UserID="woAmy")
            Draft(message=message).send(app.test_client())

    assert rows_of(database, "SELECT key, state FROM inbox ORDER BY event_id") == [
        {"key": "member:woAmy", "state": "pending"},
        {"key": "member:woAmy", "state": "pending"},
    ]


@pytest.mark.parametrize("ahead", [10, 86_400])
def test_what_spills_is_bounded_by_the_receivers_clock(ahead: int) -> None:
    draft = Draft(message=contact("update_user", at=NOW + ahead, UserID="woAmy"))
    suite = SuiteIdentity(
        token=TOKEN,
        key=AesKey.parse(KEY),
        suite_id=SUITE,
        suite_ids=frozenset({SUITE}),
        provider_corp_id=PROVIDER,
    )

    callback, _ = open_callback(
        suite, query=draft.query(), body=draft.envelope(), now=NOW
    )

    assert callback.sent_at == NOW + min(ahead, RECEIVER_APART_SECONDS)
