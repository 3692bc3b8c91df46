"""What is done on a company's pages: once, by whom, and what came of it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug.test import TestResponse

from tests.support.people.companies import (
    ADMIN,
    CORP,
    Company,
    company_anew,
    evidence,
    form_of,
    open_company,
)
from tests.support.people.visiting import DESKTOP, Visit
from tests.support.webclient import add_corp, add_member, cookies_of
from tests.unit.wecom.scripted import says
from texts.catalogue import catalogue

WORDS = catalogue("zh-CN")
BY_ADMIN = f"admin:{ADMIN}"
TOKEN = {"status": 1, "data": {"access_token": "t", "expires_in": 7200}}


@pytest.fixture
def company(shared_visit: Visit, redis_url: str) -> Company:
    """A company of its own for each test; Redis is emptied too."""
    assert redis_url
    company = company_anew(shared_visit)
    company.enter()
    return company


def notices(company: Company) -> list[tuple[int, str, int]]:
    """Whom which notice is queued for, and who wanted it."""
    found = company.rows.execute(
        "SELECT member_pk, kind, invited_by FROM notices ORDER BY notice_id"
    )
    return list(found.fetchall())


def conflict(company: Company, **fields: object) -> int:
    """A person whom two accounts fit."""
    company.account("a1", nick="老李", mobile="13812345678")
    company.account("a2", nick="小李", mobile="13812345678")
    both = [evidence("a1", mobile="equal"), evidence("a2", mobile="equal")]
    return company.person(
        "li", "conflict", reason="several_accounts", evidence=both, **fields
    )


def choose(company: Company, choice: str, page: TestResponse | None = None) -> str:
    """Choose at li's desk; what the answer says."""
    page = page or company.get("people/li/desk")
    return company.send("people/li/desk", page, choice=choice).text


def test_chosen_people_are_invited_again_and_the_others_told_apart(
    company: Company,
) -> None:
    waiting = company.person("li", "pending")
    declined = company.person("wang", "unlinked")
    left = company.person("zhao", "pending")
    page = company.get("", group="pending")
    company.rows.execute(
        "UPDATE members SET employment = 'left' WHERE member_pk = %s", [left]
    )

    answer = company.send("invitations", page, member=[waiting, declined, left, 999])

    assert WORDS["company.act.sent.other"].format(n=2) in answer.text
    assert WORDS["company.outcome.left"] in answer.text
    assert WORDS["company.outcome.gone"] in answer.text
    expected = [(each, "link", company.admin_pk) for each in (waiting, declined)]
    assert notices(company) == expected


def test_a_whole_page_can_be_invited_at_once(company: Company) -> None:
    people = [company.person(f"p{each}", "pending") for each in range(3)]
    page = company.get("", group="pending")

    company.send("invitations", page, whom="page", member=[people[0]])

    assert [member_pk for member_pk, _, _ in notices(company)] == people


def test_the_fourth_invitation_of_a_day_is_left_out(company: Company) -> None:
    company.person("li", "pending")
    for _ in range(3):
        company.send("invitations", company.get("people/li"))

    answer = company.send("invitations", company.get("people/li"))

    assert WORDS["company.outcome.too_often"] in answer.text
    assert len(notices(company)) == 3


def test_a_form_that_is_sent_twice_acts_once(company: Company) -> None:
    company.person("li", "pending")
    form = form_of(company.get("people/li"), f"/company/{CORP}/invitations")

    def send(_: int) -> str:
        client = company.visit.web.app.test_client()
        for name, value in cookies_of(company.visit.client).items():
            client.set_cookie(name, value)
        address = f"/company/{CORP}/invitations"
        return client.post(address, data=form, headers=DESKTOP).headers["Location"]

    with ThreadPoolExecutor(4) as clicks:
        answers = set(clicks.map(send, range(4)))

    assert len(answers) == 1
    assert len(notices(company)) == 1


def test_nobody_chosen_is_said_so(company: Company) -> None:
    company.person("li", "pending")

    answer = company.send("invitations", company.get("", group="pending"))

    assert WORDS["company.act.nobody"] in answer.text
    assert notices(company) == []


def test_a_forged_or_strange_form_does_nothing(company: Company) -> None:
    member_pk = company.person("li", "pending")
    address = f"/company/{CORP}/invitations"
    form = form_of(company.get("people/li"), address)

    def status(**fields: object) -> int:
        return company.visit.client.post(
            address, data={**form, **fields}, headers=DESKTOP
        ).status_code

    assert status(csrf_token="forged") == 400
    assert status(form="") == 400
    assert status(form="x" * 65) == 400
    assert status(member="1e3") == 400
    assert status(member=list(range(51))) == 400
    assert notices(company) == []
    assert status(member=member_pk) == 303


def test_somebody_of_another_corp_cannot_be_invited_from_here(
    company: Company,
) -> None:
    company.person("li", "pending")
    other = add_corp(company.rows, "wwother", company_id="20001002")
    theirs = add_member(company.rows, other, "theirs")
    page = company.get("people/li")

    answer = company.send("invitations", page, member=[theirs])

    assert WORDS["company.outcome.gone"] in answer.text


def test_an_account_is_chosen_at_the_match_desk(company: Company) -> None:
    member_pk = conflict(company)

    said = choose(company, "account:a1")

    assert WORDS["company.act.chosen"].format(who="li", account="a1") in said
    assert 'http-equiv="refresh"' in said
    assert company.claims() == [(member_pk, "resolved", "a1", BY_ADMIN)]
    kind, key = company.rows.execute("SELECT kind, key FROM inbox").fetchall()[0]
    assert (kind, key) == ("link_resolved", "member:li")

    company.settle()

    settled = company.get("acts/1").text
    assert 'http-equiv="refresh"' not in settled
    assert WORDS["company.act.now"] in settled


def test_while_the_corp_is_paused_or_nobody_works_the_page_does_not_promise_a_moment(
    company: Company,
) -> None:
    conflict(company)
    choose(company, "account:a1")

    company.rows.execute("UPDATE corps SET state = 'paused'")
    paused = company.get("acts/1").text
    company.rows.execute("UPDATE corps SET state = 'linked'")
    company.rows.execute("UPDATE company_acts SET done_at = done_at - interval '1h'")
    slow = company.get("acts/1").text

    assert WORDS["company.act.paused"] in paused
    assert WORDS["company.act.slow"] in slow
    assert 'http-equiv="refresh"' not in paused + slow


@pytest.mark.usefixtures("redis_url")
def test_a_new_account_is_chosen_by_an_operator(shared_visit: Visit) -> None:
    company = company_anew(shared_visit)
    member_pk = conflict(company)
    company.enter_as_operator()

    said = choose(company, "new")

    assert WORDS["company.act.new"].format(who="li") in said
    assert company.claims() == [(member_pk, "resolved", None, "operator")]


def test_a_desk_that_somebody_else_has_used_meanwhile_says_so(
    company: Company,
) -> None:
    conflict(company)
    shown_to_both = company.get("people/li/desk")
    choose(company, "account:a1", company.get("people/li/desk"))

    said = choose(company, "account:a2", shown_to_both)

    assert WORDS["company.act.stale"].format(who="li") in said
    assert [account_id for _, _, account_id, _ in company.claims()] == ["a1"]


def test_a_desk_whose_link_has_changed_meanwhile_says_so(company: Company) -> None:
    member_pk = conflict(company)
    page = company.get("people/li/desk")
    company.rows.execute(
        "UPDATE links SET evidence = '[]', changed_at = clock_timestamp()"
        " WHERE member_pk = %s",
        [member_pk],
    )

    assert WORDS["company.act.stale"].format(who="li") in choose(
        company, "account:a1", page
    )
    assert company.claims() == []


def test_an_account_that_another_has_cannot_be_chosen(company: Company) -> None:
    conflict(company)
    page = company.get("people/li/desk")
    company.person("wang", "linked", account_id="a1", reason="own_proof")

    said = choose(company, "account:a1", page)

    assert WORDS["company.act.held"].format(account="a1") in said
    assert company.claims() == []
    desk = company.get("people/li/desk").text
    assert f"/company/{CORP}/people/wang/unlink" in desk
    assert 'value="account:a1" required disabled' in desk


def test_another_account_of_the_company_can_be_looked_up_and_chosen(
    company: Company,
) -> None:
    member_pk = conflict(company)
    company.account("a3", nick="李四", mobile="13900001111")
    company.rows.execute("INSERT INTO accounts (account_id) VALUES ('stranger')")

    found = company.get("people/li/desk", account="13900001111").text
    none = company.get("people/li/desk", account="stranger").text
    foreign = choose(company, "account:stranger")
    chosen = choose(company, "account:a3")

    assert 'value="account:a3"' in found
    assert "139****1111" in found
    assert 'value="account:stranger"' not in none
    assert WORDS["company.act.unknown"].format(account="stranger") in foreign
    assert WORDS["company.act.chosen"].format(who="li", account="a3") in chosen
    assert company.claims() == [(member_pk, "resolved", "a3", BY_ADMIN)]


def test_nothing_chosen_changes_nothing(company: Company) -> None:
    conflict(company)
    page = company.get("people/li/desk")

    for choice in ("", "account:", "everything"):
        answer = company.send("people/li/desk", page, choice=choice)
        assert answer.status_code == 400
    assert company.claims() == []


@pytest.mark.parametrize("state", ["linked", "left"])
def test_the_desk_of_somebody_who_needs_none_is_closed(
    company: Company, state: str
) -> None:
    company.account("a1")
    if state == "linked":
        company.person("li", "linked", account_id="a1", reason="own_proof")
    else:
        company.person("li", "conflict", employment="left")

    page = company.get("people/li/desk")

    assert WORDS["company.desk.closed"] in page.text
    assert 'name="choice"' not in page.text


def test_a_link_is_undone_after_a_question(company: Company) -> None:
    company.account("a1", nick="老李")
    member_pk = company.person("li", "linked", account_id="a1", reason="seen_mobile")
    question = company.get("people/li/unlink")

    answer = company.send("people/li/unlink", question)

    assert WORDS["company.unlink.after"] in question.text
    assert "老李" in question.text
    said = WORDS["company.act.unlinked"].format(who="li", account="a1")
    assert said in answer.text
    assert company.claims() == [(member_pk, "unlinked", "a1", BY_ADMIN)]
    [kind] = company.rows.execute("SELECT kind FROM inbox").fetchall()[0]
    assert kind == "unlinked"


def test_a_link_that_changed_since_the_question_is_not_undone(
    company: Company,
) -> None:
    company.account("a1")
    company.account("a2")
    member_pk = company.person("li", "linked", account_id="a1", reason="seen_mobile")
    question = company.get("people/li/unlink")
    company.rows.execute(
        "UPDATE links SET account_id = 'a2', changed_at = clock_timestamp()"
        " WHERE member_pk = %s",
        [member_pk],
    )

    answer = company.send("people/li/unlink", question)

    assert WORDS["company.act.stale"].format(who="li") in answer.text
    assert company.claims() == []


def test_who_did_what_is_listed_and_told_on_the_persons_page(
    company: Company,
) -> None:
    conflict(company)
    choose(company, "account:a1")
    company.send("invitations", company.get("people/li"))

    acts = company.get("acts").text
    person = company.get("people/li").text

    assert acts.index(WORDS["company.act.invite"]) < acts.index(
        WORDS["company.act.resolve"]
    )
    assert acts.count(WORDS["company.by.admin"].format(userid=ADMIN)) == 2
    assert WORDS["company.said.resolved"].format(account="a1") in person
    assert WORDS["company.acts_title"] in person
    assert company.get("acts/999").status_code == 404


def test_tapd_is_asked_for_its_own_wecom_ids_only_on_request(
    database: str, redis_url: str
) -> None:
    with open_company(
        database=database,
        redis_url=redis_url,
        TAPD_CLIENT_ID="c",
        TAPD_CLIENT_SECRET="s",
    ) as company:
        conflict(company, open_userid="ooLi")
        company.enter()
        tapd = company.visit.platform
        tapd.will(TOKEN)
        for linked in ("ooLi", "woOther"):
            third = {"third_party_id": linked, "third_party_type": "qywx"}
            tapd.will({"status": 1, "data": {"third_partys": [third]}})

        plain = company.get("people/li/desk").text
        asked = company.get("people/li/desk", ask="1").text
        tapd.will(says({"status": 404, "info": "not installed"}, status=404))
        refused = company.get("people/li/desk", ask="1").text

    assert WORDS["company.desk.ask"] in plain
    assert WORDS["company.evidence.mapped"] not in plain
    assert asked.count(WORDS["company.evidence.mapped"]) == 1
    assert asked.count(WORDS["company.evidence.mapped_other"]) == 1
    assert WORDS["company.desk.ask_failed"] in refused
