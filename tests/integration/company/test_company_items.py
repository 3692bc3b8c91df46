"""A company's page about item notices: its defaults, and why somebody was told."""

from typing import Any

import pytest

from tests.support.people.companies import COMPANY, CORP, Company, company_anew
from tests.support.people.visiting import WECOM, Visit, csrf_of
from tests.support.webclient import insert, keyring
from texts.catalogue import catalogue

CHINESE = catalogue("zh-CN")
STORY = "1148464494001000276"


@pytest.fixture
def company(shared_visit: Visit, redis_url: str) -> Company:
    assert redis_url
    company = company_anew(shared_visit)
    company.enter()
    return company


def know(company: Company, item_id: str = STORY) -> None:
    """An item is known, and an event of it concerned somebody."""
    sealed = keyring().seal('{"name": "登录页"}'.encode(), place="item")
    rows = company.visit.web.rows
    insert(
        rows,
        "items",
        company_id=COMPANY,
        kind="story",
        item_id=item_id,
        workspace_id="48464494",
        sealed=sealed,
    )
    insert(
        rows,
        "item_notices",
        company_id=COMPANY,
        mail_id=1,
        nick="李四",
        event_id="e1",
        event="story::delete",
        kind="story",
        item_id=item_id,
        change_id=1,
        roles=["cc"],
        role="cc",
        reason="no_owner",
    )


def post(company: Company, **form: Any) -> Any:
    text = company.get("items").text
    _, _, rest = text.partition('name="form" value="')
    return company.visit.client.post(
        f"/company/{CORP}/items",
        data={**form, "csrf_token": csrf_of(text), "form": rest.partition('"')[0]},
        headers=WECOM,
    )


@pytest.mark.parametrize("text", [STORY, "000276"])
def test_an_item_is_found_by_its_number_or_the_end_of_it(
    company: Company, text: str
) -> None:
    know(company)

    shown = company.get("items", q=text).text

    assert "登录页" in shown
    assert "李四" in shown
    assert CHINESE["told_item.why.no_owner"] in shown


def test_an_item_that_nobody_told_of_is_unknown(company: Company) -> None:
    assert CHINESE["company_items.unknown"] in company.get("items", q="12345").text


def test_of_several_one_chooses(company: Company) -> None:
    know(company)
    insert(
        company.visit.web.rows,
        "items",
        company_id=COMPANY,
        kind="bug",
        item_id=f"9{STORY}",
        workspace_id="1",
        sealed=b"",
    )

    shown = company.get("items", q="000276").text

    assert f"q=9{STORY}" in shown
    assert f"q={STORY}" in shown


def test_an_admin_sets_what_holds_for_those_who_chose_nothing(company: Company) -> None:
    answer = post(company, switch="on", kind=["bug"], role=["owner", "cc"])

    [(kept,)] = company.visit.web.rows.execute(
        "SELECT item_notices FROM companies WHERE company_id = %s", [COMPANY]
    ).fetchall()
    assert answer.status_code == 303
    assert kept == {"switch": "on", "kinds": ["bug"], "roles": ["owner", "cc"]}
    assert (
        CHINESE["company.act.items_on"]
        in company.visit.client.get(answer.headers["Location"], headers=WECOM).text
    )
    assert CHINESE["company.act.items"] in company.get("acts").text


def test_an_admin_switches_item_notices_off(company: Company) -> None:
    post(company, kind=["bug"])

    [(kept,)] = company.visit.web.rows.execute(
        "SELECT item_notices ->> 'switch' FROM companies WHERE company_id = %s",
        [COMPANY],
    ).fetchall()
    assert kept == "off"
