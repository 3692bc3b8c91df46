"""A member's own page: which account is theirs, proving one, and undoing the link."""

from typing import Any

import pytest
from psycopg.types.json import Jsonb

from tests.support.people.linking_rows import (
    Member,
    add_link,
    add_linked,
    add_signed_in,
    claims,
    come_back,
    mail,
    tapd_names,
    way_to_tapd,
)
from tests.support.people.visiting import (
    WECOM,
    Visit,
    csrf_of,
    data_actions,
    let_time_pass,
    open_visit,
)
from tests.support.webclient import add_member
from tests.unit.wecom.scripted import hangs_up

BACK = "http://sync.example/tapd/done"


@pytest.fixture
def member(visit: Visit) -> Member:
    """The keys of a member who is signed in."""
    return add_signed_in(visit)


def test_the_linked_account_is_shown_masked(visit: Visit, member: Member) -> None:
    add_linked(visit, member)

    page = visit.client.get("/me").text

    for shown in ("Zhang Wei", "Example", "张**", "138****5678", "z***@example.com"):
        assert shown in page
    for hidden in ("张伟伟", "13812345678", "zhang@example.com", "1155000001"):
        assert hidden not in page
    assert "你登录过这个帐号" in page


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (None, "还没有关联 TAPD 帐号"),
        ("none", "还没有关联 TAPD 帐号"),
        ("pending", "哪个 TAPD 帐号是你的"),
        ("conflict", "还不能确定"),
        ("unlinked", "关联已取消"),
    ],
)
def test_whoever_is_not_linked_is_told_how_to_be(
    visit: Visit, member: Member, state: str | None, words: str
) -> None:
    if state is not None:
        add_link(visit, member, state)

    page = visit.client.get("/me").text

    assert words in page
    assert data_actions(page).keys() == {"link-existing"}


def test_proving_an_account_is_told_to_the_workers(
    visit: Visit, member: Member
) -> None:
    add_link(visit, member, "pending")
    asked = way_to_tapd(visit)
    answer = come_back(visit, asked["state"], *tapd_names("1001"))
    page = visit.client.get(answer.headers["Location"]).text

    assert asked["redirect_uri"] == BACK
    assert answer.headers["Location"] == "/me"
    assert claims(visit) == [("proved", "1001", "member")]
    [(mailbox, kind, key, hint)] = mail(visit)
    assert (mailbox, kind, key) == ("corp:wwcorp", "link_proved", "member:zhang")
    assert hint.keys() == {"claim_id"}
    assert 'http-equiv="refresh" content="2"' in page
    assert visit.web.rows.execute("SELECT nick FROM accounts").fetchall() == [("阿伟",)]


def test_coming_back_again_proves_nothing_anew(visit: Visit, member: Member) -> None:
    add_link(visit, member, "pending")
    state = way_to_tapd(visit)["state"]
    come_back(visit, state, *tapd_names("1001"))

    again = come_back(visit, state)

    assert again.headers["Location"] == "/me"
    assert len(claims(visit)) == 1


def test_the_browsers_own_words_about_the_account_are_not_believed(
    visit: Visit, member: Member
) -> None:
    add_link(visit, member, "pending")
    state = way_to_tapd(visit)["state"]
    resource = '{"type":"user","user_id":"2002","company_id":"7"}'

    come_back(visit, state, *tapd_names("1001"), resource=resource)

    assert [account_id for _, account_id, _ in claims(visit)] == ["1001"]


@pytest.mark.parametrize(
    ("replies", "status", "words"),
    [
        ([{"status": 422, "info": "Invalid authorization code"}], 400, "没有接受"),
        ([{"status": 401, "info": "401 Unauthorized"}], 502, "拒绝了我们"),
        ([hangs_up], 503, "暂时没有响应"),
        ([{"status": 1, "data": "Hello world from TAPD"}], 400, "没有接受"),
    ],
)
def test_what_tapd_does_not_confirm_links_nothing(
    visit: Visit,
    member: Member,
    replies: list[Any],
    status: int,
    words: str,
) -> None:
    add_link(visit, member, "pending")
    state = way_to_tapd(visit)["state"]

    answer = come_back(visit, state, *replies)

    assert answer.status_code == status
    assert words in answer.text
    assert data_actions(answer.text) == {"continue": ["/me"]}
    assert claims(visit) == []


def test_a_person_who_cancels_at_tapd_links_nothing(
    visit: Visit, member: Member
) -> None:
    add_link(visit, member, "pending")
    state = way_to_tapd(visit)["state"]

    answer = visit.client.get(
        "/tapd/done", query_string={"state": state, "error": "access_denied"}
    )

    assert answer.status_code == 400
    assert "登录被取消" in answer.text
    assert claims(visit) == []


def test_nobody_proves_an_account_for_somebody_else(
    visit: Visit, member: Member
) -> None:
    add_member(visit.web.rows, member[0], "li")
    state = way_to_tapd(visit)["state"]
    visit.client.get("/login", headers=WECOM)
    visit.sign_in("wwcorp", "li", "/login")

    as_another = come_back(visit, state)
    other = visit.web.app.test_client()
    other.get("/me", headers=WECOM)
    in_another = other.get("/tapd/done", query_string={"code": "c", "state": state})

    assert as_another.status_code == 400
    assert in_another.status_code == 303
    assert claims(visit) == []


def test_a_proof_that_took_too_long_is_not_taken(visit: Visit, member: Member) -> None:
    state = way_to_tapd(visit)["state"]
    let_time_pass(visit, state)

    answer = come_back(visit, state)

    assert answer.status_code == 400
    assert "超过了 20 分钟" in answer.text
    assert member is not None
    assert claims(visit) == []


def test_undoing_the_link_is_asked_twice_and_told_to_the_workers(
    visit: Visit, member: Member
) -> None:
    add_linked(visit, member)
    question = visit.client.get("/me/unlink").text
    form = {"csrf_token": csrf_of(question), "account_id": "1155000001"}

    forged = visit.client.post("/me/unlink", data={"account_id": "1155000001"})
    answer = visit.client.post("/me/unlink", data=form)
    twice = visit.client.post("/me/unlink", data=form)

    assert data_actions(question).keys() == {"confirm"}
    assert forged.status_code == 400
    assert (answer.status_code, twice.status_code) == (303, 303)
    assert claims(visit) == [("unlinked", "1155000001", "member")]
    assert [kind for _, kind, _, _ in mail(visit)] == ["unlinked"]


def test_a_link_made_meanwhile_is_not_undone(visit: Visit, member: Member) -> None:
    add_linked(visit, member)
    question = visit.client.get("/me/unlink").text

    visit.client.post(
        "/me/unlink",
        data={"csrf_token": csrf_of(question), "account_id": "another"},
    )

    assert claims(visit) == []


@pytest.mark.parametrize("state", ["pending", "conflict", "unlinked"])
def test_the_workbench_leads_those_who_are_asked_to_their_page(
    visit: Visit, member: Member, state: str
) -> None:
    before = visit.client.get("/enter?to=/").headers["Location"]
    add_link(visit, member, state)

    after = visit.client.get("/enter?to=/").headers["Location"]

    assert before == "https://tapd.example/"
    assert after == "/me"


def test_without_a_client_of_tapds_the_page_says_so(
    database: str, redis_url: str
) -> None:
    nothing = {"TAPD_CLIENT_ID": "", "TAPD_CLIENT_SECRET": ""}
    with open_visit(database=database, redis_url=redis_url, **nothing) as visit:
        add_signed_in(visit)
        page = visit.client.get("/me").text

    assert "尚未配置 TAPD 登录" in page
    assert data_actions(page) == {}


def test_a_paused_company_says_when_it_goes_on(visit: Visit, member: Member) -> None:
    add_link(visit, member, "pending")
    come_back(visit, way_to_tapd(visit)["state"], *tapd_names("1001"))
    visit.web.rows.execute("UPDATE corps SET state = 'paused'")

    page = visit.client.get("/me").text

    assert "同步已暂停" in page
    assert 'content="30"' in page


def test_no_page_holds_a_secret_of_the_sign_in(visit: Visit, member: Member) -> None:
    add_link(visit, member, "pending", evidence=Jsonb([]))
    page = visit.client.get("/me").text

    assert "synthetic" not in page
    assert "token-of-" not in page
