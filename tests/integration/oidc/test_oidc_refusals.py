"""Who may go on at the provider, and who is asked, named afresh or refused."""

import time
from typing import Any

import pytest

from tests.support.people.relying import (
    Party,
    add_party,
    add_subject,
    confirm,
    read_token,
    sign_in,
    tokens_of,
    userinfo,
)
from tests.support.people.visiting import WECOM, Visit, named, query_of
from tests.support.webclient import insert


@pytest.fixture
def party(visit: Visit) -> Party:
    """A confidential client, and a linked member who is signed in here."""
    add_subject(visit)
    visit.sign_in("wwcorp", "zhang")
    return add_party(visit)


def test_silence_is_kept_where_the_client_wants_no_page(
    visit: Visit, party: Party
) -> None:
    def error(**others: str) -> str:
        return query_of(visit.client.get(party.asks(prompt="none", **others)))["error"]

    assert error() == "consent_required"
    confirm(visit, visit.client.get(party.asks()))
    assert "code" in query_of(visit.client.get(party.asks(prompt="none")))
    visit.web.rows.execute(
        "UPDATE member_sessions SET began_at = began_at - '1 hour'::interval"
    )
    assert error(max_age="60") == "login_required"
    visit.web.rows.execute("UPDATE links SET state = 'unlinked', account_id = NULL")
    assert error() == "interaction_required"
    visit.web.rows.execute("UPDATE members SET employment = 'left'")
    assert error() == "login_required"
    visit.client.delete_cookie("sync-member")
    assert error() == "login_required"


@pytest.mark.parametrize(
    "others", [{"prompt": "login"}, {"max_age": "0"}, {"max_age": "60"}]
)
def test_whoever_is_to_be_named_afresh_goes_by_wecom_once_and_not_for_ever(
    visit: Visit, party: Party, others: dict[str, str]
) -> None:
    visit.web.rows.execute(
        "UPDATE member_sessions SET began_at = began_at - '1 hour'::interval"
    )
    away = visit.client.get(party.asks(**others), headers=WECOM)
    assert away.headers["Location"].startswith("https://oauth.wecom.example")

    back = visit.come_back(query_of(away)["state"], named("wwcorp", "zhang"))
    page = visit.client.get(back.headers["Location"])
    code = query_of(confirm(visit, page))["code"]

    claims = read_token(party.redeems(visit.client, code).get_json()["id_token"])
    if "max_age" in others:
        assert abs(claims["auth_time"] - time.time()) < 60
    else:
        assert "auth_time" not in claims


def test_the_mark_of_a_sign_in_cannot_be_made_or_taken_elsewhere(
    visit: Visit, party: Party
) -> None:
    away = visit.client.get(party.asks(prompt="login"), headers=WECOM)
    back = visit.come_back(query_of(away)["state"], named("wwcorp", "zhang"))
    mark = query_of(back)["asked_at"]
    visit.web.rows.execute(
        "UPDATE member_sessions SET began_at = began_at - '1 hour'::interval"
    )

    for asked in (
        party.asks(prompt="login", asked_at="guessed"),
        party.asks(prompt="login", asked_at=mark),
        party.asks(prompt="login", asked_at=mark, state="another"),
    ):
        assert visit.client.get(asked, headers=WECOM).status_code == 303


REFUSED = [
    ("UPDATE members SET employment = 'left'", "已被禁用"),
    ("UPDATE members SET state = 'removed', removal = 'scope'", "已不在"),
    ("UPDATE corps SET state = 'revoked'", "没有使用这个应用"),
    ("UPDATE links SET state = 'unlinked', account_id = NULL", "已取消关联"),
    ("UPDATE links SET state = 'conflict', account_id = NULL", "还不能确定"),
    ("UPDATE links SET state = 'none', account_id = NULL", "还没有 TAPD 帐号"),
    ("DELETE FROM links", "还没有 TAPD 帐号"),
    (
        "UPDATE links SET state = 'pending', asks = 'link', account_id = NULL",
        "哪个 TAPD 帐号",
    ),
]


@pytest.mark.parametrize(("change", "words"), REFUSED)
def test_whoever_may_not_go_on_is_told_why_and_what_to_do(
    visit: Visit, party: Party, change: str, words: str
) -> None:
    tokens, code = tokens_of(visit, party), sign_in(visit, party)["code"]
    visit.web.rows.execute(change.encode())

    page = visit.client.get(party.asks())

    assert page.status_code == 403
    assert words in page.text
    assert 'class="next"' in page.text
    # What was granted before is refused at the same moment.
    assert userinfo(visit, tokens["access_token"]).status_code == 401
    for answer in (
        party.refreshes(visit.client, tokens["refresh_token"]),
        party.redeems(visit.client, code),
    ):
        assert answer.get_json()["error"] == "invalid_grant"


def test_a_held_removal_lets_nobody_in_and_takes_nothing(
    visit: Visit, party: Party
) -> None:
    tokens = tokens_of(visit, party)
    hold(visit)

    page = visit.client.get(party.asks())
    refused = party.refreshes(visit.client, tokens["refresh_token"])
    visit.web.rows.execute("UPDATE plan_entries SET state = 'returned'")
    visit.web.rows.execute("UPDATE plans SET state = 'rejected'")

    assert (page.status_code, refused.status_code) == (403, 400)
    assert "正在核实" in page.text
    assert party.refreshes(visit.client, tokens["refresh_token"]).status_code == 200


def hold(visit: Visit) -> None:
    """A removal of the member waits for somebody's decision."""
    [[corp_pk]] = visit.web.rows.execute("SELECT corp_pk FROM corps").fetchall()
    plan: dict[str, Any] = {"plan_id": "p", "corp_pk": corp_pk}
    insert(visit.web.rows, "plans", **plan, kind="members", hash="h", state="held")
    insert(visit.web.rows, "plan_entries", **plan, position=0, key="member:zhang",
           decision="RemoveMember", before={}, after={}, reason="deleted")  # fmt: skip


def test_a_member_who_is_linked_to_another_account_is_not_taken_for_the_old_one(
    visit: Visit, party: Party
) -> None:
    tokens = tokens_of(visit, party)
    insert(visit.web.rows, "accounts", account_id="1002")
    visit.web.rows.execute("UPDATE links SET account_id = '1002'")

    assert userinfo(visit, tokens["access_token"]).status_code == 401
    assert read_token(tokens_of(visit, party)["id_token"])["sub"] == "1002"


def test_a_request_that_is_too_long_to_carry_is_said_to_be(
    visit: Visit, party: Party
) -> None:
    stranger = visit.web.app.test_client()

    said = query_of(stranger.get(party.asks(state="s" * 1300), headers=WECOM))

    assert said["error"] == "invalid_request"
    assert "state" in said["error_description"]


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer guessed", "Basic eDp5"])
def test_userinfo_is_for_bearers_of_a_token(
    visit: Visit, party: Party, header: str
) -> None:
    answer = visit.client.get("/oidc/userinfo", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].lower().startswith("bearer")
