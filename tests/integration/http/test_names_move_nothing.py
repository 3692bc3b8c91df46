"""Names that run from right to left, or turn what follows, move nothing on any page."""

import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from tests.support.driving import drive
from tests.support.people.companies import Company, open_company
from tests.support.webclient import add_department, add_event, add_line, add_run

ARABIC, OVERRIDE = "علي 12", "x\u202eevil"
ISOLATE = "\u2068"
NAMES = {"corp_id": "wwcorp", "tag": "en", "filename": "console.css", "run_id": "run"}
# What stands there by itself: its neighbours are not of its paragraph.
ALONE = {"bdi", "code", "samp", "option", "textarea", "title"}


class _Loose(HTMLParser):
    """Collects where the name stands beside something that it could move."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.found: list[str] = []
        self.seen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        before, *rest = data.split(ARABIC)
        self.seen += len(rest)
        if not rest or ALONE & set(self.open[-2:]):
            return
        if any(not part.endswith(ISOLATE) for part in (before, *rest[:-1])):
            self.found.append(f"{'.'.join(self.open[-3:])}: {' '.join(data.split())}")


@pytest.fixture
def company(database: str, redis_url: str) -> Iterator[Company]:
    """Everybody and everything bears such a name, one of both kinds."""
    with open_company(database=database, redis_url=redis_url) as company:
        for number, name in enumerate((ARABIC, OVERRIDE)):
            company.account(f"a{number}", nick=name, name=name)
            company.account(f"b{number}", nick=name, name=name)
            company.person(
                f"li{number}", "conflict", reason="several_accounts", name=name
            )
            company.person(
                f"wang{number}",
                "linked",
                account_id=f"a{number}",
                reason="seen_mobile",
                name=name,
            )
            add_department(company.rows, company.corp_pk, number + 1, name=name)
        rows = company.rows
        rows.execute("UPDATE corps SET name = %s", [ARABIC])
        rows.execute("UPDATE companies SET name = %s", [ARABIC])
        add_event(rows, "corp:wwcorp", "failed")
        add_line(rows, company.corp_pk)
        add_run(rows, company.corp_pk, "run")
        yield company


@pytest.mark.parametrize("who", ["member", "admin", "operator"])
def test_no_name_moves_what_stands_beside_it(company: Company, who: str) -> None:
    if who == "operator":
        company.enter_as_operator()
    elif who == "admin":
        company.enter()
    else:
        company.visit.sign_in("wwcorp", "wang0")
    marks, loose, seen = set(), set(), 0

    for userid in ("li0", "wang0", "li1", "wang1"):
        for call in drive(
            company.visit.web.app,
            company.visit.client,
            methods={"GET"},
            names={**NAMES, "userid": userid},
            but={"account.login_done", "account.tapd_done", "install.show_done"},
        ):
            if call.answer.mimetype != "text/html":
                continue
            page = _Loose()
            page.feed(call.answer.text)
            seen += page.seen
            loose |= {f"{call.endpoint}: {each}" for each in page.found}
            marks |= {
                call.endpoint
                for each in call.answer.text
                if unicodedata.bidirectional(each) in {"RLO", "LRO", "RLE", "LRE"}
            } | ({call.endpoint} if r"\u2068" in call.answer.text else set())

    assert seen > 0
    assert loose == set()
    assert marks == set()
