"""What dashboards of others got wrong, kept right here; docs/console.md lists them."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
import redis as redis_client
from playwright.sync_api import Browser, expect

from settings import SettingsError
from tests.support.console.browsing import serve
from tests.support.console.desk import Desk, open_desk, words_in
from tests.support.webclient import add_corp, add_event, add_member, web_settings

ODD_IDS = ("a.b", "a/b", "a@b.c", "zhang..li", "é", "a b", "a%2Fb", "a?b", "a#b")


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    with open_desk(database=database, redis_url=redis_url) as desk:
        yield desk


@pytest.mark.parametrize("userid", ODD_IDS)
def test_ids_of_any_signs_have_a_page_that_their_links_lead_to(
    desk: Desk, userid: str
) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp")
    add_member(desk.rows, corp_pk, userid, name="The One")
    page = desk.page("/console/corps/wwcorp/people")
    [address] = re.findall(r'<a href="([^"]*)"[^>]*>\s*(?:<bdi>)?The One', page)

    shown = words_in(desk.page(unescape(address)))

    assert "The One" in shown
    assert userid[:12] in shown


def test_an_error_of_any_length_is_shown_grouped_and_found(desk: Desk) -> None:
    add_corp(desk.rows, "wwcorp")
    error = "TypeError: " + "x" * 20_000
    event_id = add_event(desk.rows, "corp:wwcorp", "failed", error=error)

    grouped = desk.page("/console/events?q=error:TypeError")

    assert f'data-event="{event_id}"' in grouped
    assert len(grouped) < 100_000
    assert "TypeError" in words_in(desk.page(f"/console/events/{event_id}"))


def test_no_page_walks_through_the_keys_of_redis(desk: Desk, redis_url: str) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp")
    add_member(desk.rows, corp_pk, "zhang")
    paths = ("/", "/queues", "/refused", "/corps/wwcorp", "/events", "/alerts")
    with redis_client.Redis.from_url(redis_url) as redis:
        redis.config_resetstat()

        for path in paths:
            desk.page(f"/console{path}")

        used = {name.removeprefix("cmdstat_") for name in redis.info("commandstats")}
    assert "hgetall" in used
    assert used & {"keys", "scan"} == set()


@pytest.mark.parametrize(
    "cron", ["* " * 50_000, "0 0 31 2 *", "*/0 * * * *", "1-" * 99]
)
def test_a_schedule_that_never_comes_is_refused_at_once(cron: str) -> None:
    stores = {
        "database": "postgresql://sync@127.0.0.1:1/x",
        "redis_url": "redis://127.0.0.1:2/0",
    }

    with pytest.raises(SettingsError, match="RESYNC_CRON"):
        web_settings(**stores, RESYNC_CRON=cron)


def test_a_number_beyond_javascripts_keeps_every_digit(
    desk: Desk, browser: Browser
) -> None:
    number = 2**53 + 1
    add_corp(desk.rows, "wwcorp")
    desk.rows.execute(
        "INSERT INTO inbox (event_id, mailbox, kind, key, state)"
        " OVERRIDING SYSTEM VALUE VALUES (%s, 'corp:wwcorp', 'k', 'corp', 'failed')",
        [number],
    )
    with serve(desk.web) as site:
        context = browser.new_context(base_url=site.address)
        site.lend(context)
        page = context.new_page()
        page.goto("/console/events?q=state:failed")

        page.locator("tbody th a", has_text=str(number)).click()

        page.wait_for_url(f"**/console/events/{number}")
        expect(page.locator("h1")).to_contain_text(str(number))
        context.close()


def test_an_id_is_copied_where_there_is_no_clipboard(
    desk: Desk, browser: Browser
) -> None:
    add_corp(desk.rows, "wwcorp", name="Acme")
    with serve(desk.web) as site:
        context = browser.new_context(base_url=site.address)
        site.lend(context)
        page = context.new_page()
        # As on plain http: no clipboard, only the old command.
        page.add_init_script(
            "Object.defineProperty(navigator, 'clipboard', { value: undefined });"
            "document.execCommand = (what) => {"
            " window.copied = [what, document.activeElement.value]; return true; };"
        )
        page.goto("/console/corps/wwcorp")

        page.locator("button[data-copy]").first.click()

        page.wait_for_function("window.copied !== undefined")
        assert page.evaluate("window.copied") == ["copy", "wwcorp"]
        context.close()
