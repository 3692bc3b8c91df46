"""The pages of an install, walked over HTTP: three ways, every stop, the first sync."""

from urllib.parse import parse_qs, urlsplit

import pytest

from simulator.admin import admin_app
from simulator.org.grant import Grant
from tests.support.people.installing import COMPANY, WHOLE, add_company
from tests.support.people.walking import (
    Walk,
    ask_for_intent,
    count,
    intent_of,
    path_of,
    says,
)


def test_an_existing_company_is_linked_and_its_first_sync_is_shown_live(
    walk: Walk,
) -> None:
    enterprise = walk.bench.found(members=6, departments=3)
    walk.bench.rows(
        "INSERT INTO accounts (account_id, name) VALUES ('admin-1', '王经理')"
    )

    begun = walk.open(path_of(intent_of(walk)))
    back = walk.install(begun, enterprise)
    walk.bench.deliver()
    walk.work()
    ended = walk.browser.open(back.url)

    assert f"公司 {COMPANY}" in begun.text
    assert "王经理" in begun.text
    assert "auth_code" not in back.url
    assert says(back, "install.stage.exchange.title")
    assert 'http-equiv="refresh"' in back.text
    assert 'http-equiv="refresh"' not in ended.text
    assert f"{enterprise.name} 已关联到 公司 {COMPANY}" in ended.text
    assert count(ended, "members") == 6
    assert count(ended, "departments") == len(enterprise.now.departments)
    corp = walk.bench.corp(enterprise)
    assert (corp.state, corp.company_id) == ("linked", COMPANY)


def test_a_new_company_is_made_of_the_edition_that_was_chosen(walk: Walk) -> None:
    enterprise = walk.bench.found()

    chosen = walk.browser.act(
        walk.open("/register"), "choose-edition", edition="enterprise"
    )
    back = walk.install(chosen, enterprise)
    walk.work()

    assert says(chosen, "install.edition.enterprise")
    company = walk.bench.row("SELECT name, edition FROM companies")
    assert company == {"name": enterprise.name, "edition": "enterprise"}
    assert enterprise.name in walk.browser.open(back.url).text


def test_without_a_choice_the_first_edition_is_taken(walk: Walk) -> None:
    chosen = walk.browser.act(walk.open("/register"), "choose-edition")

    assert says(chosen, "install.edition.standard")


def test_an_edition_that_does_not_exist_is_refused(walk: Walk) -> None:
    page = walk.browser.act(walk.open("/register"), "choose-edition", edition="gold")

    assert page.status == 400
    assert walk.bench.rows("SELECT 1 FROM install_intents") == []


def test_the_live_part_says_when_it_is_over(walk: Walk) -> None:
    enterprise = walk.bench.found()
    back = walk.install(walk.open(path_of(intent_of(walk))), enterprise)
    live = back.url.replace("/install/done", "/install/live")
    before = walk.browser.session.get(live, timeout=10).json()

    walk.work()

    after = walk.browser.session.get(live, timeout=10).json()
    assert (before["over"], after["over"]) == (False, True)
    assert enterprise.name in after["html"]


def test_everybody_who_was_asked_is_named_with_the_reason(walk: Walk) -> None:
    enterprise = walk.bench.found(members=4)
    back = walk.install(walk.open(path_of(intent_of(walk))), enterprise)
    walk.work()
    asked, torn, made, own = enterprise.now.members
    walk.bench.rows("INSERT INTO accounts (account_id) VALUES ('made'), ('own')")
    put_link(walk, asked, state="pending", reason="email_only", asks="link")
    put_link(walk, torn, state="conflict", reason="several_accounts")
    put_link(walk, made, state="linked", reason="no_account", account_id="made")
    put_link(walk, own, state="linked", reason="seen_mobile", account_id="own")

    page = walk.browser.open(back.url)

    counts = {name: count(page, name) for name in ("linked", "created", "asked")}
    assert counts == {"linked": 1, "created": 1, "asked": 1}
    assert count(page, "conflicts") == 1
    named = [each for each in enterprise.now.members if each in page.text]
    assert sorted(named) == sorted([asked, torn])
    assert says(page, "company.reason.email_only")
    assert says(page, "company.reason.several_accounts")
    assert "4 名成员中有 2 名现在可以使用 TAPD" in page.text


def put_link(walk: Walk, userid: str, **link: str) -> None:
    """Have a member's link be this, whatever the workers made of it."""
    walk.bench.rows(
        "DELETE FROM links USING members AS m WHERE m.userid = %s"
        " AND links.corp_pk = m.corp_pk AND links.member_pk = m.member_pk",
        userid,
    )
    names = ", ".join(link)
    values = ", ".join(["%s"] * len(link))
    walk.bench.rows(
        f"INSERT INTO links (corp_pk, member_pk, company_id, {names})"  # noqa: S608 - names written in this test
        f" SELECT corp_pk, member_pk, %s, {values} FROM members WHERE userid = %s",
        COMPANY,
        *link.values(),
        userid,
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"company_id": "unknown"}, 404),
        ({"company_id": ""}, 422),
        ({"admin_account_id": "admin\0"}, 422),
        ({"surplus": "1"}, 422),
        ({"admin_account_id": "gone"}, 409),
    ],
)
def test_an_intent_is_made_for_a_known_company_alone(
    walk: Walk, body: dict[str, str], status: int
) -> None:
    add_company(walk.bench)
    walk.bench.rows("INSERT INTO accounts (account_id) VALUES ('gone')")
    walk.bench.rows(
        "INSERT INTO memberships (company_id, account_id, origin, left_at)"
        " VALUES (%s, 'gone', 'tapd', clock_timestamp())",
        COMPANY,
    )

    assert ask_for_intent(walk, **body).status_code == status


def test_the_same_code_again_shows_the_same_install(walk: Walk) -> None:
    enterprise = walk.bench.found()
    exchanged = walk.bench.calls("service/v2/get_permanent_code")
    at_wecom = walk.browser.act(walk.open(path_of(intent_of(walk))), "confirm")
    state = parse_qs(urlsplit(at_wecom.url).query)["state"][0]
    code = admin_app.install_by_redirect(
        walk.bench.world, enterprise, grant=Grant(scope=WHOLE), state=state
    )
    come_back = f"/install/done?auth_code={code}&expires_in=600&state={state}"

    pages = [walk.open(come_back) for _ in range(2)]
    walk.work()
    pages.append(walk.open(come_back))

    assert [page.status for page in pages] == [200, 200, 200]
    assert walk.bench.calls("service/v2/get_permanent_code") == exchanged + 1
    mail = walk.bench.row("SELECT times_seen FROM inbox WHERE kind = 'auth_code'")
    assert mail == {"times_seen": 3}


def test_whoever_steps_back_can_confirm_once_more(walk: Walk) -> None:
    enterprise = walk.bench.found()
    opened = walk.open(path_of(intent_of(walk)))
    walk.browser.act(opened, "confirm")

    walk.install(opened, enterprise)
    walk.work()

    assert walk.bench.corp(enterprise).state == "linked"


def test_a_first_sync_that_failed_is_not_called_done(walk: Walk) -> None:
    enterprise = walk.bench.found()
    back = walk.install(walk.open(path_of(intent_of(walk))), enterprise)
    walk.work()
    walk.bench.rows("UPDATE runs SET state = 'failed'")

    page = walk.browser.open(back.url)

    assert says(page, "install.stage.read_failed.text")


def test_a_market_install_that_was_faster_is_told_as_what_it_is(walk: Walk) -> None:
    enterprise = walk.bench.found()
    at_wecom = walk.browser.act(walk.open(path_of(intent_of(walk))), "confirm")
    state = parse_qs(urlsplit(at_wecom.url).query)["state"][0]
    walk.bench.install(enterprise)
    walk.bench.deliver()
    walk.bench.rows("UPDATE inbox SET received_at = received_at - interval '11 s'")
    walk.work()
    pushed = walk.bench.world.logs.list_pushes(
        corp_id=None, name="create_auth", since=0
    )
    code = pushed[-1].xml.partition("<AuthCode><![CDATA[")[2].partition("]]>")[0]

    page = walk.open(f"/install/done?auth_code={code}&state={state}")

    assert says(page, "install.elsewhere")
    assert walk.bench.corp(enterprise).company_id != COMPANY


@pytest.mark.parametrize("path", ["/register", "/install?intent=x", "/install/done"])
def test_the_pages_speak_english_too(walk: Walk, path: str) -> None:
    walk.browser.session.headers["Accept-Language"] = "en"

    page = walk.open(path)

    assert '<html lang="en">' in page.text
    assert not any(
        "\u4e00" <= each <= "\u9fff" for each in page.text.replace("中文", "")
    )
