"""The workbench: home without a target, and deep links kept through the sign-in."""

from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.support.people.linking_rows import (
    ACCOUNT,
    Member,
    add_link,
    add_linked,
    add_signed_in,
    tapd_names,
)
from tests.support.people.visiting import (
    DESKTOP,
    WECOM,
    Visit,
    data_actions,
    named,
    query_of,
)
from tests.support.webclient import insert
from tests.unit.wecom.scripted import Asked, hangs_up, says
from web.account.items import open_items

DEEP = "/20001/prong/stories/view/1120001001000009"
PHONE = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0"}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page waits for TAPD however busy this machine is."""
    monkeypatch.setattr(open_items, "PAGE_SECONDS", 60.0)


@pytest.fixture
def member(visit: Visit) -> Member:
    """The keys of a member who is signed in."""
    visit.web.rows.execute("DELETE FROM item_notices")
    return add_signed_in(visit)


def good(data: Any) -> dict[str, Any]:
    return {"status": 1, "data": data, "info": "success"}


def grant(visit: Visit, *answers: Any, account_id: str = ACCOUNT) -> Any:
    """The member lets us read their open items; where that leads."""
    [way] = data_actions(visit.client.get("/enter").text)["grant-items"]
    visit.platform.forget()
    visit.platform.will(*(answers or tapd_names(account_id)))
    back = {"code": "c", "state": query_of(way)["state"]}
    return visit.client.get("/tapd/done", query_string=back)


def serve_items(
    visit: Visit, projects: int = 1, todo: Any = None, speaks: Event | None = None
) -> None:
    """TAPD answers about these projects: `todo`, or one item of each kind in each.

    Shape: it says nothing before `speaks` is set.
    """
    rows = [{"Workspace": {"id": "7", "category": "organization"}}]
    rows += [
        {"Workspace": {"id": str(20001 + n), "category": "project"}}
        for n in range(projects)
    ]
    open_ones = [{"Story": {"id": "1120001001000009", "name": "Sign <b>in</b>"}}]
    answers = {
        "request_token": good({"access_token": "app-token", "expires_in": 7200}),
        "user_participant_projects": good(rows),
    }

    def reply(handler: BaseHTTPRequestHandler) -> None:
        if speaks is not None:
            speaks.wait(60)
        asked = urlsplit(handler.path).path.rpartition("/")[2]
        says(answers.get(asked) or todo or good(open_ones))(handler)

    visit.platform.forget()
    visit.platform.will(*[reply] * 40)


def test_home_says_who_one_is_what_one_is_linked_to_and_where_to_go(
    visit: Visit, member: Member
) -> None:
    add_linked(visit, member)

    page = visit.client.get("/enter").text

    for shown in ("Zhang Wei", "Example", "这是你的 TAPD 帐号", "张**"):
        assert shown in page
    for way in ("/me/preferences", "/me", "/company/", "/enter?to=/"):
        assert f'href="{way}"' in page
    assert "1155000001" not in page


@pytest.mark.parametrize("state", ["none", "pending", "conflict", "unlinked"])
def test_home_is_there_for_whoever_is_not_linked_yet(
    visit: Visit, member: Member, state: str
) -> None:
    add_link(visit, member, state)

    page = visit.client.get("/enter")

    assert page.status_code == 200
    assert data_actions(page.text)["link-existing"] == ["/me"]
    assert "grant-items" not in data_actions(page.text)


def test_home_shows_the_latest_notices_with_their_reasons(
    visit: Visit, member: Member
) -> None:
    rows = visit.web.rows
    for mail_id in range(7):
        insert(rows, "item_notices", corp_pk=member[0], member_pk=member[1],
               **notice(mail_id))  # fmt: skip

    page = visit.client.get("/enter").text

    assert page.count('data-state="suppressed"') == 5
    assert "#6" in page
    assert "#0" not in page
    assert 'href="/me/notices"' in page


def notice(mail_id: int) -> dict[str, Any]:
    """An edit of the member's own, of which nobody told them."""
    return {
        "company_id": "7",
        "mail_id": mail_id,
        "nick": "zhang",
        "kind": "story",
        "item_id": str(mail_id),
        "event": "story::update",
        "event_id": str(mail_id),
        "change_id": mail_id,
        "roles": ["owner"],
        "role": "owner",
        "reason": "operator",
    }


def test_open_items_are_shown_once_the_member_has_granted_it(
    visit: Visit, member: Member
) -> None:
    add_linked(visit, member)

    answer = grant(visit)
    serve_items(visit)
    page = visit.client.get("/enter").text

    assert answer.headers["Location"] == "/enter"
    assert "Sign &lt;b&gt;in&lt;/b&gt;" in page
    assert f"/enter?to={DEEP}" in page
    [projects] = asked(visit, "user_participant_projects")
    todo = asked(visit, "get_user_todo_")
    assert projects.query == {"nick": "张伟伟", "company_id": "7"}
    assert sorted(each.endpoint.rpartition("/")[2] for each in todo) == [
        "get_user_todo_bug",
        "get_user_todo_story",
        "get_user_todo_task",
    ]
    assert {each.authorization for each in todo} == {"Bearer token-nobody-may-see"}
    assert {each.query["workspace_id"] for each in todo} == {"20001"}


def test_the_grant_asks_for_items_and_makes_no_link(
    visit: Visit, member: Member
) -> None:
    add_linked(visit, member)
    [way] = data_actions(visit.client.get("/enter").text)["grant-items"]

    grant(visit)

    assert set(query_of(way)["scope"].split()) == {
        "user#read",
        "story#read",
        "bug#read",
        "task#read",
    }
    assert visit.web.rows.execute("SELECT 1 FROM link_claims").fetchall() == []


def test_another_accounts_items_are_not_shown(visit: Visit, member: Member) -> None:
    add_linked(visit, member)

    answer = grant(visit, account_id="1009")

    assert answer.status_code == 403
    assert "另一个 TAPD 帐号" in answer.text
    assert tokens(visit) == [None]


def test_the_token_is_sealed_and_goes_with_the_session(
    visit: Visit, member: Member
) -> None:
    add_linked(visit, member)

    grant(visit)

    [sealed] = tokens(visit)
    assert sealed is not None
    assert b"token-nobody-may-see" not in sealed
    visit.sign_in("wwcorp", "zhang", "/login")
    assert tokens(visit) == [None]


@pytest.mark.parametrize(
    "refused",
    [
        {"status": 422, "info": "The access token provided is invalid"},
        {"status": 401, "info": "401 Unauthorized"},
    ],
)
def test_a_token_that_tapd_takes_no_more_is_offered_to_be_granted_again(
    visit: Visit, member: Member, refused: Any
) -> None:
    add_linked(visit, member)
    grant(visit)
    serve_items(visit, todo=refused)

    page = visit.client.get("/enter").text

    assert "grant-items" in data_actions(page)
    assert tokens(visit) == [None]


def test_home_is_there_while_tapd_is_away(visit: Visit, member: Member) -> None:
    add_linked(visit, member)
    grant(visit)
    visit.platform.forget()
    visit.platform.will(hangs_up)

    page = visit.client.get("/enter")

    assert page.status_code == 200
    assert 'data-items="failed"' in page.text
    assert tokens(visit) != [None]


def test_a_page_looks_at_few_projects_and_says_that_there_are_more(
    visit: Visit, member: Member
) -> None:
    add_linked(visit, member)
    grant(visit)
    serve_items(visit, projects=6)

    page = visit.client.get("/enter").text

    assert len(asked(visit, "get_user_todo_")) == 4 * 3
    assert "其他项目" in page


def asked(visit: Visit, endpoint: str) -> list[Asked]:
    """What TAPD was asked there."""
    return [each for each in visit.platform.asked if endpoint in each.endpoint]


def tokens(visit: Visit) -> list[bytes | None]:
    rows = visit.web.rows.execute("SELECT tapd_token FROM member_sessions")
    return [row[0] for row in rows]


@pytest.mark.parametrize("browser", [WECOM, DESKTOP, PHONE])
@pytest.mark.parametrize(
    "to", [DEEP, f"{DEEP}?tab=1&x=%E5%BC%A0", "/tapd_fe/1/story/detail/2#comment"]
)
def test_a_deep_link_is_kept_through_the_sign_in_of_every_browser(
    visit: Visit, member: Member, browser: dict[str, str], to: str
) -> None:
    add_linked(visit, member)
    visit.client.delete_cookie("sync-member")
    away = visit.client.get(f"/enter?to={quote(to)}", headers=browser)
    back = visit.come_back(query_of(away)["state"], named("wwcorp", "zhang"))

    forwarded = visit.client.get(back.headers["Location"], headers=browser)

    assert forwarded.headers["Location"] == f"https://tapd.example{to}"


@pytest.mark.parametrize(
    "to",
    [
        "//evil.example/x",
        "https://evil.example/x",
        "/\\evil.example",
        "\\\\evil.example",
        "/%0d%0aX: y",
        "javascript:alert(1)",
        ".evil.example/",
        "@evil.example/",
        "",
    ],
)
def test_a_target_leads_to_tapd_and_nowhere_else(
    visit: Visit, member: Member, to: str
) -> None:
    add_linked(visit, member)

    answer = visit.client.get("/enter", query_string={"to": to})

    assert answer.headers["Location"].startswith("https://tapd.example/")
    assert "evil" not in answer.headers["Location"]
