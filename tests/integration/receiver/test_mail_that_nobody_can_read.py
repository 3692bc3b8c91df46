"""WeCom said something to us that cannot be read: a gap opens, for it is lost."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.support.receiving import (
    CORP,
    PROVIDER,
    SUITE,
    Draft,
    event,
    info,
    receiver_on,
    rows_of,
    settings_for,
    wait_until,
)

OTHER = "wwsomebodyelse0001"
BROKEN = b"\xff\xfe"


@pytest.fixture
def client(database: str, redis_url: str) -> Iterator[FlaskClient]:
    settings = settings_for(database=database, redis_url=redis_url)
    with receiver_on(settings) as app:
        yield app.test_client()


def gaps(database: str) -> list[object]:
    return [row["reason"] for row in rows_of(database, "SELECT reason FROM gaps")]


def counted(database: str) -> dict[object, object]:
    rows = rows_of(database, "SELECT reason, count FROM refusals")
    return {row["reason"]: row["count"] for row in rows}


@pytest.mark.parametrize(
    ("message", "receiver", "status"),
    [
        (
            info("change_auth", AuthCorpId="wpLOST").replace(b"wpLOST", BROKEN),
            SUITE,
            400,
        ),
        (info("change_auth"), SUITE, 400),
        (info("change_auth", suite="LOST").replace(b"LOST", BROKEN), SUITE, 400),
        (info("LOST", AuthCorpId=CORP).replace(b"LOST", BROKEN), SUITE, 400),
        (event("subscribe", corp="LOST").replace(b"LOST", BROKEN), CORP, 400),
        (event("subscribe", corp="LOST").replace(b"LOST", BROKEN), PROVIDER, 400),
        (event("LOST").replace(b"LOST", BROKEN), CORP, 400),
        (b"<xml><InfoType>change_auth</InfoType>", SUITE, 400),
        (b"", SUITE, 400),
        # For whom it is cannot be told, so that it is refused as for somebody else.
        (b"<xml><ToUserName>wp", CORP, 403),
    ],
)
def test_what_was_said_to_us_and_cannot_be_read_opens_a_gap(
    client: FlaskClient, database: str, message: bytes, receiver: str, status: int
) -> None:
    answer = Draft(message=message, receiver=receiver).send(client)

    assert (answer.status_code, answer.data) == (status, b"")
    assert wait_until(lambda: gaps(database) == ["refused"])
    assert rows_of(database, "SELECT event_id FROM inbox") == []


@pytest.mark.parametrize(
    "draft",
    [
        # Whoever has seen a verification pass can send its sealed token as mail.
        Draft(message=b"8830012345678901234", receiver=SUITE),
        Draft(message=b"8830012345678901234", receiver=PROVIDER),
        # Said to somebody else.
        Draft(message=event("subscribe"), receiver=OTHER),
        Draft(message=info("change_auth", suite=OTHER), receiver=SUITE),
        Draft(message=b"<xml>", receiver=""),
        Draft(message=b"<xml>", token="x"),
        Draft(message=b"<xml>", key="x" * 43),
    ],
)
def test_what_was_not_said_to_us_opens_none(
    client: FlaskClient, database: str, draft: Draft
) -> None:
    assert draft.send(client).status_code in {400, 403}
    # Written with the counters, by the same thread.
    Draft(message=b"", token="y").send(client)

    assert wait_until(lambda: sum(map(int, map(str, counted(database).values()))) == 2)
    assert gaps(database) == []
