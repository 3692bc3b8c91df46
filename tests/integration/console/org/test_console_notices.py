"""The console's page of notices: who was told what, and what became of it."""

import re
from collections.abc import Iterator

import pytest

from tests.support.webclient import (
    API_TOKEN,
    Web,
    add_corp,
    add_member,
    insert,
    open_web,
)

PATH = "/console/corps/wwcorp/notices"


@pytest.fixture
def web(database: str, redis_url: str) -> Iterator[Web]:
    with open_web(database=database, redis_url=redis_url) as web:
        form = web.client.get("/console/sign-in").text
        [mark] = re.findall(r'name="csrf_token" value="([^"]+)"', form)
        web.client.post(
            "/console/sign-in", data={"token": API_TOKEN, "csrf_token": mark}
        )
        yield web


@pytest.fixture
def corp_pk(web: Web) -> int:
    return add_corp(web.rows, "wwcorp", company_id="7")


def read(web: Web, **query: str) -> str:
    """The page in English."""
    answer = web.client.get(PATH, query_string=query, headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    return answer.text


def add_notice(
    web: Web, corp_pk: int, userid: str, state: str, reason: str | None = None
) -> None:
    insert(
        web.rows,
        "notices",
        corp_pk=corp_pk,
        member_pk=add_member(web.rows, corp_pk, userid),
        company_id="7",
        kind="link",
        round=1,
        origin="sync",
        state=state,
        reason=reason,
    )


def test_each_notice_says_what_became_of_it_and_what_helps(
    web: Web, corp_pk: int
) -> None:
    add_notice(web, corp_pk, "woSent", "sent")
    add_notice(web, corp_pk, "woBare", "undeliverable", "unlicensed")

    page = read(web)

    assert page.index("woBare") < page.index("woSent")
    assert "No interface licence" in page


def test_one_members_notices_are_shown_alone(web: Web, corp_pk: int) -> None:
    add_notice(web, corp_pk, "woOne", "sent")
    add_notice(web, corp_pk, "woOther", "sent")

    page = read(web, member="woOne")

    assert "woOne" in page
    assert "woOther" not in page


def test_without_notices_the_page_says_so(web: Web, corp_pk: int) -> None:
    page = read(web)

    assert "Nothing was sent yet" in page
