"""Every refusal of the receiver, and that the first fault in the order answers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.processes.servers import scratch_database
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

SOUND = Draft(message=contact("delete_party", Id=7))
OTHER = "wwsomebodyelse0001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong, and what it alone is answered with."""

    reason: str
    status: int
    commit: Callable[[Draft], Draft]


# In the order of the interface.
FAULTS = (
    Fault(reason="method", status=405, commit=lambda draft: draft.but(method="PUT")),
    Fault(
        reason="size", status=413, commit=lambda draft: draft.but(after=b" " * 65_536)
    ),
    Fault(
        reason="arguments",
        status=400,
        commit=lambda draft: draft.but(extra_query="&nonce=again"),
    ),
    Fault(
        reason="timestamp",
        status=403,
        commit=lambda draft: draft.but(timestamp=str(NOW - 601)),
    ),
    Fault(
        reason="envelope_xml",
        status=400,
        commit=lambda draft: draft.but(before=b"<!DOCTYPE xml>"),
    ),
    Fault(reason="signature", status=403, commit=lambda draft: draft.but(token="x")),
    Fault(
        reason="envelope",
        status=403,
        commit=lambda draft: draft.but(encrypt=draft.sealed()[:-4]),
    ),
    Fault(reason="receiver", status=403, commit=lambda d: d.but(receiver=OTHER)),
    Fault(reason="message_xml", status=400, commit=lambda d: d.but(message=b"<xml>")),
)


@pytest.fixture(scope="module")
def stores(
    postgres_url: str, template: str, redis_server_url: str
) -> Iterator[tuple[str, Flask]]:
    with scratch_database(postgres_url, template=template) as database:
        settings = settings_for(database=database, redis_url=redis_server_url)
        with receiver_on(settings) as app:
            yield database, app


@pytest.fixture
def client(stores: tuple[str, Flask]) -> FlaskClient:
    return stores[1].test_client()


def _count(database: str, reason: str) -> int:
    rows = rows_of(database, "SELECT reason, count FROM refusals")
    return sum(int(str(row["count"])) for row in rows if row["reason"] == reason)


def _mail(database: str) -> list[dict[str, object]]:
    return rows_of(database, "SELECT event_id FROM inbox ORDER BY event_id")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.reason)
def test_a_fault_is_answered_empty_and_counted_under_its_reason(
    stores: tuple[str, Flask], fault: Fault
) -> None:
    database, app = stores
    before, mail = _count(database, fault.reason), _mail(database)

    answer = fault.commit(SOUND).send(app.test_client())

    assert (answer.status_code, answer.data) == (fault.status, b"")
    assert wait_until(lambda: _count(database, fault.reason) == before + 1)
    assert _mail(database) == mail


@pytest.mark.parametrize(
    ("first", "later"),
    list(combinations(FAULTS, 2)),
    ids=lambda fault: fault.reason,
)
def test_of_two_faults_the_first_in_the_order_answers(
    client: FlaskClient, first: Fault, later: Fault
) -> None:
    # The later one first: cutting the sealed text must see what will be sealed.
    answer = first.commit(later.commit(SOUND)).send(client)

    assert (answer.status_code, answer.data) == (first.status, b"")


def test_of_all_faults_together_the_method_answers(client: FlaskClient) -> None:
    draft = SOUND
    for fault in reversed(FAULTS):
        draft = fault.commit(draft)

    assert draft.send(client).status_code == 405


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_only_get_and_post_are_methods(client: FlaskClient, method: str) -> None:
    answer = SOUND.but(method=method).send(client)

    assert (answer.status_code, answer.data) == (405, b"")


@pytest.mark.parametrize("spare", [0, 1])
def test_a_body_of_65536_bytes_is_the_longest(client: FlaskClient, spare: int) -> None:
    message = contact("delete_party", Id=spare)
    length = len(SOUND.but(message=message).envelope())
    draft = SOUND.but(message=message, after=b" " * (65_536 - length + spare))

    answer = draft.send(client)

    assert answer.status_code == (413 if spare else 200)


@pytest.mark.parametrize("missing", ["msg_signature", "timestamp", "nonce", "echostr"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_each_argument_stands_exactly_once(
    client: FlaskClient, method: str, missing: str
) -> None:
    draft = SOUND.but(method=method, receiver=PROVIDER if method == "GET" else SUITE)
    kept = [p for p in draft.query().split("&") if not p.startswith(f"{missing}=")]
    needed = method == "GET" or missing != "echostr"

    without = client.open(
        f"/wecom/data?{'&'.join(kept)}", method=method, data=draft.envelope()
    )
    twice = draft.but(extra_query=f"&{missing}=x").send(client)

    assert without.status_code == (400 if needed else 200)
    assert twice.status_code == (400 if needed else 200)


@pytest.mark.parametrize(
    "timestamp", ["", "x", "1700000000.0", "-1", "17000000000", "１７０００００００0"]
)
def test_a_timestamp_is_one_to_ten_digits(client: FlaskClient, timestamp: str) -> None:
    assert SOUND.but(timestamp=timestamp).send(client).status_code == 400


@pytest.mark.parametrize(
    ("away", "status"), [(-601, 403), (-600, 200), (600, 200), (601, 403)]
)
def test_a_timestamp_is_within_ten_minutes(
    client: FlaskClient, away: int, status: int
) -> None:
    draft = SOUND.but(timestamp=str(NOW + away), message=contact("x", Id=away))

    assert draft.send(client).status_code == status


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"encrypt": "abc"}',
        b"<xml></xml>",
        b"<xml><Encrypt>a</Encrypt><Encrypt>a</Encrypt></xml>",
        b"<xml><Encrypt><a/></Encrypt></xml>",
        b"<xml><Encrypt>a</Encrypt>",
        b'<!DOCTYPE x [<!ENTITY e "a">]><xml><Encrypt>&e;</Encrypt></xml>',
    ],
)
def test_an_envelope_is_xml_with_one_encrypt(client: FlaskClient, body: bytes) -> None:
    assert SOUND.but(body=body).send(client).status_code == 400


@pytest.mark.parametrize(
    ("message", "receiver", "status"),
    [
        (contact("delete_party", Id=7), CORP, 403),
        (contact("delete_party", Id=7), "", 403),
        (info("change_auth", suite=OTHER, AuthCorpId=CORP), SUITE, 403),
        (info("change_auth", suite="", AuthCorpId=CORP), SUITE, 403),
        (event("subscribe"), SUITE, 403),
        (event("subscribe"), OTHER, 403),
        (event("subscribe"), "", 403),
        (event("subscribe", corp=""), PROVIDER, 400),
        (info("change_auth"), SUITE, 400),
        (info("change_auth"), CORP, 403),
        (b"<xml><A>x</A></xml>", SUITE, 400),
        (b"<xml><A>x</A></xml>", CORP, 403),
        (b"not xml", PROVIDER, 400),
        (b"not xml", CORP, 403),
        (b"", SUITE, 400),
    ],
)
def test_the_receiver_is_checked_as_far_as_the_message_can_be_read(
    client: FlaskClient, message: bytes, receiver: str, status: int
) -> None:
    answer = SOUND.but(message=message, receiver=receiver).send(client)

    assert (answer.status_code, answer.data) == (status, b"")


@pytest.mark.parametrize(
    ("receiver", "status"),
    [(PROVIDER, 200), (SUITE, 200), (LOGIN_SUITE, 403), (CORP, 403), ("", 403)],
)
def test_a_verification_is_for_the_provider_or_the_suite(
    client: FlaskClient, receiver: str, status: int
) -> None:
    draft = Draft(method="GET", message=b"8830012345678901234", receiver=receiver)

    assert draft.send(client).status_code == status


REPLAYED = [
    info("suite_ticket", SuiteTicket="secretticket"),
    info("create_auth", AuthCode="secretcode"),
    event("subscribe"),
    b"\n" + info("suite_ticket", SuiteTicket="secretticket"),
    b"\xef\xbb\xbf" + info("suite_ticket", SuiteTicket="secretticket"),
    b'{"SuiteTicket": "secretticket"}',
    b"SuiteTicket=secretticket",
    b"8830012345678901234\n",
    b"",
]


@pytest.mark.parametrize("message", REPLAYED)
@pytest.mark.parametrize("path", ["/wecom/command", "/wecom/data"])
@pytest.mark.parametrize("receiver", [SUITE, PROVIDER])
def test_a_verification_tells_back_nothing_but_a_token(
    client: FlaskClient, message: bytes, path: str, receiver: str
) -> None:
    draft = Draft(method="GET", path=path, message=message, receiver=receiver)

    answer = draft.send(client)

    assert (answer.status_code, answer.data) == (400, b"")


def test_an_unknown_path_is_answered_empty(client: FlaskClient) -> None:
    answer = client.get("/wecom/nothing")

    assert (answer.status_code, answer.data) == (404, b"")


@pytest.mark.parametrize("query", ["%ff=%fe", "=", "&&&", "nonce", "msg_signature=%C3"])
def test_no_query_is_too_odd_to_be_refused(client: FlaskClient, query: str) -> None:
    answer = client.post(f"/wecom/data?{query}", data=b"<xml/>")

    assert (answer.status_code, answer.data) == (400, b"")
