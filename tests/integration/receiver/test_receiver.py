"""What the receiver keeps of a callback, and that it says success only then."""

import hashlib
from base64 import b64encode
from collections.abc import Iterator

import psycopg
import pytest
import redis
from flask.testing import FlaskClient

from store.platform.tickets import find_ticket
from store.sealing import Keyring
from tests.support.receiving import (
    CORP,
    LOGIN_SUITE,
    NOW,
    PROVIDER,
    SUITE,
    Draft,
    contact,
    event,
    info,
    receiver_on,
    rows_of,
    settings_for,
    wait_until,
)
from tests.unit.wecom.vectors import Vector, load_vectors

KEYRING = Keyring((b"k" * 32,))
VECTORS = {vector.name.split()[0]: vector for vector in load_vectors()}
VERIFICATIONS = ("V1", "V6", "P1", "P2", "P4")


@pytest.fixture
def client(database: str, redis_url: str) -> Iterator[FlaskClient]:
    settings = settings_for(database=database, redis_url=redis_url)
    with receiver_on(settings) as app:
        yield app.test_client()


def _answer_to(
    vector: Vector, *, database: str, redis_url: str, method: str
) -> tuple[int, bytes]:
    settings = settings_for(
        database=database,
        redis_url=redis_url,
        token=vector.token,
        key=b64encode(vector.key.raw)[:43].decode(),
        provider=vector.receiver if method == "GET" else PROVIDER,
    )
    draft = Draft(
        method=method,
        timestamp=vector.timestamp,
        nonce=vector.nonce,
        encrypt=vector.cipher,
        signature=vector.signature,
    )
    with receiver_on(settings, now=int(vector.timestamp)) as app:
        answer = draft.send(app.test_client())
    return answer.status_code, answer.data


@pytest.mark.parametrize("name", VERIFICATIONS)
def test_a_verification_is_answered_with_the_echo_and_nothing_else(
    name: str, database: str, redis_url: str
) -> None:
    vector = VECTORS[name]

    answer = _answer_to(vector, database=database, redis_url=redis_url, method="GET")

    assert answer == (200, vector.plain)


@pytest.mark.parametrize("name", ["V2", "V3", "V4", "P3"])
def test_a_published_callback_is_kept_and_acknowledged(
    name: str, database: str, redis_url: str
) -> None:
    vector = VECTORS[name]

    answer = _answer_to(vector, database=database, redis_url=redis_url, method="POST")

    assert answer == (200, b"success")
    assert len(rows_of(database, "SELECT event_id FROM inbox")) == 1


def test_a_message_of_no_family_is_refused_although_it_is_well_sealed(
    database: str, redis_url: str
) -> None:
    vector = VECTORS["V5"]

    answer = _answer_to(vector, database=database, redis_url=redis_url, method="POST")

    assert answer == (400, b"")
    assert rows_of(database, "SELECT event_id FROM inbox") == []


def test_success_is_seven_bytes_of_plain_text(client: FlaskClient) -> None:
    answer = Draft(message=contact("delete_party", Id=7)).send(client)

    assert (answer.status_code, answer.data) == (200, b"success")
    assert answer.mimetype == "text/plain"


@pytest.mark.parametrize("path", ["/wecom/command", "/wecom/data"])
@pytest.mark.parametrize(
    ("message", "receiver"),
    [
        (contact("create_user", UserID="woAmy"), SUITE),
        (contact("create_user", UserID="woAmy"), PROVIDER),
        (info("change_auth", suite=LOGIN_SUITE, AuthCorpId=CORP), LOGIN_SUITE),
        (event("subscribe"), CORP),
        (event("subscribe"), PROVIDER),
    ],
)
def test_both_urls_take_both_families(
    client: FlaskClient, path: str, message: bytes, receiver: str
) -> None:
    answer = Draft(path=path, message=message, receiver=receiver).send(client)

    assert (answer.status_code, answer.data) == (200, b"success")


def test_a_row_tells_who_what_when_and_nothing_personal(
    client: FlaskClient, database: str
) -> None:
    message = contact(
        "update_user",
        UserID="woAmy",
        Name="Amy",
        Department="7,2",
        MainDepartment=7,
        Status=1,
        NewUserID="woAmyB",
    )

    Draft(message=message).send(client)

    [row] = rows_of(database, "SELECT *, extract(epoch FROM sent_at) AS at FROM inbox")
    assert row["mailbox"] == f"corp:{CORP}"
    assert (row["kind"], row["change"]) == ("change_contact", "update_user")
    assert (row["key"], row["state"]) == ("member:woAmy", "pending")
    assert (row["at"], row["barrier"]) == (NOW, False)
    assert row["hint"] == {
        "departments": [7, 2],
        "main_department": 7,
        "status": 1,
        "new_userid": "woAmyB",
    }
    assert row["body"] is None


@pytest.mark.parametrize(
    ("message", "receiver", "key", "hint"),
    [
        (
            contact("update_party", Id=2315041299, ParentId=0),
            SUITE,
            "department:2315041299",
            {"parent_id": 0},
        ),
        (
            contact("update_tag", TagId=3, AddUserItems="a,b", DelPartyItems=""),
            SUITE,
            "tag:3",
            {"add_userids": ["a", "b"], "del_departments": []},
        ),
        (
            event("template_card_event", EventKey="k", TaskId="t", ResponseCode="rc"),
            CORP,
            "member:woAmy",
            {"event_key": "k", "task_id": "t"},
        ),
        (info("change_auth", AuthCorpId=CORP), SUITE, "corp", {}),
    ],
)
def test_each_kind_has_its_key_and_says_only_what_was_said(
    client: FlaskClient,
    database: str,
    message: bytes,
    receiver: str,
    key: str,
    hint: dict[str, object],
) -> None:
    Draft(message=message, receiver=receiver).send(client)

    [row] = rows_of(database, "SELECT key, hint FROM inbox")
    assert row == {"key": key, "hint": hint}


@pytest.mark.parametrize("kind", ["change_auth", "cancel_auth", "corp_arch_auth"])
def test_authorisation_events_are_barriers(
    client: FlaskClient, database: str, kind: str
) -> None:
    Draft(message=info(kind, AuthCorpId=CORP)).send(client)

    [row] = rows_of(database, "SELECT mailbox, barrier FROM inbox")
    assert row == {"mailbox": f"corp:{CORP}", "barrier": True}


@pytest.mark.parametrize(
    ("kind", "barrier"), [("create_auth", False), ("reset_permanent_code", True)]
)
def test_a_code_names_its_mailbox_by_its_hash_and_is_nowhere_in_the_clear(
    client: FlaskClient, database: str, kind: str, barrier: bool
) -> None:
    Draft(message=info(kind, AuthCode="AUTHCODE")).send(client)

    [row] = rows_of(
        database, "SELECT mailbox, barrier, body, inbox::text AS all FROM inbox"
    )
    assert row["mailbox"] == f"code:{hashlib.sha256(b'AUTHCODE').hexdigest()}"
    assert row["barrier"] is barrier
    assert "AUTHCODE" not in str(row["all"])
    assert b"AUTHCODE" in KEYRING.open(_bytes(row["body"]), place="inbox")


@pytest.mark.parametrize(
    ("message", "receiver", "mailbox"),
    [
        (info("brand_new", AuthCorpId=CORP), SUITE, f"corp:{CORP}"),
        (info("brand_new"), SUITE, "suite"),
        (contact("brand_new", UserID="woAmy"), SUITE, f"corp:{CORP}"),
        (event("brand_new"), CORP, f"corp:{CORP}"),
    ],
)
def test_what_nobody_has_heard_of_is_acknowledged_and_ignored(
    client: FlaskClient, database: str, message: bytes, receiver: str, mailbox: str
) -> None:
    answer = Draft(message=message, receiver=receiver).send(client)

    [row] = rows_of(database, "SELECT mailbox, state, outcome FROM inbox")
    assert answer.data == b"success"
    assert row == {"mailbox": mailbox, "state": "ignored", "outcome": "unknown event"}


def test_a_repeat_is_counted_and_kept_once(client: FlaskClient, database: str) -> None:
    draft = Draft(message=contact("create_user", UserID="woAmy"))

    answers = [draft.but(nonce=str(time)).send(client).data for time in range(3)]

    assert answers == [b"success"] * 3
    assert rows_of(database, "SELECT times_seen FROM inbox") == [{"times_seen": 3}]


def test_a_ticket_is_kept_sealed_and_wakes_who_waits_for_one(
    client: FlaskClient, database: str, redis_url: str
) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO mailboxes (mailbox, waits_for, not_before)"
            " VALUES ('corp:waiting', 'ticket', now() + INTERVAL '1 hour')"
        )

    Draft(message=info("suite_ticket", SuiteTicket="TICKET")).send(client)

    with psycopg.connect(database) as connection:
        found = find_ticket(connection, KEYRING, suite_id=SUITE)
    [box] = rows_of(database, "SELECT not_before <= now() AS due FROM mailboxes")
    [row] = rows_of(database, "SELECT mailbox, state, body FROM inbox")
    assert found is not None
    assert found.ticket == "TICKET"
    assert box == {"due": True}
    assert row == {"mailbox": "suite", "state": "done", "body": None}
    with redis.Redis.from_url(redis_url) as doorbell:
        assert wait_until(lambda: bool(doorbell.exists("ring:corp:waiting")))


@pytest.mark.parametrize(
    ("first", "second", "newest"), [(NOW, NOW - 1, "a"), (NOW, NOW, "b")]
)
def test_the_newest_ticket_wins_and_on_a_tie_the_later_arrival(
    client: FlaskClient, database: str, first: int, second: int, newest: str
) -> None:
    for ticket, at in (("a", first), ("b", second)):
        Draft(message=info("suite_ticket", at=at, SuiteTicket=ticket)).send(client)

    with psycopg.connect(database) as connection:
        found = find_ticket(connection, KEYRING, suite_id=SUITE)
    assert found is not None
    assert found.ticket == newest


def test_pending_mail_is_rung_for_once_however_much_comes(
    client: FlaskClient, redis_url: str
) -> None:
    for number in range(20):
        Draft(message=contact("delete_party", Id=number)).send(client)

    with redis.Redis.from_url(redis_url) as doorbell:
        rung = wait_until(lambda: doorbell.llen("dramatiq:events") == 1)
        assert rung
        assert doorbell.exists(f"ring:corp:{CORP}")


def test_an_echo_survives_a_plus_that_was_not_encoded(client: FlaskClient) -> None:
    draft = Draft(method="GET", receiver=PROVIDER, message=b"5927347701938420184")
    sealed = next(
        draft.but(nonce=str(n), message=str(n).encode())
        for n in range(10**6, 10**6 + 99)
        if "+" in draft.but(message=str(n).encode()).sealed()
    )
    bare = sealed.query().replace("%2B", "+")

    answer = client.get(f"/wecom/data?{bare}")

    assert (answer.status_code, answer.data) == (200, sealed.message)


def _bytes(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value
