"""Signing in with WeCom: the way there, the way back, and who is let in."""

from typing import Any

import pytest

from tests.support.people.visiting import (
    DESKTOP,
    LOGIN_SUITE,
    SUITE,
    WECOM,
    Visit,
    csrf_of,
    let_time_pass,
    named,
    open_visit,
    query_of,
)
from tests.support.webclient import add_corp, add_member
from tests.unit.wecom.scripted import hangs_up

RETURN = "http://sync.example/login/done"


@pytest.fixture
def corp_pk(visit: Visit) -> int:
    corp_pk = add_corp(visit.web.rows, "wwcorp", name="Example Ltd")
    add_member(visit.web.rows, corp_pk, "zhang", name="Zhang Wei")
    return corp_pk


def test_inside_wecom_nobody_is_asked_anything(visit: Visit) -> None:
    answer = visit.client.get("/me", headers=WECOM)

    address = answer.headers["Location"]
    assert answer.status_code == 303
    assert address.startswith("https://oauth.wecom.example/connect/oauth2/authorize?")
    assert address.endswith("#wechat_redirect")
    asked = query_of(answer)
    assert asked.pop("state").isalnum()
    assert asked == {
        "appid": SUITE,
        "redirect_uri": RETURN,
        "response_type": "code",
        "scope": "snsapi_base",
    }


def test_an_ordinary_browser_is_shown_the_qr_code(visit: Visit) -> None:
    answer = visit.client.get("/me", headers={**DESKTOP, "Accept-Language": "en"})

    address = answer.headers["Location"]
    assert address.startswith("https://login.wecom.example/wwlogin/sso/login?")
    asked = query_of(answer)
    assert asked["login_type"] == "ServiceApp"
    assert asked["appid"] == SUITE
    assert asked["lang"] == "en"


def test_a_client_that_says_nothing_of_itself_takes_the_way_inside(
    visit: Visit,
) -> None:
    answer = visit.client.get("/me", headers={"User-Agent": ""})

    assert answer.headers["Location"].startswith("https://oauth.wecom.example/")


def test_the_login_page_is_the_qr_code_except_inside_wecom(visit: Visit) -> None:
    outside = visit.client.get("/login", headers={"User-Agent": ""})
    inside = visit.client.get("/login", headers=WECOM)

    assert outside.headers["Location"].startswith("https://login.wecom.example/")
    assert inside.headers["Location"].startswith("https://oauth.wecom.example/")


def test_the_web_sign_in_is_asked_as_its_own_suite(
    database: str, redis_url: str
) -> None:
    login = {"WECOM_LOGIN_SUITE_ID": LOGIN_SUITE, "WECOM_LOGIN_SUITE_SECRET": "s"}
    with open_visit(database=database, redis_url=redis_url, **login) as visit:
        corp_pk = add_corp(visit.web.rows, "wwcorp")
        add_member(visit.web.rows, corp_pk, "zhang")
        asked = visit.begin("/login", **DESKTOP)
        answer = visit.come_back(asked["state"], named("wwcorp", "zhang"))

    assert asked["appid"] == LOGIN_SUITE
    assert answer.status_code == 303
    [question] = visit.platform.asked
    assert question.query["suite_access_token"] == f"token-of-suite:{LOGIN_SUITE}"


@pytest.mark.usefixtures("corp_pk")
def test_the_member_comes_back_to_where_they_went(visit: Visit) -> None:
    answer = visit.sign_in("wwcorp", "zhang", "/me?from=phone")
    page = visit.client.get(answer.headers["Location"])

    assert answer.headers["Location"] == "/me?from=phone"
    assert page.status_code == 200
    assert "Zhang Wei" in page.text
    assert "Example Ltd" in page.text
    [question] = visit.platform.asked
    assert question.endpoint == "service/auth/getuserinfo3rd"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example"],
)
@pytest.mark.usefixtures("corp_pk")
def test_no_sign_in_leads_to_another_site(visit: Visit, elsewhere: str) -> None:
    asked = query_of(
        visit.client.get("/login", query_string={"next": elsewhere}, headers=WECOM)
    )

    answer = visit.come_back(asked["state"], named("wwcorp", "zhang"))

    assert answer.headers["Location"] == "/me"


@pytest.mark.usefixtures("corp_pk")
def test_a_state_serves_only_the_browser_that_it_was_given_to(visit: Visit) -> None:
    asked = visit.begin("/me")
    other = visit.web.app.test_client()
    other.get("/me", headers=WECOM)

    answer = other.get("/login/done", query_string={"code": "c", **asked})

    assert answer.status_code == 400
    assert visit.platform.asked == []
    assert other.get("/me", headers=WECOM).status_code == 303


@pytest.mark.usefixtures("corp_pk")
def test_a_state_is_good_once_and_reloading_does_no_harm(visit: Visit) -> None:
    asked = visit.begin("/me")
    visit.come_back(asked["state"], named("wwcorp", "zhang"))

    again = visit.client.get("/login/done", query_string={"code": "c", **asked})
    visit.client.delete_cookie("sync-member")
    signed_out = visit.client.get("/login/done", query_string={"code": "c", **asked})

    assert again.headers["Location"] == "/me"
    assert signed_out.status_code == 400
    assert len(visit.platform.asked) == 1


@pytest.mark.usefixtures("corp_pk")
def test_a_state_that_took_too_long_is_not_believed(visit: Visit) -> None:
    asked = visit.begin("/me")
    let_time_pass(visit, asked["state"])

    answer = visit.client.get("/login/done", query_string={"code": "c", **asked})

    assert answer.status_code == 400
    assert 'href="/login?next=/me"' in answer.text


@pytest.mark.usefixtures("corp_pk")
def test_an_answer_without_a_code_is_a_cancelled_sign_in(visit: Visit) -> None:
    asked = visit.begin("/me")

    answer = visit.client.get("/login/done", query_string={"state": asked["state"]})

    assert answer.status_code == 400
    assert "企业微信没有完成登录" in answer.text


@pytest.mark.parametrize(
    ("reply", "status", "words"),
    [
        ({"errcode": 40029}, 400, "登录码已失效"),
        ({"errcode": 42022}, 400, "登录码已失效"),
        ({"errcode": 50001}, 502, "拒绝了我们的查询"),
        ({"errcode": -1}, 503, "暂时没有响应"),
        (hangs_up, 503, "暂时没有响应"),
    ],
)
def test_a_sign_in_that_wecom_does_not_confirm_says_what_to_do(
    database: str, redis_url: str, reply: Any, status: int, words: str
) -> None:
    # Not the shared one: it would remember how often WeCom failed.
    with open_visit(database=database, redis_url=redis_url) as visit:
        asked = visit.begin("/me")

        answer = visit.come_back(asked["state"], reply)

        assert answer.status_code == status
        assert words in answer.text
        assert 'data-action="continue"' in answer.text
        assert visit.client.get("/me", headers=WECOM).status_code == 303


def test_a_guest_is_told_that_they_are_no_member(visit: Visit) -> None:
    asked = visit.begin("/me")

    answer = visit.come_back(asked["state"], {"errcode": 0, "openid": "o-123"})

    assert answer.status_code == 403
    assert "不是这家企业的企业微信成员" in answer.text


@pytest.mark.parametrize(
    ("corp", "member", "words"),
    [
        (None, None, "没有使用这个应用"),
        ({"state": "revoked"}, {}, "没有使用这个应用"),
        ({"state": "authorised"}, None, "还没有关联 TAPD"),
        ({}, None, "不在它的可见范围内"),
        ({}, {"state": "removed", "removal": "scope"}, "已不在"),
        ({}, {"state": "removed", "removal": "deletion"}, "已从贵公司的企业微信中移除"),
        ({}, {"activation": "disabled", "employment": "left"}, "已被禁用"),
    ],
)
def test_whoever_is_not_let_in_is_told_why(
    visit: Visit,
    corp: dict[str, Any] | None,
    member: dict[str, Any] | None,
    words: str,
) -> None:
    if corp is not None:
        corp_pk = add_corp(visit.web.rows, "wwcorp", **corp)
        if member is not None:
            add_member(visit.web.rows, corp_pk, "zhang", **member)

    answer = visit.sign_in("wwcorp", "zhang")

    assert answer.status_code == 403
    assert words in answer.text
    assert visit.client.get("/me", headers=WECOM).status_code == 303


def test_a_member_of_a_paused_corp_is_let_in(visit: Visit) -> None:
    corp_pk = add_corp(visit.web.rows, "wwcorp", state="paused")
    add_member(visit.web.rows, corp_pk, "zhang")

    assert visit.sign_in("wwcorp", "zhang").headers["Location"] == "/me"


def test_a_member_is_known_by_open_userid_where_the_userid_is_another(
    visit: Visit,
) -> None:
    corp_pk = add_corp(visit.web.rows, "wwcorp")
    add_member(visit.web.rows, corp_pk, "zhang", open_userid="wo-1", name="Zhang Wei")
    asked = visit.begin("/me")

    visit.come_back(asked["state"], named("wwcorp", "wo-1", open_userid="wo-1"))

    assert "Zhang Wei" in visit.client.get("/me").text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE members SET state = 'removed', removal = 'scope'", "已不在"),
        ("UPDATE members SET employment = 'left'", "已被禁用"),
        ("UPDATE corps SET state = 'revoked'", "没有使用这个应用"),
    ],
)
@pytest.mark.usefixtures("corp_pk")
def test_a_session_ends_with_the_right_to_it(
    visit: Visit, change: str, words: str
) -> None:
    visit.sign_in("wwcorp", "zhang")
    visit.web.rows.execute(change.encode())

    answer = visit.client.get("/me", headers=WECOM)

    assert answer.status_code == 403
    assert words in answer.text
    assert visit.client.get("/me", headers=WECOM).status_code == 303


@pytest.mark.usefixtures("corp_pk")
def test_the_session_survives_a_new_userid_but_is_not_for_a_namesake(
    visit: Visit, corp_pk: int
) -> None:
    visit.sign_in("wwcorp", "zhang")
    visit.web.rows.execute("UPDATE members SET userid = 'zhang.wei'")
    add_member(visit.web.rows, corp_pk, "zhang", name="Somebody Else")

    page = visit.client.get("/me").text

    assert "Zhang Wei" in page
    assert "Somebody Else" not in page


@pytest.mark.usefixtures("corp_pk")
def test_signing_out_takes_the_session_away(visit: Visit) -> None:
    visit.sign_in("wwcorp", "zhang")
    page = visit.client.get("/me").text
    token = csrf_of(page)

    forged = visit.client.post("/me/sign-out")
    still = visit.client.get("/me", headers=WECOM).status_code
    answer = visit.client.post("/me/sign-out", data={"csrf_token": token})

    assert (forged.status_code, still) == (400, 200)
    assert answer.headers["Location"] == "/me/sign-out"
    assert visit.client.get("/me", headers=WECOM).status_code == 303


@pytest.mark.usefixtures("corp_pk")
def test_the_cookies_are_kept_from_scripts_and_other_sites(visit: Visit) -> None:
    answer = visit.client.get("/me", headers=WECOM)

    [cookie] = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("sync-way-")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_over_https_the_cookies_are_for_https_alone(
    database: str, redis_url: str
) -> None:
    secure = {"PUBLIC_URL": "https://sync.example"}
    with open_visit(database=database, redis_url=redis_url, **secure) as visit:
        answer = visit.client.get("/me", headers=WECOM)

    assert "Secure" in answer.headers["Set-Cookie"]


def test_the_workbench_entry_signs_in_and_forwards_to_tapd(
    visit: Visit, corp_pk: int
) -> None:
    link(visit, corp_pk)
    answer = visit.sign_in("wwcorp", "zhang", "/enter?to=/tapd_fe/1/story/detail/2")

    forwarded = visit.client.get(answer.headers["Location"])

    assert forwarded.headers["Location"] == (
        "https://tapd.example/tapd_fe/1/story/detail/2"
    )


def test_the_workbench_entry_leads_to_tapd_alone(visit: Visit, corp_pk: int) -> None:
    link(visit, corp_pk)
    visit.sign_in("wwcorp", "zhang")

    forwarded = visit.client.get("/enter?to=//evil.example/x")

    assert forwarded.headers["Location"] == "https://tapd.example/"


def link(visit: Visit, corp_pk: int) -> None:
    """Every member of the corp is linked to an account."""
    visit.web.rows.execute("INSERT INTO accounts (account_id) VALUES ('1001')")
    visit.web.rows.execute(
        "INSERT INTO links (corp_pk, member_pk, company_id, state, reason, account_id)"
        " SELECT corp_pk, member_pk, company_id, 'linked', 'own_proof', '1001'"
        " FROM members JOIN corps USING (corp_pk) WHERE corp_pk = %s",
        [corp_pk],
    )
