"""To look at a page changes nothing: previews, crawlers and stray links do look."""

from collections.abc import Iterator

import pytest

from tests.support.contents import contents
from tests.support.driving import drive
from tests.support.people.companies import Company, open_company
from tests.support.people.visiting import WECOM

NAMES = {"corp_id": "wwcorp", "tag": "en", "filename": "console.css"}
# Which GET routes may write: they are how other platforms send people back.
BACK_BY_GET = {
    "account.login_done",
    "account.tapd_done",
    "install.show_done",
    "console.house_done",
}
# What a session notes of itself (its last use, that WeCom called it an admin's), and
# the back-off after a question that WeCom did not answer.
NOTED = {"operator_sessions", "member_sessions", "pauses"}


@pytest.fixture
def company(database: str, redis_url: str) -> Iterator[Company]:
    """An admin, somebody in conflict, and somebody who is linked."""
    with open_company(database=database, redis_url=redis_url) as company:
        company.account("a1", nick="甲")
        company.person("li", "conflict", reason="several_accounts")
        company.person("wang", "linked", account_id="a1", reason="seen_mobile")
        yield company


@pytest.mark.parametrize("person", ["member", "admin", "operator"])
def test_no_get_changes_anything(company: Company, person: str) -> None:
    come_in(company, person)
    before = contents(company.rows, but=NOTED)

    statuses = {
        call.endpoint: call.answer.status_code
        for userid in ("li", "wang")
        for call in drive(
            company.visit.web.app,
            company.visit.client,
            methods={"GET", "HEAD", "OPTIONS"},
            names={**NAMES, "userid": userid},
            but=BACK_BY_GET,
        )
    }

    assert contents(company.rows, but=NOTED) == before
    assert 200 in statuses.values()
    page = "/console/" if person == "operator" else "/me"
    assert company.visit.client.get(page, headers=WECOM).status_code == 200


def come_in(company: Company, person: str) -> None:
    """Sign in, and see that one is."""
    match person:
        case "member":
            assert company.visit.sign_in("wwcorp", "wang").status_code == 303
        case "admin":
            assert company.enter().status_code == 200
        case _:
            assert company.enter_as_operator().status_code == 200
