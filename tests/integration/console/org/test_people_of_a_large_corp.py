"""Lists of very many people find the same as of few, so many looked at a page."""

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import quote

import pytest

from store.database import transaction
from store.summaries.links import people_search
from store.summaries.links.people import search
from store.summaries.org import corp_facts, people_list
from store.summaries.org.people_list import PeopleFilter
from tests.support.console.desk import Desk, marks_in, open_desk, words_in
from tests.support.webclient import add_corp, add_department, add_member, insert

REMOVED = {"removal": "scope", "removed_at": "now"}
COMPANY = "company-wwcorp-linked"


@pytest.fixture
def desk(
    database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    monkeypatch.setattr(people_list, "WINDOW", 20)
    monkeypatch.setattr(people_list, "_FEW", 5)
    monkeypatch.setattr(people_search, "WINDOW", 20)
    monkeypatch.setattr(corp_facts, "MOST_COUNTED", 10)
    with open_desk(database=database, redis_url=redis_url) as desk:
        corp_pk = add_corp(desk.rows, "wwcorp")
        add_department(desk.rows, corp_pk, 2, name="Sales")
        for number in range(70):
            places = [2] if number % 9 == 0 else [1]
            state = "removed" if number % 13 == 5 else "active"
            pk = add_member(
                desk.rows, corp_pk, f"user{number:02}", name=f"Name {number}",
                departments=places, state=state,
                **(REMOVED if state == "removed" else {}),
            )  # fmt: skip
            link(desk, corp_pk, pk, number)
        yield desk


def link(desk: Desk, corp_pk: int, member_pk: int, number: int) -> None:
    state = {0: "linked", 1: "pending", 2: None, 3: "linked"}[number % 4]
    if number == 33:
        state = "conflict"
    if state is None:
        return
    account = f"a{number}"
    insert(
        desk.rows, "accounts", account_id=account, nick=f"nick{number}",
        mobile=f"138000000{number:02}", mobile_e164=f"+86138000000{number:02}",
    )  # fmt: skip
    insert(
        desk.rows, "links", corp_pk=corp_pk, member_pk=member_pk, company_id=COMPANY,
        state=state, reason="seen_mobile",
        asks="link" if state == "pending" else None,
        account_id=account if state == "linked" else None,
    )  # fmt: skip


def wanted_of(desk: Desk, filters: dict[str, str]) -> list[str]:
    """Whom a filter must find, by a statement that reads everybody."""
    rows = desk.rows.execute(
        """
        SELECT userid FROM members LEFT JOIN links USING (corp_pk, member_pk)
        WHERE members.state = %(state)s
            AND (%(find)s = '' OR userid ILIKE '%%' || %(find)s || '%%'
                OR members.name ILIKE '%%' || %(find)s || '%%')
            AND (%(link)s = '' OR coalesce(links.state, 'none') = %(link)s)
            AND (%(department)s = ''
                OR department_ids @> ARRAY[nullif(%(department)s, '')::bigint])
        ORDER BY userid
        """,
        {"state": "active", "find": "", "link": "", "department": "", **filters},
    ).fetchall()
    return [userid for (userid,) in rows]


def walked(desk: Desk, filters: dict[str, str]) -> tuple[list[str], int]:
    """Everybody whom the pages show, to the last; and how many pages there were."""
    query = "&".join(f"{name}={quote(value)}" for name, value in filters.items())
    path: str | None = f"/console/corps/wwcorp/people?{query}"
    found: list[str] = []
    pages = 0
    while path:
        page = desk.page(path)
        found += [
            each.removeprefix("member:")
            for each in marks_in(page, "key")
            if each.startswith("member:")
        ]
        onward = re.search(r'rel="next" href="([^"]+)"', page)
        path = unescape(onward[1]) if onward else None
        pages += 1
    return found, pages


FILTERS: list[dict[str, str]] = [
    {},
    {"find": "user1"},
    {"find": "1"},
    {"find": "NAME 3"},
    {"find": "nobody"},
    {"link": "linked"},
    {"link": "pending"},
    {"link": "conflict"},
    {"link": "none"},
    {"department": "2"},
    {"department": "2", "link": "pending"},
    {"department": "2", "find": "user"},
    {"state": "removed"},
    {"state": "removed", "find": "5"},
]


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_all_pages_together_show_just_whom_a_filter_means(
    desk: Desk, filters: dict[str, str]
) -> None:
    found, _ = walked(desk, filters)

    assert sorted(found) == wanted_of(desk, filters)
    assert len(found) == len(set(found))


def test_a_page_that_ends_because_enough_was_looked_at_says_so(desk: Desk) -> None:
    page = desk.page("/console/corps/wwcorp/people?find=nobody")

    assert "Looked through 20 people for this page" in words_in(page)
    assert walked(desk, {"find": "nobody"})[1] > 2


def test_whose_userid_begins_with_the_text_stand_first(desk: Desk) -> None:
    desk.rows.execute("UPDATE members SET name = 'user69' WHERE userid = 'user00'")

    found, _ = walked(desk, {"find": "user69"})

    assert found == ["user69", "user00"]


def test_whoever_few_indexes_know_of_are_found_at_once(desk: Desk) -> None:
    assert walked(desk, {"link": "conflict"}) == (["user33"], 1)


def company(desk: Desk, text: str) -> list[str]:
    """Whom the company's pages show for a text, page by page."""
    path: str | None = f"/company/wwcorp/?q={quote(text)}"
    found: list[str] = []
    while path:
        page = desk.page(path)
        found += re.findall(r"/company/wwcorp/people/(user\d+)", page)
        onward = re.search(r'class="following"><a[^>]*href="([^"]+)"', page)
        path = unescape(onward[1]) if onward else None
    return list(dict.fromkeys(found))


@pytest.mark.parametrize(
    "text",
    ["user1", "1", "name 3", "nick12", "ICK4", "13800000012", "nobody", "%", "_"],
)
def test_a_companys_search_finds_the_same_however_many_there_are(
    desk: Desk, text: str
) -> None:
    services = desk.web.app.extensions["sync-services"]
    with transaction(services.pool) as connection:
        corp_pk = connection.execute("SELECT corp_pk FROM corps").fetchall()[0][0]
        wanted = search(connection, corp_pk, text, after=("", 0), limit=1_000)

    assert sorted(company(desk, text)) == sorted(each.userid for each in wanted)


def test_no_filter_is_an_error_whatever_stands_in_it(desk: Desk) -> None:
    services = desk.web.app.extensions["sync-services"]
    with transaction(services.pool) as connection:
        page = people_list.list_people(
            connection, 1, PeopleFilter(find="'; --", department_id=7), limit=10
        )

    assert list(page.rows) == []
