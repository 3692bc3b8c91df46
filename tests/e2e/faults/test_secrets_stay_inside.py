"""Codes, tokens and tickets are in no log, no queue, no answer and no plain column."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import psycopg
import redis
import requests

from demo.browser import Browser
from tests.e2e.installing import account_of, tell_accounts
from tests.e2e.office import Install, Office
from tests.e2e.product import Product
from tests.e2e.visitor import Visitor, visiting

_NAMES = "permanent_code|access_token|suite_access_token|auth_code|suite_ticket"
_SECRET = re.compile(rf'"(?:{_NAMES})"\s*:\s*"([^"]+)"')
_PUSHED = re.compile(r"<(?:SuiteTicket|AuthCode)><!\[CDATA\[(.+?)\]\]>")
_PATHS = ("", "/departments", "/members", "/journal", "/ledger")
_PROCESSES = {"receiver.log", "web.log", "worker.log", "bulk.log", "clock.log"}


def handed_out(product: Product) -> set[str]:
    """Everything secret that the simulator has given to the product."""
    calls = product.control("GET", "calls?limit=100000")["items"]
    pushes = product.control("GET", "pushes?limit=100000")["items"]
    found = {one for call in calls for one in _SECRET.findall(call["answer"])}
    found |= {one for push in pushes for one in _PUSHED.findall(push["xml"])}
    given = product.settings
    found |= {given[name] for name in given if name.endswith("_SECRET")}
    found |= {given["WECOM_TOKEN"], given["WECOM_ENCODING_AES_KEY"]}
    found |= {given["API_TOKEN"], given["SECRET_KEYS"]}
    return {one for one in found if len(one) >= 8}


def in_logs(product: Product) -> Iterator[tuple[str, str]]:
    logs = product.logs()
    yield from ((name, logs[name]) for name in _PROCESSES)


def in_redis(product: Product) -> Iterator[tuple[str, str]]:
    with redis.Redis.from_url(product.settings["REDIS_URL"]) as client:
        for key in client.scan_iter():
            # A dump holds short values as they are.
            dump = client.dump(key) or b""
            yield key.decode(), key.decode() + dump.decode("latin-1")


def in_answers(product: Product, office: Office) -> Iterator[tuple[str, str]]:
    paths = [f"corps/{office.corp_id}{path}" for path in _PATHS]
    for path in [
        *paths,
        "corps",
        "events?limit=1000",
        "runs",
        "ledger",
        "openapi.json",
    ]:
        yield path, product.ask("GET", path).text


def in_tables(product: Product) -> Iterator[tuple[str, str]]:
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    with psycopg.connect(product.settings["DATABASE_URL"]) as connection:
        for (name,) in connection.execute(tables).fetchall():
            rows = connection.execute(f'SELECT t::text FROM "{name}" AS t'.encode())  # noqa: S608 - a name of the catalogue
            yield from ((name, row) for (row,) in rows)


def test_no_secret_leaves_its_place(product: Product, install: Install) -> None:
    office = install()
    office.act("reset-permanent-code")
    for kind in ("suite_token", "corp_token"):
        product.control("POST", "tokens/expire", {"kind": kind})
    office.fault("http_500", count=2)
    office.act("hire", departments=office.departments()[:1])
    office.await_in_step()

    secrets = handed_out(product)

    assert len(secrets) > 10
    places = [
        *in_logs(product),
        *in_redis(product),
        *in_answers(product, office),
        *in_tables(product),
    ]
    leaks = [place for place, text in places if any(one in text for one in secrets)]
    assert leaks == []


def codes_of(browser: Browser, visitor: Visitor, account_id: str) -> set[str]:
    """Prove an account; every code and token that passed through an address."""
    seen: set[str] = set()

    def note(answer: requests.Response, **_: object) -> None:
        query = parse_qs(urlsplit(answer.url).query)
        seen.update(query.get("code", ()), query.get("state", ()))

    browser.session.hooks["response"].append(note)
    notice = visitor.messages()[0]["sent"]["url"]
    visitor.sign_in_to_tapd(account_id)
    page = browser.act(visitor.open_message(), "link-existing")
    browser.act(page, "agree")
    return seen | {notice.rsplit("/", 1)[1]}


def test_who_people_are_and_how_they_came_is_in_no_log_and_no_queue(
    product: Product, install: Install
) -> None:
    office = install()
    product.control("PATCH", f"corps/{office.corp_id}", {"tells_details": True})
    person = {"name": "欧阳不见", "mobile": "17500000077", "email": "un@seen.example"}
    account = account_of(person, "unseen", mobile="17500000078")
    tell_accounts(product, office.read()["company_id"], [account])
    product.control("POST", "tapd/accounts", account)
    made = office.act("hire", departments=office.departments()[:1], **person)
    with visiting(office, made["userid"]) as visitor:
        product.eventually(lambda: not visitor.messages())
        passed = codes_of(visitor.browser, visitor, "unseen")
        product.eventually(lambda: visitor.link()["account_id"] != "unseen")

    hidden = {*person.values(), account["mobile"], *passed}

    assert len(passed) > 3
    places = [*in_logs(product), *in_redis(product)]
    leaks = [place for place, text in places if any(one in text for one in hidden)]
    assert leaks == []
