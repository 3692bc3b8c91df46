"""A company whose admin looks at its people: rows put in, and pages asked for."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

from psycopg.types.json import Jsonb
from werkzeug.test import TestResponse

from tests.support.people.visiting import DESKTOP, SUITE, Visit, anew, open_visit
from tests.support.webclient import API_TOKEN, add_corp, add_member, insert, keyring

CORP, COMPANY, ADMIN = "wwcorp", "20001001", "boss"
# What only these pages' tests fill.
_EMPTY = (
    "TRUNCATE company_acts, account_reads, aliases, departments, memberships"
    " RESTART IDENTITY"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A linked corp with an admin, and the browser that looks at it."""

    visit: Visit
    corp_pk: int
    admin_pk: int

    @property
    def rows(self) -> Any:
        """A connection for looking and for putting rows in."""
        return self.visit.web.rows

    def enter(self, *, admins: dict[str, int] | None = None) -> TestResponse:
        """Sign in as the admin and open the company; WeCom lists these admins."""
        self.visit.sign_in(CORP, ADMIN)
        return self.ask(admins=admins)

    def ask(self, *, admins: dict[str, int] | None = None) -> TestResponse:
        """Open the company; WeCom, if it is asked, lists these admins."""
        listed = {ADMIN: 1} if admins is None else admins
        rows = [{"userid": who, "auth_type": kind} for who, kind in listed.items()]
        self.visit.platform.will({"errcode": 0, "admin": rows})
        return self.get("")

    def enter_as_operator(self) -> TestResponse:
        """Sign in as an operator and open the company."""
        page = self.visit.client.get("/console/sign-in")
        self.visit.client.post(
            "/console/sign-in",
            data={"token": API_TOKEN, "csrf_token": hidden(page, "csrf_token")},
        )
        return self.get("")

    def get(self, path: str, **query: object) -> TestResponse:
        """A page of the company."""
        return self.visit.client.get(
            f"/company/{CORP}/{path}", query_string=query, headers=DESKTOP
        )

    def send(self, path: str, page: TestResponse, **fields: object) -> TestResponse:
        """Send the form of a page that leads to this path; the page it leads to."""
        form = form_of(page, f"/company/{CORP}/{path}")
        answer = self.visit.client.post(
            f"/company/{CORP}/{path}", data={**form, **fields}, headers=DESKTOP
        )
        if answer.status_code != 303:
            return answer
        return self.visit.client.get(answer.headers["Location"], headers=DESKTOP)

    def person(self, userid: str, link: str | None = None, **fields: Any) -> int:
        """A member with a link in this state; the key."""
        link_fields = {
            name: fields.pop(name)
            for name in ("reason", "account_id", "asks", "evidence")
            if name in fields
        }
        member_pk = add_member(self.rows, self.corp_pk, userid, **fields)
        if link is not None:
            self.link(member_pk, link, **link_fields)
        return member_pk

    def link(self, member_pk: int, state: str, **fields: Any) -> None:
        """How a member stands to TAPD's accounts."""
        evidence = fields.pop("evidence", [])
        asks = "link" if state == "pending" else None
        insert(
            self.rows,
            "links",
            **{
                "corp_pk": self.corp_pk,
                "member_pk": member_pk,
                "company_id": COMPANY,
                "state": state,
                "reason": "not_visible",
                "asks": asks,
                "evidence": Jsonb(evidence),
                **fields,
            },
        )

    def account(self, account_id: str, **fields: Any) -> str:
        """An account of the company."""
        mobile, email = fields.get("mobile"), fields.get("email")
        insert(
            self.rows,
            "accounts",
            account_id=account_id,
            **fields,
            mobile_e164=mobile and f"+86{mobile}",
            email_folded=email,
        )
        insert(
            self.rows,
            "memberships",
            company_id=COMPANY,
            account_id=account_id,
            origin="tapd",
        )
        return account_id

    def claims(self) -> list[tuple[Any, ...]]:
        """What was said about links, in order."""
        found = self.rows.execute(
            "SELECT member_pk, kind, account_id, said_by FROM link_claims"
            " ORDER BY claim_id"
        )
        return list(found.fetchall())

    def settle(self) -> None:
        """As if a worker had decided by all that was said."""
        self.rows.execute("UPDATE link_claims SET taken_at = clock_timestamp()")


def evidence(account_id: str, **fields: Any) -> dict[str, Any]:
    """What is known about a member and an account; by default nothing speaks."""
    return {
        "account_id": account_id,
        "mobile": "not_visible",
        "email": "not_visible",
        "asked": False,
        "proved": False,
        "unlinked": False,
        "returned": False,
        "held_by": None,
        "claimed_by": [],
        **fields,
    }


@contextmanager
def open_company(
    *, database: str, redis_url: str, **settings: str
) -> Iterator[Company]:
    """A corp linked to a company of TAPD's, with one admin."""
    with open_visit(database=database, redis_url=redis_url, **settings) as visit:
        yield found_company(visit)


def company_anew(visit: Visit) -> Company:
    """The same web with this company alone in it, and a browser without cookies."""
    visit.web.rows.execute(_EMPTY.encode())
    return found_company(anew(visit))


def found_company(visit: Visit) -> Company:
    """The corp and its company, put in."""
    rows = visit.web.rows
    corp_pk = add_corp(rows, CORP, company_id=COMPANY, name="星河科技")
    admin_pk = add_member(rows, corp_pk, ADMIN, name="王经理")
    owner = f"corp:{SUITE}:{corp_pk}"
    sealed = keyring().seal(b"corp-token", place=f"token:{owner}")
    lasts = datetime.now(UTC) + timedelta(hours=1)
    insert(rows, "tokens", owner=owner, token=sealed, expires_at=lasts)
    return Company(visit=visit, corp_pk=corp_pk, admin_pk=admin_pk)


def hidden(page: TestResponse, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found is not None, page.text
    return found.group(1)


def form_of(page: TestResponse, action: str) -> dict[str, object]:
    """The fields that a form sends if nobody touches it; lists where a name repeats."""
    reader = _Forms()
    reader.feed(page.text)
    (fields,) = [each for path, each in reader.forms if path == action]
    return {name: values if len(values) > 1 else values[0] for name, values in fields}


class _Forms(HTMLParser):
    """Collects the hidden fields of each form."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, Any]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form" and given.get("method") == "post":
            self.forms.append((given.get("action") or "", _Fields()))
        elif tag == "input" and given.get("type") == "hidden" and self.forms:
            self.forms[-1][1].add(given["name"] or "", given.get("value") or "")


class _Fields:
    def __init__(self) -> None:
        self._values: dict[str, list[str]] = {}

    def add(self, name: str, value: str) -> None:
        self._values.setdefault(name, []).append(value)

    def __iter__(self) -> Iterator[tuple[str, list[str]]]:
        return iter(self._values.items())
