"""The first page in a real browser: live, and it leaves the reader's view alone."""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from tests.support.webclient import (
    API_TOKEN,
    Web,
    add_corp,
    add_department,
    add_event,
    add_line,
    add_member,
    add_run,
    open_web,
)

WIDTHS = (360, 1280)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A web that a browser can reach."""

    web: Web
    address: str


@pytest.fixture
def site(database: str, redis_url: str) -> Iterator[Site]:
    with open_web(database=database, redis_url=redis_url) as web:
        server = make_server("127.0.0.1", 0, web.app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield Site(web=web, address=f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        server.server_close()
        thread.join()


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


def sign_in(page: Page, site: Site, path: str = "/console/corps/wwcorp") -> None:
    page.goto(site.address + path)
    page.get_by_label("API 令牌").fill(API_TOKEN)
    page.locator("[data-action=continue]").click()


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


def test_a_newcomer_appears_in_tree_and_journal_without_a_reload(
    site: Site, corp_pk: int, page: Page
) -> None:
    sign_in(page, site)
    expect(page.locator("#tree")).to_contain_text("Zhang")

    join(site, corp_pk, "wang", 2)

    expect(page.locator("#tree")).to_contain_text("wang")
    expect(page.locator("#journal")).to_contain_text("wang 加入：Sales")
    expect(page.locator("#journal")).to_contain_text("企业微信通知有变更")


def test_what_the_reader_unfolded_and_selected_stays(
    site: Site, corp_pk: int, page: Page
) -> None:
    sign_in(page, site)
    support = page.locator("details[data-department='3']")
    support.locator("summary").click()
    expect(support).to_contain_text("Li")
    page.evaluate(
        """() => {
            const name = document.querySelector("[data-key='member:li'] .who");
            getSelection().selectAllChildren(name);
            window.kept = name;
        }"""
    )

    join(site, corp_pk, "wang", 3)

    expect(support).to_contain_text("wang")
    assert support.get_attribute("open") is not None
    assert page.evaluate("getSelection().toString()") == "Li"
    assert page.evaluate("window.kept.isConnected")


def test_what_the_reader_folded_stays_folded(
    site: Site, corp_pk: int, page: Page
) -> None:
    sign_in(page, site)
    sales = page.locator("details[data-department='2']")
    sales.locator("summary").first.click()

    join(site, corp_pk, "wang", 2)

    expect(page.locator("#journal")).to_contain_text("wang")
    assert sales.get_attribute("open") is None


def test_a_member_who_moves_is_in_the_other_department_only(
    site: Site, corp_pk: int, page: Page
) -> None:
    sign_in(page, site)
    page.locator("details[data-department='3'] summary").click()
    expect(page.locator("details[data-department='3']")).to_contain_text("Li")

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


def test_the_header_tells_what_waits_and_how_far_a_run_is(
    site: Site, corp_pk: int, page: Page
) -> None:
    sign_in(page, site)
    status = page.locator("#status")
    expect(status).to_contain_text("与企业微信一致")
    expect(status).to_contain_text(re.compile("秒钟?前"))

    add_event(site.web.rows, "corp:wwcorp", "pending")
    add_run(site.web.rows, corp_pk, "r", state="running", pages_read=3, pages_of=8)

    expect(status).to_contain_text("正在跟进")
    expect(status).to_contain_text("1 条事件待处理")
    expect(status.locator("progress")).to_have_attribute("value", "3")


def test_a_lost_connection_is_told_and_mends_itself(
    site: Site, corp_pk: int, page: Page
) -> None:
    sign_in(page, site)
    offline = page.locator("#offline")
    expect(offline).to_be_hidden()

    page.route("**/live?*", lambda route: route.abort())
    expect(offline).to_be_visible(timeout=10_000)
    page.unroute("**/live?*")

    expect(offline).to_be_hidden(timeout=15_000)


def test_the_language_switch_keeps_the_page(
    site: Site, corp_pk: int, page: Page
) -> None:
    sign_in(page, site)

    page.get_by_role("link", name="English").click()

    expect(page.locator("h2").first).to_have_text("Departments and members")
    assert page.url.startswith(f"{site.address}/console/corps/wwcorp")
    assert page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", ["/console/", "/console/corps/wwcorp"])
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

    sign_in(page, site, path)
    expect(page.locator("h1")).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert said == []
    context.close()


def test_a_department_can_be_unfolded_with_the_keyboard(
    site: Site, corp_pk: int, page: Page
) -> None:
    sign_in(page, site)
    page.locator("details[data-department='3'] summary").focus()

    page.keyboard.press("Enter")

    expect(page.locator("details[data-department='3']")).to_contain_text("Li")
