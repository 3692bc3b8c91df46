"""What a notice opens: the question, its answer, and why it cannot be answered."""

from typing import Any

import pytest
from psycopg.types.json import Jsonb
from werkzeug.test import TestResponse

from tests.support.people.linking_rows import (
    ACCOUNT,
    TOKEN,
    Member,
    add_account,
    add_link,
    add_linked,
    add_notice,
    add_signed_in,
    claims,
    come_back,
    decide,
    mail,
    tapd_names,
    way_to_tapd,
)
from tests.support.people.visiting import (
    WECOM,
    Visit,
    csrf_of,
    data_actions,
    named,
    query_of,
)
from tests.support.webclient import add_member

LINK = f"/link/{TOKEN}"


@pytest.fixture
def member(visit: Visit) -> Member:
    """The keys of a member who is signed in."""
    return add_signed_in(visit)


def suggests(**others: Any) -> Jsonb:
    """The evidence of the account that a question names."""
    evidence = {"account_id": ACCOUNT, "mobile": "differs", "email": "equal"}
    return Jsonb([{**evidence, "claimed_by": [], **others}])


def create(visit: Visit, path: str = LINK) -> TestResponse:
    """Press the button for a new account."""
    page = visit.client.get(path).text
    return visit.client.post(path, data={"csrf_token": csrf_of(page)})


def test_a_notice_signs_its_reader_in_on_the_way(visit: Visit, member: Member) -> None:
    add_link(visit, member, "pending")
    add_notice(visit, member)
    phone = visit.web.app.test_client()
    way = phone.get(LINK, headers=WECOM)
    state = query_of(way)["state"]
    visit.platform.will(named("wwcorp", "zhang"))

    back = phone.get("/login/done", query_string={"code": "c", "state": state})

    assert way.headers["Location"].startswith("https://oauth.wecom.example/")
    assert back.headers["Location"] == LINK
    assert phone.get(LINK).status_code == 200


def test_the_question_says_whose_it_is_and_which_account_it_means(
    visit: Visit, member: Member
) -> None:
    add_account(visit)
    add_link(visit, member, "pending", reason="email_only", evidence=suggests())
    add_notice(visit, member)

    page = visit.client.get(LINK)

    assert page.status_code == 200
    for shown in ("Example", "Zhang Wei", "138****5678", "z***@example.com", "张**"):
        assert shown in page.text
    for hidden in ("13812345678", "zhang@example.com", "张伟伟", ACCOUNT):
        assert hidden not in page.text
    assert data_actions(page.text).keys() == {"link-existing", "create-account"}
    assert "<script" not in page.text


def test_an_account_that_only_looks_alike_is_not_suggested(
    visit: Visit, member: Member
) -> None:
    add_account(visit)
    unlike = suggests(email="differs", unlinked=True)
    add_link(visit, member, "pending", evidence=unlike)
    add_notice(visit, member)

    assert "138****5678" not in visit.client.get(LINK).text


def test_a_member_without_a_visible_name_is_shown_by_the_end_of_their_id(
    visit: Visit,
) -> None:
    member = add_signed_in(visit, name=None)
    add_link(visit, member, "pending")
    add_notice(visit, member)

    page = visit.client.get(LINK).text

    assert "已用企业微信登录" in page
    assert "…g<" in page


def test_an_invite_asks_how_one_wants_to_join(visit: Visit, member: Member) -> None:
    add_link(visit, member, "pending", asks="invite")
    path = add_notice(visit, member, "invite")

    page = visit.client.get(path).text

    assert "加入贵公司的 TAPD" in page
    assert data_actions(page).keys() == {"link-existing", "create-account"}


def test_proving_leads_back_to_the_notice_which_says_how_far_it_is(
    visit: Visit, member: Member
) -> None:
    add_link(visit, member, "pending")
    add_notice(visit, member)
    back = come_back(visit, way_to_tapd(visit, LINK)["state"], *tapd_names("1001"))
    working = visit.client.get(LINK).text
    decide(visit)
    visit.web.rows.execute(
        "UPDATE links SET state = 'linked', asks = NULL, account_id = '1001',"
        " reason = 'own_proof'"
    )
    visit.web.rows.execute("UPDATE notices SET closed = 'used'")

    done = visit.client.get(LINK)

    assert back.headers["Location"] == LINK
    assert claims(visit) == [("proved", "1001", "member")]
    assert 'http-equiv="refresh" content="2"' in working
    assert data_actions(working) == {"continue": [LINK]}
    assert done.status_code == 200
    assert "你的 TAPD 帐号已关联" in done.text
    assert data_actions(done.text) == {"continue": ["/enter?to=/"]}
    assert "refresh" not in done.text


def test_a_new_account_is_made_by_a_worker_once(visit: Visit, member: Member) -> None:
    add_link(visit, member, "pending")
    add_notice(visit, member)
    page = visit.client.get(LINK).text
    form = {"csrf_token": csrf_of(page)}

    answers = [visit.client.post(LINK, data=form) for _ in range(3)]

    assert {each.status_code for each in answers} == {303}
    assert {each.headers["Location"] for each in answers} == {LINK}
    assert claims(visit) == [("create", None, "member")]
    assert [kind for _, kind, _, _ in mail(visit)] == ["link_proved"]


def test_no_other_site_can_answer_for_the_member(visit: Visit, member: Member) -> None:
    add_link(visit, member, "pending")
    add_notice(visit, member)

    answer = visit.client.post(LINK)

    assert answer.status_code == 400
    assert claims(visit) == []


def test_an_answer_after_the_session_has_ended_leads_back_to_the_question(
    visit: Visit, member: Member
) -> None:
    add_link(visit, member, "pending")
    add_notice(visit, member)
    form = {"csrf_token": csrf_of(visit.client.get(LINK).text)}
    visit.client.delete_cookie("sync-member")

    away = visit.client.post(LINK, data=form, headers=WECOM)
    visit.platform.will(named("wwcorp", "zhang"))
    back = visit.client.get(
        "/login/done", query_string={"code": "c", "state": query_of(away)["state"]}
    )

    assert back.headers["Location"] == LINK
    assert claims(visit) == []


def test_going_back_to_the_question_shows_the_answer(
    visit: Visit, member: Member
) -> None:
    add_link(visit, member, "pending")
    add_notice(visit, member)
    state = way_to_tapd(visit, LINK)["state"]
    create(visit)

    late = come_back(visit, state, *tapd_names("1001"))

    assert late.headers["Location"] == LINK
    assert [kind for kind, _, _ in claims(visit)] == ["create", "proved"]
    assert "no-store" in visit.client.get(LINK).headers["Cache-Control"]


@pytest.mark.parametrize(
    ("notice", "status", "words"),
    [
        ({"expires_at": "2020-01-01T00:00:00Z"}, 410, "已过期"),
        ({"closed": "expired"}, 410, "已过期"),
        ({"closed": "over"}, 410, "已无需处理"),
        ({"closed": "merged"}, 410, "已无需处理"),
        ({"closed": "used"}, 200, "已经用过"),
    ],
)
def test_a_notice_that_is_over_says_so_and_changes_nothing(
    visit: Visit, member: Member, notice: dict[str, Any], status: int, words: str
) -> None:
    add_link(visit, member, "pending")
    add_notice(visit, member)
    form = {"csrf_token": csrf_of(visit.client.get(LINK).text)}
    [[column, value]] = notice.items()
    query = f"UPDATE notices SET {column} = %s"  # noqa: S608 - names written above
    visit.web.rows.execute(query.encode(), [value])

    page = visit.client.get(LINK)
    visit.client.post(LINK, data=form)

    assert page.status_code == status
    assert words in page.text
    assert "create-account" not in data_actions(page.text)
    assert claims(visit) == []


def test_somebody_elses_notice_is_refused(visit: Visit, member: Member) -> None:
    other = add_member(visit.web.rows, member[0], "li", name="Li Na")
    add_notice(visit, (member[0], other))
    add_link(visit, (member[0], other), "pending")

    page = visit.client.get(LINK)

    assert page.status_code == 403
    assert "发给别人的" in page.text
    assert "Li Na" not in page.text
    assert "create-account" not in data_actions(page.text)


def test_a_notice_that_never_was_is_not_found(visit: Visit, member: Member) -> None:
    assert member is not None
    assert visit.client.get("/link/made-up").status_code == 404
    assert visit.client.get("/invite/made-up").status_code == 404


def test_whoever_left_is_told_why_the_notice_does_not_open(
    visit: Visit, member: Member
) -> None:
    add_link(visit, member, "pending")
    add_notice(visit, member)
    visit.web.rows.execute("UPDATE members SET employment = 'left'")

    page = visit.client.get(LINK)

    assert page.status_code == 403
    assert "已被禁用" in page.text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("held_by_another", "已关联到贵公司的另一位成员"),
        ("several_members", "另一位成员也与同一个帐号相符"),
        ("several_accounts", "有多个 TAPD 帐号与你相符"),
        ("something_new", "无法判断哪个帐号是你的"),
    ],
)
def test_a_conflict_says_what_it_is_and_whom_to_ask(
    visit: Visit, member: Member, reason: str, words: str
) -> None:
    add_link(visit, member, "conflict", reason=reason)
    add_notice(visit, member)

    page = visit.client.get(LINK).text

    assert words in page
    assert "TAPD 管理员处理" in page
    assert data_actions(page).keys() == {"link-existing"}


def test_the_same_on_a_second_device(visit: Visit, member: Member) -> None:
    add_linked(visit, member)
    add_notice(visit, member, closed="used")
    desktop = visit.web.app.test_client()
    state = query_of(desktop.get(LINK, headers=WECOM))["state"]
    visit.platform.will(named("wwcorp", "zhang"))
    desktop.get("/login/done", query_string={"code": "c", "state": state})

    page = desktop.get(LINK)

    assert "你的 TAPD 帐号已关联" in page.text


def test_every_page_speaks_both_languages(visit: Visit, member: Member) -> None:
    add_notice(visit, member)
    for state in ("pending", "conflict", "unlinked"):
        visit.web.rows.execute("DELETE FROM links")
        add_link(visit, member, state)
        for language in ("en", "zh-CN"):
            visit.client.set_cookie("sync-language", language)

            page = visit.client.get(LINK)

            assert page.status_code == 200
            assert f'<html lang="{language}">' in page.text
