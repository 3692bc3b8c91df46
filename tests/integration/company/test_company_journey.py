"""A conflict from beginning to end: machines, the match desk, machines again."""

from collections.abc import Iterator

import pytest
import requests

from demo.browser import Page
from simulator.org.corp import Corp as Enterprise
from simulator.tapd.seed_accounts import Likeness, resemble
from tests.support.people.installing import COMPANY
from tests.support.people.walking import Walk, intent_of, walking
from tests.support.webclient import BEARER
from tests.support.workbench import workbench
from texts.catalogue import catalogue

WORDS = catalogue("zh-CN")


@pytest.fixture
def walk(database: str, redis_url: str) -> Iterator[Walk]:
    with (
        workbench(database=database, redis_url=redis_url) as bench,
        walking(bench) as walk,
    ):
        yield walk


def link_company(walk: Walk, enterprise: Enterprise) -> dict[str, Likeness]:
    """Way 1, TAPD's people named first; by kind one member with their accounts."""
    enterprise.tells_details = True
    tapd = walk.bench.world.tapd
    company = tapd.found(name="星河科技", company_id=COMPANY)
    made = resemble(
        tapd, company, enterprise, counts={"same_mobile": 1, "twice": 1}, at=0
    )
    url = intent_of(walk)
    rows = [
        {"account_id": one.account_id, "nick": one.nick, "mobile": one.mobile}
        for each in made
        for one in each.accounts
    ]
    address = f"{walk.public_url}/api/v1/companies/{COMPANY}/accounts"
    requests.post(address, json=rows, headers=BEARER, timeout=10).raise_for_status()
    walk.install(walk.browser.open(url), enterprise)
    walk.bench.deliver()
    walk.work()
    return {each.kind: each for each in made}


def be(walk: Walk, enterprise: Enterprise, userid: str) -> None:
    """The browser is this member's: WeCom knows them there."""
    walk.browser.session.cookies.set("member", f"{enterprise.corp_id}/{userid}")


def link_of(walk: Walk, userid: str) -> tuple[str, str, str | None]:
    row = walk.bench.row(
        "SELECT links.state, reason, account_id FROM links JOIN members"
        " USING (corp_pk, member_pk) WHERE userid = %s AND members.state = 'active'",
        userid,
    )
    return row["state"], row["reason"], row["account_id"]


def press(walk: Walk, path: str, **filled: str) -> Page:
    """Open a page of the company's and press what carries on."""
    return walk.browser.act(walk.open(path), "confirm", **filled)


def test_a_conflict_is_resolved_at_the_desk_and_a_link_undone(walk: Walk) -> None:
    enterprise = walk.bench.found(members=6, departments=2)
    made = link_company(walk, enterprise)
    torn, sure = made["twice"], made["same_mobile"]
    (admin,) = enterprise.admins
    be(walk, enterprise, admin)

    overview = walk.open("/company/")
    company = f"/company/{enterprise.corp_id}"
    before = link_of(walk, torn.userid), link_of(walk, sure.userid)
    chosen = press(
        walk,
        f"{company}/people/{torn.userid}/desk",
        choice=f"account:{torn.accounts[1].account_id}",
    )
    walk.work()
    settled = walk.browser.open(chosen.url)
    after = link_of(walk, torn.userid)
    undone = press(walk, f"{company}/people/{sure.userid}/unlink")
    walk.work()

    assert before[0][:2] == ("conflict", "several_accounts")
    assert before[1][:2] == ("linked", "seen_mobile")
    assert torn.userid in overview.text
    assert 'http-equiv="refresh"' in chosen.text
    assert after == ("linked", "resolved", torn.accounts[1].account_id)
    assert WORDS["company.reason.resolved"] in settled.text
    assert WORDS["company.by.admin"].format(userid=admin) in settled.text
    assert link_of(walk, sure.userid) == ("unlinked", "unlinked_by_person", None)
    assert WORDS["company.group.unlinked"] in walk.browser.open(undone.url).text


def test_somebody_who_is_no_admin_of_the_app_is_not_let_in(walk: Walk) -> None:
    enterprise = walk.bench.found(members=6, departments=2)
    link_company(walk, enterprise)
    stranger = next(
        each for each in enterprise.now.members if each not in enterprise.admins
    )
    be(walk, enterprise, stranger)

    page = walk.open("/company/")

    assert page.status == 403
    assert WORDS["company.closed.not_admin.title"] in page.text
