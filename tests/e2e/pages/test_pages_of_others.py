"""A company's admin, a member and a stranger: every page that they may see, in full.

By axe in both languages and both themes, at every width, by keyboard, without scripts.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.console.colours import Contrasts
from tests.support.console.looking import (
    COLOURS,
    WORDS,
    Listening,
    axe,
    bring_axe,
    tab_to,
    unreached,
    wider,
)
from tests.support.console.pages import WIDTHS
from tests.support.people import visitors
from tests.support.people.companies import CORP
from tests.support.people.linking_rows import TOKEN
from tests.support.people.visitors import (
    ADMINS_PAGES,
    MEMBERS_PAGES,
    STANDINGS,
    STRANGERS_PAGES,
    Visitor,
)
from web.access import Audience, audience_of

LANGUAGES = ("zh-CN", "en")


@pytest.fixture(scope="module")
def admin(module_database: str, redis_server_url: str) -> Iterator[Visitor]:
    with visitors.company_admin(
        database=module_database, redis_url=redis_server_url
    ) as visitor:
        yield visitor


@pytest.fixture
def member(database: str, redis_url: str) -> Iterator[Visitor]:
    with visitors.member(database=database, redis_url=redis_url) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def contrasts() -> Contrasts:
    """What was asked of one walk's pages need not be asked of the next one's."""
    return Contrasts()


def look(page: Page, path: str, language: str, contrasts: Contrasts) -> list[str]:
    """What is wrong with one page, whatever it says."""
    answer = page.goto(path)
    assert answer is not None
    assert answer.status < 500, path
    assert page.locator("html").get_attribute("lang") == language, path
    expect(page.locator("h1")).to_have_count(1)
    faults = []
    # In the other language it is the same markup in the same colours.
    if language == LANGUAGES[0]:
        faults += axe(page, but=COLOURS)
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme=theme)
            faults += [f"{theme} {each}" for each in contrasts.faults(page)]
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        faults += [f"{width} {each}" for each in wider(page)]
    faults += axe(page, rules=WORDS)
    faults += unreached(page)
    return [f"{path} {each}" for each in faults]


def walk(
    browser: Browser,
    visitor: Visitor,
    pages: tuple[str, ...],
    language: str,
    contrasts: Contrasts,
) -> list[str]:
    context = visitor.context(browser, language)
    bring_axe(context)
    page, listening = context.new_page(), Listening()
    listening.begin(page)
    faults = [each for path in pages for each in look(page, path, language, contrasts)]
    context.close()
    return [*faults, *listening.said]


def test_the_pages_of_admins_are_all_walked(admin: Visitor) -> None:
    company = admin.company
    assert company is not None
    app = company.visit.web.app
    ends = {
        rule.rule.rpartition(">")[2] if rule.rule.endswith("/") else rule.rule
        for rule in app.url_map.iter_rules()
        if audience_of(app, rule.endpoint) is Audience.COMPANY
        and "GET" in (rule.methods or set())
    }
    adapter = app.url_map.bind("localhost")

    walked = {
        adapter.match(path.partition("?")[0], return_rule=True)[0].rule
        for path in ADMINS_PAGES
    }

    assert {each for each in ends if each.startswith("/company")} <= walked


@pytest.mark.timeout(600)
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_admin_of_a_company_finds_nothing_in_the_way(
    browser: Browser, admin: Visitor, language: str, contrasts: Contrasts
) -> None:
    faults = walk(browser, admin, ADMINS_PAGES, language, contrasts)

    assert "\n".join(faults) == ""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_member_finds_nothing_in_the_way_however_their_link_stands(
    browser: Browser, member: Visitor, language: str, contrasts: Contrasts
) -> None:
    faults = walk(browser, member, MEMBERS_PAGES, language, contrasts)
    for state in STANDINGS:
        member.stand(state)
        paths = ("/me", f"/link/{TOKEN}", "/me/unlink", "/enter")
        found = walk(browser, member, paths, language, contrasts)
        faults += [f"{state} {each}" for each in found]

    assert "\n".join(faults) == ""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stranger_finds_nothing_in_the_way(
    browser: Browser, member: Visitor, language: str, contrasts: Contrasts
) -> None:
    stranger = Visitor(url=member.url, cookies={}, rows=member.rows)

    faults = walk(browser, stranger, STRANGERS_PAGES, language, contrasts)

    assert "\n".join(faults) == ""


@pytest.mark.timeout(600)
def test_everything_is_whole_without_scripts(browser: Browser, admin: Visitor) -> None:
    context = admin.context(browser, "zh-CN", runs_scripts=False)
    page = context.new_page()
    page.set_viewport_size({"width": 360, "height": 740})
    faults = []
    for path in ADMINS_PAGES:
        page.goto(path)
        expect(page.locator("h1")).to_have_count(1)
        faults += [f"{path} {each}" for each in wider(page)]
    context.close()

    assert "\n".join(faults) == ""


def test_an_admin_decides_a_match_by_keys_alone(
    browser: Browser, admin: Visitor
) -> None:
    page = admin.page(browser)
    page.goto(f"/company/{CORP}/people/li/desk")
    tab_to(page, "input[type=radio]")
    page.keyboard.press("Space")
    tab_to(page, "[data-action=confirm]")

    page.keyboard.press("Enter")

    page.wait_for_url("**/acts/*")
    expect(page.locator("main")).to_contain_text("1000000001")
    company = admin.company
    assert company is not None
    assert "1000000001" in [account_id for _, _, account_id, _ in company.claims()]
    page.context.close()


def test_an_admin_invites_by_keys_alone(browser: Browser, admin: Visitor) -> None:
    page = admin.page(browser)
    page.goto(f"/company/{CORP}/?group=none")
    tab_to(page, "input[name=member]")
    page.keyboard.press("Space")
    tab_to(page, "form .doing button")

    page.keyboard.press("Enter")

    page.wait_for_url("**/acts/*")
    expect(page.locator("h1")).to_be_visible()
    page.context.close()


def test_an_admin_unlinks_by_keys_alone(browser: Browser, admin: Visitor) -> None:
    page = admin.page(browser)
    page.goto(f"/company/{CORP}/people/wang/unlink")
    tab_to(page, "main button[type=submit]")

    page.keyboard.press("Enter")

    page.wait_for_url("**/acts/*")
    company = admin.company
    assert company is not None
    assert "1000000002" in [account_id for _, _, account_id, _ in company.claims()]
    page.context.close()


def test_an_admin_switches_notices_of_items_off_by_keys_alone(
    browser: Browser, admin: Visitor
) -> None:
    page = admin.page(browser)
    page.goto(f"/company/{CORP}/items")
    tab_to(page, "input[name=switch]")
    page.keyboard.press("Space")
    tab_to(page, "[data-action=confirm]")

    page.keyboard.press("Enter")

    page.wait_for_url("**/acts/*")
    page.goto(f"/company/{CORP}/items")
    expect(page.locator("input[name=switch]")).not_to_be_checked()
    page.context.close()


def test_a_member_saves_and_undoes_by_keys_alone(
    browser: Browser, member: Visitor
) -> None:
    member.stand("linked")
    page = member.page(browser)
    page.goto("/me/preferences")
    tab_to(page, "input[name=item_notices]")
    page.keyboard.press("Space")
    tab_to(page, "[data-action=confirm]")
    page.keyboard.press("Enter")
    expect(page.locator("[role=status]")).to_be_visible()
    expect(page.locator("input[name=item_notices]")).not_to_be_checked()

    page.goto("/me/unlink")
    tab_to(page, "main form button")
    page.keyboard.press("Enter")

    page.wait_for_url("**/me")
    said = member.rows.execute("SELECT kind FROM link_claims").fetchall()
    assert said == [("unlinked",)]
    page.context.close()


def test_a_member_has_an_account_made_by_keys_alone(
    browser: Browser, member: Visitor
) -> None:
    page = member.page(browser)
    page.goto(f"/link/{TOKEN}")
    tab_to(page, "main form button")

    with page.expect_navigation():
        page.keyboard.press("Enter")

    said = member.rows.execute("SELECT kind FROM link_claims").fetchall()
    assert said == [("create",)]
    page.context.close()
