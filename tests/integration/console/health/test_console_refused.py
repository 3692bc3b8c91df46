"""What the receiver refuses is kept for a while, told apart, and never shown whole."""

import base64
import re
from collections.abc import Iterator

import pytest
import redis as redis_client
from flask.testing import FlaskClient

from store.intake import refused
from tests.support.console.desk import Desk, marks_in, open_desk, words_in
from tests.support.receiving import (
    KEY,
    NOW,
    PROVIDER,
    SUITE,
    TOKEN,
    Draft,
    info,
    receiver_on,
    settings_for,
    wait_until,
)
from wecom.forensics import RefusalCause

KEYS = base64.b64encode(b"k" * 32).decode()
SAME = {
    "SECRET_KEYS": KEYS,
    "WECOM_SUITE_ID": SUITE,
    "WECOM_TOKEN": TOKEN,
    "WECOM_ENCODING_AES_KEY": KEY,
    "WECOM_PROVIDER_CORP_ID": PROVIDER,
}


@pytest.fixture
def client(database: str, redis_url: str) -> Iterator[FlaskClient]:
    settings = settings_for(database=database, redis_url=redis_url)
    with receiver_on(settings) as app:
        yield app.test_client()


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    with open_desk(database=database, redis_url=redis_url, **SAME) as desk:
        yield desk


@pytest.fixture
def rings(redis_url: str) -> Iterator[redis_client.Redis]:
    with redis_client.Redis.from_url(redis_url) as redis:
        yield redis


def ticket() -> Draft:
    return Draft(message=info("suite_ticket", SuiteTicket="a-secret-ticket"))


def kept(rings: redis_client.Redis) -> int:
    return sum(int(rings.llen(f"refused:{fault}")) for fault in RefusalCause)


def test_a_wrong_token_and_a_wrong_key_are_told_apart_on_the_page(
    client: FlaskClient, desk: Desk, rings: redis_client.Redis
) -> None:
    other = "b" * 43
    ticket().but(token="another").send(client)
    ticket().but(key=other).send(client)
    assert wait_until(lambda: kept(rings) == 2)

    page = desk.page("/console/refused")

    assert marks_in(page, "reason") == ["token", "key"]
    assert "Compare WECOM_TOKEN" in words_in(page)


def test_nothing_secret_of_a_refused_request_is_shown(
    client: FlaskClient, desk: Desk, rings: redis_client.Redis
) -> None:
    draft = ticket().but(token="another")
    draft.send(client)
    assert wait_until(lambda: kept(rings) == 1)
    stored = rings.lrange("refused:token", 0, -1)[0]

    page = desk.page("/console/refused")

    assert "a-secret-ticket" not in page
    signature = re.findall(r"msg_signature=([0-9a-f]{40})", draft.query())
    assert signature[0] not in page
    assert signature[0].encode() not in stored
    assert draft.sealed()[:40] not in page


def test_noise_pushes_out_nothing_that_tells_something(
    client: FlaskClient, desk: Desk, rings: redis_client.Redis
) -> None:
    ticket().but(token="another").send(client)
    assert wait_until(lambda: kept(rings) == 1)
    for number in range(3 * refused.MOST_KEPT):
        client.post(f"/wecom/command?msg_signature=x&timestamp={NOW}&nonce={number}")
    assert wait_until(lambda: int(rings.llen("refused:unsigned")) > 0)

    page = desk.page("/console/refused")

    assert marks_in(page, "reason") == ["token", "unsigned"]
    assert int(rings.llen("refused:unsigned")) <= refused.MOST_KEPT


def test_after_a_setting_was_mended_the_same_requests_are_verified_again(
    client: FlaskClient,
    rings: redis_client.Redis,
    database: str,
    redis_url: str,
) -> None:
    ticket().but(token="another").send(client)
    assert wait_until(lambda: kept(rings) == 1)

    mended = {**SAME, "WECOM_TOKEN": "another"}
    with open_desk(database=database, redis_url=redis_url, **mended) as desk:
        page = desk.page("/console/refused")

    assert marks_in(page, "reason") == ["none"]
    assert "1 would be accepted now" in words_in(page)


def test_what_is_believed_is_not_kept_among_the_refused(
    client: FlaskClient, rings: redis_client.Redis
) -> None:
    assert ticket().send(client).status_code == 200
    ticket().but(token="another").send(client)

    assert wait_until(lambda: kept(rings) == 1)
    assert int(rings.llen("refused:none")) == 0


def test_without_redis_refusing_goes_on_as_ever(database: str) -> None:
    nobody = "redis://127.0.0.1:1/0"
    settings = settings_for(database=database, redis_url=nobody)

    with receiver_on(settings) as app:
        answer = ticket().but(token="another").send(app.test_client())

    assert (answer.status_code, answer.data) == (403, b"")


def test_days_are_counted_by_the_check_that_failed(desk: Desk) -> None:
    desk.rows.execute("INSERT INTO refusals VALUES (current_date, 'signature', 41)")

    page = words_in(desk.page("/console/refused"))

    assert "signature 41" in page
    assert "No refused callback is kept." in page
