"""The console without a mouse: what is seen, done and left by keys.

That every control is reached is asked of each page in test_every_page.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.console.looking import tab_to
from tests.support.console.pages import context_for, speak
from tests.support.console.populated import Night, night


@pytest.fixture(scope="module")
def at_night(module_database: str, redis_server_url: str) -> Iterator[Night]:
    with night(database=module_database, redis_url=redis_server_url) as place:
        yield place


@pytest.fixture
def page(browser: Browser, at_night: Night) -> Iterator[Page]:
    context = context_for(browser, at_night)
    page = context.new_page()
    speak(page, at_night, "en")
    yield page
    context.close()


def test_the_first_stop_leads_past_the_navigation(page: Page) -> None:
    page.goto("/console/queues")

    page.keyboard.press("Tab")
    expect(page.locator("a.skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**#main")

    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_a_question_mark_shows_the_keys_and_escape_leads_back(page: Page) -> None:
    page.goto("/console/events")
    tab_to(page, "main a")
    stood = page.evaluate("document.activeElement.outerHTML")

    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    expect(page.locator("#keys")).to_contain_text("Ctrl")
    page.keyboard.press("Escape")

    expect(page.locator("#keys")).to_be_hidden()
    assert page.evaluate("document.activeElement.outerHTML") == stood


@pytest.mark.parametrize(
    ("typed", "leads_to"),
    [
        ("wwblocked", "/console/corps/wwblocked"),
        ("plan-a", "/console/plans/plan-a"),
        ("run-1", "/console/runs/run-1"),
        ("state:failed", "/console/events?q=state"),
    ],
)
def test_control_k_goes_anywhere(page: Page, typed: str, leads_to: str) -> None:
    page.goto("/console/audit")

    page.keyboard.press("Control+k")
    page.keyboard.type(typed)
    page.keyboard.press("Enter")

    page.wait_for_url(lambda url: leads_to in url)
    expect(page.locator("h1")).to_be_visible()


def test_control_k_is_heard_in_a_field_and_escape_leaves_the_search(
    page: Page,
) -> None:
    page.goto("/console/plans/plan-a")
    tab_to(page, "input[name=reason]")

    page.keyboard.press("Control+k")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.press("Escape")

    expect(page.locator("#q")).not_to_be_focused()


@pytest.mark.parametrize(
    ("keys", "place"),
    [("gc", "corps"), ("ge", "events"), ("gp", "plans"), ("gr", "runs")],
)
def test_two_keys_lead_to_a_place(page: Page, keys: str, place: str) -> None:
    page.goto("/console/")

    for key in keys:
        page.keyboard.press(key)

    page.wait_for_url(f"**/console/{place}")
    here = page.locator("nav.places [aria-current=page]")
    expect(here).to_have_attribute("data-place", place)


def test_single_keys_are_letters_where_somebody_types(page: Page) -> None:
    page.goto("/console/plans/plan-a")
    tab_to(page, "input[name=reason]")

    page.keyboard.type("gc?/j")

    expect(page.locator("input[name=reason]:focus")).to_have_value("gc?/j")
    expect(page.locator("#keys")).to_be_hidden()


def test_single_keys_can_be_switched_off(page: Page) -> None:
    page.goto("/console/queues")
    page.keyboard.press("?")
    tab_to(page, "#single-keys")
    page.keyboard.press("Space")
    page.keyboard.press("Escape")

    page.reload()
    page.keyboard.press("?")

    expect(page.locator("#keys")).to_be_hidden()


def test_a_list_is_walked_line_by_line(page: Page) -> None:
    page.goto("/console/events")

    page.keyboard.press("j")
    first = page.evaluate("document.activeElement.href")
    page.keyboard.press("j")
    second = page.evaluate("document.activeElement.href")
    page.keyboard.press("k")

    assert first != second
    assert page.evaluate("document.activeElement.href") == first


def test_a_corp_is_paused_and_resumed_by_keys_alone(
    at_night: Night, page: Page
) -> None:
    page.goto("/console/corps/wwcorp")
    tab_to(page, ".acts summary")
    page.keyboard.press("Enter")
    tab_to(page, "input[name=reason]")
    page.keyboard.type("the admin asked for it")

    page.keyboard.press("Enter")

    page.wait_for_url("**?done=pause")
    kept = at_night.rows.execute(
        "SELECT count(*) FROM audit WHERE actor <> 'li' AND act = 'pause'"
    ).fetchone()
    assert kept == (1,)
    expect(page.locator("[role=status]").first).to_be_visible()


def test_a_plan_is_rejected_by_keys_alone(at_night: Night, page: Page) -> None:
    page.goto("/console/plans/plan-a")
    tab_to(page, "form:has([data-action=reject]) input[name=reason]")
    page.keyboard.type("they are all here")
    tab_to(page, "[data-action=reject]")

    page.keyboard.press("Enter")

    expect(page.locator("[role=status]").first).to_be_visible()
    state = "SELECT state FROM plans WHERE plan_id = 'plan-a'"
    assert at_night.rows.execute(state).fetchone() == ("rejected",)
