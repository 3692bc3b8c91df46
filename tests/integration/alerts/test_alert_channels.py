"""Channels keep their keys to themselves; page and API say what was told."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from settings import AlertChannels, SettingsError
from tests.support.alarms import (
    KEY_IN_URL,
    LONG_AGO,
    SECRET,
    Listener,
    Watch,
    listening,
    look,
    stale,
    watching,
    with_channels,
)
from tests.support.console.desk import Desk, marks_in, open_desk, words_in
from tests.support.webclient import insert, web_settings


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


@pytest.fixture
def bench(database: str, redis_url: str, listener: Listener) -> Iterator[Watch]:
    with watching(database=database, redis_url=redis_url, listener=listener) as watch:
        yield watch


def kinds(bench: Watch) -> list[tuple[str, str | None, bool]]:
    return bench.rows.execute(
        "SELECT kind, corp_id, recovered_at IS NOT NULL FROM alerts ORDER BY alert_id"
    ).fetchall()


@pytest.mark.parametrize("status", [200, 500])
def test_apprise_tells_and_no_key_is_kept_or_logged(
    bench: Watch,
    listener: Listener,
    caplog: pytest.LogCaptureFixture,
    status: int,
) -> None:
    listener.status = status
    url = listener.url.replace("http://", "json://")
    bench = with_channels(
        bench, AlertChannels(urls=(url,), webhook_url=None, webhook_secret=None)
    )
    stale(bench)

    look(bench)

    kept = bench.rows.execute(
        "SELECT channel, state, outcome FROM alert_deliveries"
    ).fetchall()
    outcome = ("sent", "accepted") if status == 200 else ("queued", "refused_or_away")
    assert kept == [("1: JSON", *outcome)]
    assert "Corp stale" in listener.bodies[0]
    assert "企业" in json.loads(listener.bodies[0])["title"]
    assert KEY_IN_URL not in caplog.text


def test_a_test_goes_to_every_channel_and_its_outcome_is_shown(
    database: str, redis_url: str, bench: Watch, listener: Listener
) -> None:
    urls = listener.url.replace("http://", "json://")
    given = {
        "ALERT_URLS": urls,
        "ALERT_WEBHOOK_URL": listener.url,
        "ALERT_WEBHOOK_SECRET": SECRET,
    }
    settings = web_settings(database=database, redis_url=redis_url, **given)
    with open_desk(database=database, redis_url=redis_url, **given) as desk:
        desk.post("/console/alerts/test")
        look(with_channels(bench, settings.alerts))
        page = desk.page("/console/alerts")

    assert [each for each in marks_in(page, "state") if each == "sent"] == ["sent"] * 2
    assert "webhook" in words_in(page)
    assert KEY_IN_URL not in page
    assert SECRET not in page
    assert len(listener.bodies) == 2


def test_the_api_lists_alerts_as_the_webhook_tells_them(
    database: str, redis_url: str, bench: Watch, listener: Listener
) -> None:
    stale(bench)
    look(bench)

    with open_desk(database=database, redis_url=redis_url) as desk:
        rows = desk.web.get("/alerts")
        page = desk.page("/console/alerts")

    data = json.loads(listener.bodies[0])["data"]
    assert rows["next"] is None
    assert rows["items"] == [data]
    assert marks_in(page, "kind") == ["corp_stale"]


def test_the_console_and_alerts_say_the_same(
    database: str, redis_url: str, bench: Watch
) -> None:
    corp_pk = stale(bench)
    insert(
        bench.rows,
        "gaps",
        reason="spill",
        opened_at=LONG_AGO,
    )
    bench.rows.execute("UPDATE corps SET name = 'C' WHERE corp_pk = %s", [corp_pk])
    look(bench)

    with open_desk(database=database, redis_url=redis_url) as desk:
        overview = marks_in(desk.page("/console/"), "problem")

    assert sorted(overview) == sorted(kind for kind, _, _ in kinds(bench))


@pytest.mark.parametrize(
    "given",
    [
        {"ALERT_WEBHOOK_URL": "https://hook.example/x"},
        {"ALERT_WEBHOOK_SECRET": SECRET},
        {"ALERT_WEBHOOK_URL": "https://h.example", "ALERT_WEBHOOK_SECRET": "short"},
        {"ALERT_URLS": "not-an-address"},
        {"ALERT_URLS": "wecombot://a,also not"},
    ],
    ids=str,
)
def test_channels_that_cannot_be_used_stop_the_start(given: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as refusal:
        web_settings(database="postgresql://a@b/c", redis_url="redis://c", **given)

    assert "ALERT_" in str(refusal.value)
    assert not any(value in str(refusal.value) for value in given.values())


def test_an_address_may_have_commas_of_its_own() -> None:
    settings = web_settings(
        database="postgresql://a@b/c",
        redis_url="redis://c",
        ALERT_URLS="mailto://u:p@h.example?to=a@h.example,b@h.example, wecombot://key",
    )

    assert len(settings.alerts.urls) == 2
    assert "wecombot" not in repr(settings)


def test_nobody_is_set_up_and_the_page_says_what_to_set(
    database: str, redis_url: str
) -> None:
    with open_desk(database=database, redis_url=redis_url) as desk:
        page = desk.page("/console/alerts")
        sent = desk.post("/console/alerts/test")

    assert "ALERT_URLS" in words_in(page)
    assert "test" not in marks_in(page, "action")
    assert sent.status_code == 409


def test_what_is_told_is_chosen_with_a_reason(database: str, redis_url: str) -> None:
    with open_desk(database=database, redis_url=redis_url) as desk:
        assert choose(desk, reason="").status_code == 400
        assert choose(desk, reason="too loud").status_code == 303
        [kept] = desk.rows.execute("SELECT act, reason, after FROM audit").fetchall()

    assert kept == ("choose_alerts", "too loud", {"told": ["gap"]})


def choose(desk: Desk, *, reason: str) -> Any:
    return desk.post("/console/alerts/kinds", kind="gap", reason=reason)
