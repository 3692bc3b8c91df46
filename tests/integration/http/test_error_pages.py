"""Every error that a person can meet: in their language, with what to do next."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
from werkzeug.test import TestResponse

from domain.roles import Role
from tests.support.console.desk import Desk, as_role, csrf_in, open_desk
from tests.support.webclient import add_corp, add_event, add_member, insert
from texts.catalogue import LANGUAGES, catalogue
from web.http.problems import Problem

# A word of a sentence; ids, settings and roles of ours are no sentence.
ENGLISH = re.compile(r"\b(?:the|is|not|try|again|page|back|please|and|you)\b", re.I)
# What helps is an order: it stands at the end, or is a link.
BEGINS_ANEW = re.compile(r'<p><a href="(/[^"]*)">')


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    with open_desk(database=database, redis_url=redis_url) as desk:
        corp_pk = add_corp(desk.rows, "wwcorp")
        add_corp(desk.rows, "wwearly", state="authorised")
        add_member(desk.rows, corp_pk, "zhang")
        add_event(desk.rows, "corp:wwcorp", "done")
        for state in ("approved", "rejected", "superseded", "held"):
            insert(
                desk.rows,
                "plans",
                corp_pk=corp_pk,
                plan_id=f"plan-{state}",
                kind="members",
                hash="h",
                state=state,
            )
        yield desk


def post(desk: Desk, path: str, language: str, **fields: Any) -> TestResponse:
    return desk.web.client.post(
        path,
        data={"csrf_token": csrf_in(desk.page("/console/")), **fields},
        headers={"Accept-Language": language},
    )


def as_viewer(desk: Desk, language: str) -> TestResponse:
    viewer = as_role(desk.web, Role.VIEWER, name=f"li-{language}")
    return post(viewer, "/console/queues/rebuild", language, reason="x")


def with_old_token(desk: Desk, language: str) -> TestResponse:
    return desk.web.client.post(
        "/console/queues/rebuild",
        data={"csrf_token": "of-yesterday", "reason": "x"},
        headers={"Accept-Language": language},
    )


def too_often(desk: Desk, language: str) -> TestResponse:
    stranger = desk.web.app.test_client()
    for _ in range(12):
        form = stranger.get("/console/sign-in")
        if form.status_code != 200:
            break
        answer = stranger.post(
            "/console/sign-in",
            data={"csrf_token": csrf_in(form.text), "token": "wrong" * 8},
            headers={"Accept-Language": language},
        )
    assert answer.status_code == 429
    return answer


def crashed(desk: Desk, language: str) -> TestResponse:
    desk.rows.execute("ALTER TABLE refusals RENAME TO refusals_of_before")
    try:
        return desk.get("/console/refused", language=language)
    finally:
        desk.rows.execute("ALTER TABLE refusals_of_before RENAME TO refusals")


def without_database(desk: Desk, language: str) -> TestResponse:
    services = desk.web.app.extensions["sync-services"]
    services.pool.close()
    return desk.get("/console/", language=language)


def getting(path: str) -> Callable[[Desk, str], TestResponse]:
    return lambda desk, language: desk.get(path, language=language)


def sending(path: str, **fields: Any) -> Callable[[Desk, str], TestResponse]:
    return lambda desk, language: post(desk, path, language, **fields)


ERRORS = [
    (400, getting("/console/events?cursor=made-up")),
    (400, getting("/console/events?q=since:nonsense")),
    (400, getting("/console/corps/wwcorp?open=x")),
    (400, getting("/console/history?range=7y")),
    (400, sending("/console/corps/wwcorp/pause", reason=" ")),
    (400, with_old_token),
    (403, as_viewer),
    (404, getting("/console/corps/nobody")),
    (404, getting("/console/plans/none")),
    (404, getting("/console/events/99999999999999999999")),
    (404, getting("/nothing/here")),
    (404, getting("/static/none.css")),
    (405, sending("/console/events")),
    (405, getting("/console/corps/wwcorp/pause")),
    (409, sending("/console/events/1/retry", reason="x")),
    (409, sending("/console/corps/wwearly/resync")),
    (409, sending("/console/corps/wwearly/resync-person", userid="zhang")),
    (409, sending("/console/plans/plan-held/approve", reason="x", hash="another")),
    (409, sending("/console/plans/plan-rejected/approve", reason="x", hash="h")),
    (409, sending("/console/plans/plan-superseded/reject", reason="x")),
    (409, sending("/console/plans/plan-approved/reject", reason="x")),
    (409, sending("/console/alerts/test")),
    (413, sending("/console/corps/wwcorp/pause", reason="x" * 17_000_000)),
    (429, too_often),
    (500, crashed),
    (503, without_database),
]


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_error_is_told_in_the_readers_language_with_a_next_step(
    desk: Desk, language: str
) -> None:
    # The database goes last, for it does not come back.
    for status, meet in ERRORS:
        answer = meet(desk, language)

        assert answer.status_code == status, (status, answer.text[:300])
        page = answer.text
        assert f'<html lang="{language}">' in page
        title = re.search(r"<h1>(.*?)</h1>", page)
        assert title is not None
        said = unescape(re.sub(r"<[^>]+>", " ", page.partition("<main")[2]))
        if status != 429:
            way = BEGINS_ANEW.search(page)
            assert way is not None, page
        if language != "en":
            assert ENGLISH.search(said) is None, said
        # Ours is ours alone.
        assert (title[1] == catalogue(language)["error.500.title"]) == (status == 500)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_what_a_refusal_says_and_asks_for_is_in_both_languages(language: str) -> None:
    keys = {
        key.rpartition(".")[0]
        for key in catalogue(language)
        if key.startswith("refusal.")
    }

    for key in keys:
        assert catalogue(language)[f"{key}.title"]
        # What was done, or not, and an order: at least two sentences or clauses.
        assert (
            len(re.findall(r"[.。：:;；，,]", catalogue(language)[f"{key}.text"])) > 1
        )


def test_a_refusal_is_told_to_programs_in_one_sentence() -> None:
    refusal = Problem(409, "corp ww is paused.", words="corp_state", corp="ww")

    assert str(refusal) == "corp ww is paused."


@pytest.mark.parametrize(
    ("path", "home"),
    [
        ("/console/none", "/console/"),
        ("/me/none", "/enter"),
        ("/company/wwcorp/none", "/enter"),
        ("/install/none/none", "/register"),
        ("/none", "/enter"),
    ],
)
def test_whoever_is_lost_begins_anew_where_they_belong(
    desk: Desk, path: str, home: str
) -> None:
    stranger = desk.web.app.test_client()

    answer = stranger.get(path, headers={"Accept-Language": "en"})

    assert answer.status_code == 404
    way = BEGINS_ANEW.search(answer.text)
    assert way is not None
    assert way[1] == home
