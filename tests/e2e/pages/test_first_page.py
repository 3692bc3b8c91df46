"""A corp's page in a real browser: live, and it leaves the reader's view alone."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.support.console.browsing import Site, serve
from tests.support.webclient import (
    add_corp,
    add_department,
    add_event,
    add_line,
    add_member,
    add_run,
    open_web,
)

WIDTHS = (360, 1280)
CORP = "/console/corps/wwcorp"


@pytest.fixture
def site(database: str, redis_url: str) -> Iterator[Site]:
    with open_web(database=database, redis_url=redis_url) as web, serve(web) as site:
        yield site


@pytest.fixture
def corp_pk(site: Site) -> int:
    """A corp in step: Sales with Zhang, and Support below it with Li."""
    rows = site.web.rows
    corp_pk = add_corp(rows, "wwcorp", name="Example", last_synced_at=datetime.now(UTC))
    add_department(rows, corp_pk, 2, name="Sales")
    add_department(rows, corp_pk, 3, parent_id=2, name="Support")
    add_member(rows, corp_pk, "zhang", name="Zhang", departments=[2])
    add_member(rows, corp_pk, "li", name="Li", departments=[3])
    return corp_pk


def join(site: Site, corp_pk: int, userid: str, department_id: int) -> None:
    """A worker's transaction: the member and the line about it."""
    with site.web.rows.transaction():
        add_member(
            site.web.rows, corp_pk, userid, name=userid, departments=[department_id]
        )
        add_line(
            site.web.rows,
            corp_pk,
            key=f"member:{userid}",
            after={"departments": [department_id]},
        )


def department(page: Page, department_id: int) -> Locator:
    return page.locator(f"#d{department_id}")


def fold(page: Page, department_id: int) -> Locator:
    """The control that folds and unfolds a department."""
    return department(page, department_id).locator("> a[aria-expanded]")


def let_it_look(page: Page, *, is_in_front: bool) -> None:
    """Wait until the script has looked three times whether it should be live."""
    page.evaluate(
        """(front) => new Promise((done) => {
            let looks = 0;
            document.hasFocus = () => {
                looks += 1;
                if (looks > 3) done();
                return front;
            };
        })""",
        is_in_front,
    )


def away(page: Page, *, is_away: bool) -> None:
    """The reader looks at another window, and comes back."""
    page.evaluate(
        """(away) => {
            document.hasFocus = () => !away;
            window.dispatchEvent(new Event(away ? "blur" : "focus"));
        }""",
        is_away,
    )


def test_a_newcomer_appears_in_tree_and_journal_without_a_reload(
    site: Site, corp_pk: int, page: Page
) -> None:
    site.sign_in(page, CORP)
    expect(page.locator("#tree")).to_contain_text("Zhang")

    join(site, corp_pk, "wang", 2)

    expect(page.locator("#tree")).to_contain_text("wang")
    expect(page.locator("#journal")).to_contain_text("wang 加入：Sales")
    expect(page.locator("#journal")).to_contain_text("企业微信通知有变更")


def test_what_the_reader_unfolded_stays_unfolded(
    site: Site, corp_pk: int, page: Page
) -> None:
    site.sign_in(page, CORP)
    fold(page, 3).click()
    expect(department(page, 3)).to_contain_text("Li")

    join(site, corp_pk, "wang", 3)

    expect(department(page, 3)).to_contain_text("wang")
    expect(fold(page, 3)).to_have_attribute("aria-expanded", "true")


def test_what_the_reader_folded_stays_folded(
    site: Site, corp_pk: int, page: Page
) -> None:
    site.sign_in(page, CORP)
    fold(page, 2).click()
    expect(fold(page, 2)).to_have_attribute("aria-expanded", "false")

    join(site, corp_pk, "wang", 2)

    expect(page.locator("#journal")).to_contain_text("wang")
    expect(fold(page, 2)).to_have_attribute("aria-expanded", "false")


def test_a_member_who_moves_is_in_the_other_department_only(
    site: Site, corp_pk: int, page: Page
) -> None:
    site.sign_in(page, CORP)
    fold(page, 3).click()
    expect(department(page, 3)).to_contain_text("Li")

    with site.web.rows.transaction():
        site.web.rows.execute(
            "UPDATE members SET department_ids = '{2}' WHERE userid = 'li'"
        )
        add_line(
            site.web.rows,
            corp_pk,
            decision="MoveMember",
            key="member:li",
            before={"departments": [3]},
            after={"departments": [2]},
        )

    expect(page.locator("#journal")).to_contain_text("Li 由 Support 调到 Sales")
    expect(page.locator("[data-key='member:li']")).to_have_count(1)


def test_the_verdict_tells_what_waits_and_how_far_a_run_is(
    site: Site, corp_pk: int, page: Page
) -> None:
    site.sign_in(page, CORP)
    verdict = page.locator("[data-standing]")
    expect(verdict).to_have_attribute("data-standing", "in_step")
    expect(verdict).to_contain_text("与企业微信一致")

    add_event(site.web.rows, "corp:wwcorp", "pending")
    add_run(site.web.rows, corp_pk, "r", state="running", pages_read=3, pages_of=8)

    expect(verdict).to_have_attribute("data-standing", "behind")
    expect(page.locator("[data-key=facts]")).to_contain_text("1 条事件待处理")
    expect(page.locator("progress")).to_have_attribute("value", "3")


def refuse(route: Route) -> None:
    """What a proxy answers while the web behind it is being replaced."""
    if route.request.resource_type == "eventsource":
        route.fulfill(status=502, body="bad gateway")
    else:
        route.continue_()


def cut_off(route: Route) -> None:
    """What a cable that was pulled out answers."""
    if route.request.resource_type == "eventsource":
        route.abort()
    else:
        route.continue_()


@pytest.mark.parametrize("fault", [cut_off, refuse])
def test_a_lost_connection_is_told_and_mends_itself(
    site: Site, corp_pk: int, page: Page, fault: object
) -> None:
    page.route("**/console/corps/*", fault)  # type: ignore[arg-type]  # Playwright calls it with a route.
    site.sign_in(page, CORP)
    live = page.locator("#live")
    expect(live).to_have_attribute("data-state", "Away")

    page.unroute("**/console/corps/*")

    expect(live).to_have_attribute("data-state", "On")
    join(site, corp_pk, "wang", 2)
    expect(page.locator("#tree")).to_contain_text("wang")


def test_the_language_switch_keeps_the_page(
    site: Site, corp_pk: int, page: Page
) -> None:
    site.sign_in(page, CORP)

    page.get_by_role("link", name="English").click()

    expect(page.locator("#tree-title")).to_have_text("Departments and members")
    assert page.url.startswith(f"{site.address}{CORP}")
    assert page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", ["/console/", CORP])
def test_pages_fit_their_width_and_break_no_rule_of_the_browser(
    site: Site, corp_pk: int, browser: Browser, path: str, width: int
) -> None:
    long_id = "wo" + "A" * 62
    add_member(site.web.rows, corp_pk, long_id, departments=[2])
    add_line(site.web.rows, corp_pk, key=f"member:{long_id}")
    context = browser.new_context(
        locale="zh-CN", viewport={"width": width, "height": 800}
    )
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))

    site.sign_in(page, path)
    expect(page.locator("h1")).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert said == []
    context.close()


def test_a_department_can_be_unfolded_with_the_keyboard(
    site: Site, corp_pk: int, page: Page
) -> None:
    site.sign_in(page, CORP)
    fold(page, 3).focus()

    page.keyboard.press("Enter")

    expect(department(page, 3)).to_contain_text("Li")
    expect(fold(page, 3)).to_be_focused()


def test_where_the_reader_stands_stays_while_the_page_changes_around(
    site: Site, corp_pk: int, page: Page
) -> None:
    site.sign_in(page, CORP)
    zhang = page.locator("[data-key='member:zhang'] a").first
    zhang.focus()
    page.evaluate("window.stood = document.activeElement")

    join(site, corp_pk, "an", 2)  # comes before her
    join(site, corp_pk, "zzz", 2)

    expect(page.locator("#tree")).to_contain_text("zzz")
    expect(zhang).to_be_focused()
    assert page.evaluate("window.stood === document.activeElement")


def test_who_leaves_before_the_reader_leaves_the_reader_where_they_are(
    site: Site, corp_pk: int, page: Page
) -> None:
    join(site, corp_pk, "an", 2)
    site.sign_in(page, CORP)
    zhang = page.locator("[data-key='member:zhang'] a").first
    zhang.focus()
    lost = "window.lost = 0; document.addEventListener('focusout', () => window.lost++)"
    page.evaluate(lost)

    site.web.rows.execute(
        "UPDATE members SET department_ids = '{3}' WHERE userid = 'an'"
    )

    expect(page.locator("[data-key='member:an']")).to_have_count(0)
    expect(zhang).to_be_focused()
    assert page.evaluate("window.lost") == 0


def test_while_something_is_selected_the_page_stands_still_and_says_so(
    site: Site, corp_pk: int, page: Page
) -> None:
    site.sign_in(page, CORP)
    expect(page.locator("#live")).to_have_attribute("data-state", "On")
    page.evaluate(
        "getSelection().selectAllChildren("
        "document.querySelector(\"[data-key='member:zhang'] a\"))"
    )
    expect(page.locator("#live")).to_have_attribute("data-state", "Held")
    join(site, corp_pk, "wang", 2)
    let_it_look(page, is_in_front=True)
    assert page.evaluate("getSelection().toString()") == "Zhang"
    expect(page.locator("#tree")).not_to_contain_text("wang")

    page.evaluate("getSelection().removeAllRanges()")

    expect(page.locator("#tree")).to_contain_text("wang")


def test_what_is_typed_stays_and_holds_the_page(
    site: Site, corp_pk: int, page: Page
) -> None:
    site.sign_in(page, CORP)
    find = page.locator("input[name=find]")
    find.fill("zha")
    expect(page.locator("#live")).to_have_attribute("data-state", "Held")
    join(site, corp_pk, "wang", 2)
    let_it_look(page, is_in_front=True)

    expect(find).to_have_value("zha")
    expect(page.locator("#tree")).not_to_contain_text("wang")
    find.fill("")
    find.blur()

    expect(page.locator("#tree")).to_contain_text("wang")


def test_a_window_that_is_not_in_front_asks_for_nothing(
    site: Site, corp_pk: int, page: Page
) -> None:
    site.sign_in(page, CORP)
    live = page.locator("#live")
    expect(live).to_have_attribute("data-state", "On")
    away(page, is_away=True)
    expect(live).to_have_attribute("data-state", "Off")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    let_it_look(page, is_in_front=False)
    assert asked == []

    away(page, is_away=False)

    expect(live).to_have_attribute("data-state", "On")


def test_a_page_that_the_reader_holds_stays_held_whatever_comes_to_the_front(
    site: Site, corp_pk: int, page: Page
) -> None:
    site.sign_in(page, CORP)
    expect(page.locator("#live")).to_have_attribute("data-state", "On")
    page.locator("#hold").click()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    away(page, is_away=True)
    away(page, is_away=False)

    expect(page.locator("#live")).to_have_attribute("data-state", "Off")
    assert asked == []
    page.locator("#hold").click()
    expect(page.locator("#live")).to_have_attribute("data-state", "On")
