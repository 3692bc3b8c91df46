"""A member sees what they have let applications know, and takes it back."""

import pytest

from tests.support.people.relying import (
    Party,
    add_party,
    add_subject,
    sign_in,
    tokens_of,
    userinfo,
)
from tests.support.people.visiting import Visit, csrf_of, data_actions

BACK_CHANNEL = "https://rp.example/out"


@pytest.fixture
def party(visit: Visit) -> Party:
    """A confidential client, and a linked member who is signed in here."""
    add_subject(visit)
    visit.sign_in("wwcorp", "zhang")
    return add_party(visit, back_channel=BACK_CHANNEL)


def withdraw(visit: Visit, client_id: str) -> str:
    """Take a consent back; the page that follows."""
    form = {"csrf_token": csrf_of(visit.client.get("/me/apps").text)}
    answer = visit.client.post(
        "/me/apps/withdraw", data={**form, "client_id": client_id}
    )
    assert answer.status_code == 303, answer.text
    return str(visit.client.get(answer.headers["Location"]).text)


def test_what_was_agreed_to_is_shown_and_who_agreed_to_nothing_is_told_so(
    visit: Visit, party: Party
) -> None:
    assert "还没有应用" in visit.client.get("/me/apps").text

    sign_in(visit, party, scope="openid email")

    page = visit.client.get("/me/apps").text
    assert "<bdi>Example RP</bdi>" in page
    assert "TAPD 中的邮箱" in page or "邮箱" in page
    assert len(data_actions(page)["withdraw"]) == 1
    assert 'href="/me/apps"' in visit.client.get("/me").text


def test_taking_it_back_ends_every_token_and_has_the_client_told_and_ask_again(
    visit: Visit, party: Party
) -> None:
    tokens = tokens_of(visit, party)

    page = withdraw(visit, party.client_id)

    assert "已撤回" in page
    assert userinfo(visit, tokens["access_token"]).status_code == 401
    refused = party.refreshes(visit.client, tokens["refresh_token"])
    assert refused.get_json()["error"] == "invalid_grant"
    told = visit.web.rows.execute("SELECT client_id FROM oidc_logouts").fetchall()
    assert told == [(party.client_id,)]
    assert visit.client.get(party.asks()).status_code == 200


def test_other_clients_and_other_members_keep_what_they_have(
    visit: Visit, party: Party
) -> None:
    other = add_party(visit)
    kept = tokens_of(visit, other)
    tokens_of(visit, party)
    add_subject(visit, "li", "1002")
    visit.sign_in("wwcorp", "li", "/login")
    of_li = tokens_of(visit, party)
    visit.sign_in("wwcorp", "zhang", "/login")

    withdraw(visit, party.client_id)

    assert other.refreshes(visit.client, kept["refresh_token"]).status_code == 200
    assert party.refreshes(visit.client, of_li["refresh_token"]).status_code == 200


def test_a_second_time_and_an_unknown_client_end_nothing_more(
    visit: Visit, party: Party
) -> None:
    tokens_of(visit, party)
    withdraw(visit, party.client_id)

    form = {"csrf_token": csrf_of(visit.client.get("/me").text)}
    for client_id in (party.client_id, "nobody", ""):
        answer = visit.client.post(
            "/me/apps/withdraw", data={**form, "client_id": client_id}
        )
        assert answer.status_code == 303


def test_nothing_is_taken_back_by_a_link_or_a_forged_form(
    visit: Visit, party: Party
) -> None:
    tokens = tokens_of(visit, party)

    by_link = visit.client.get("/me/apps/withdraw?client_id=" + party.client_id)
    forged = visit.client.post(
        "/me/apps/withdraw", data={"client_id": party.client_id, "csrf_token": "x"}
    )

    assert by_link.status_code in {404, 405}
    assert forged.status_code == 400
    assert userinfo(visit, tokens["access_token"]).status_code == 200
