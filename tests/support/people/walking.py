"""The web and WeCom's pages over real HTTP, and a person who walks through both."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlsplit

import requests
from werkzeug.serving import make_server

from demo.browser import Browser, Page
from domain.ids import RunId
from simulator.org.corp import Corp as Enterprise
from tests.support.people.installing import COMPANY, add_company
from tests.support.webclient import API_TOKEN, BEARER, open_web
from tests.support.workbench import Workbench, environment_for
from texts.catalogue import catalogue
from workers.inbox.drain import drain
from workers.runs import run

CHINESE = catalogue("zh-CN")


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One person's browser, and the workers that they wait for."""

    bench: Workbench
    browser: Browser
    public_url: str

    def open(self, path: str) -> Page:
        """A page of ours."""
        return self.browser.open(f"{self.public_url}{path}")

    def install(self, page: Page, enterprise: Enterprise, **filled: str) -> Page:
        """From our page that asks to confirm, over WeCom's, back to ours."""
        at_wecom = self.browser.act(page, "confirm")
        assert "/3rdapp/install" in at_wecom.url, at_wecom.text
        filled = {"corp_id": enterprise.corp_id, **filled}
        back = self.browser.act(at_wecom, "authorise", **filled)
        assert back.url.startswith(self.public_url), back.text
        return back

    def work(self) -> None:
        """The workers do what is due, as long as something is."""
        self.bench.deliver()
        while due := self.bench.rows(
            "SELECT DISTINCT mailbox FROM inbox LEFT JOIN mailboxes USING (mailbox)"
            " WHERE state = 'pending' AND mailbox NOT LIKE 'company:%%'"
            " AND coalesce(mailboxes.not_before <= clock_timestamp(), true)"
            " AND coalesce(inbox.not_before <= clock_timestamp(), true)"
        ):
            for row in due:
                drain(self.bench.runtime, row["mailbox"])
            self.read()

    def read(self) -> None:
        """The workers read every corp that wants it."""
        for row in self.bench.rows("SELECT run_id FROM runs WHERE state = 'queued'"):
            run.work_on(self.bench.runtime, RunId(row["run_id"]))

    def someone_else(self) -> "Walk":
        """Another browser."""
        return Walk(bench=self.bench, browser=Browser(), public_url=self.public_url)


def ask_for_intent(walk: Walk, **body: str) -> requests.Response:
    """What TAPD is answered when it wants a company linked."""
    return requests.post(
        f"{walk.public_url}/api/v1/install-intents",
        json={"company_id": COMPANY, "admin_account_id": "admin-1"} | body,
        headers=BEARER,
        timeout=10,
    )


def intent_of(walk: Walk, company_id: str = COMPANY) -> str:
    """The address that TAPD is given for a company."""
    add_company(walk.bench, company_id)
    answer = ask_for_intent(walk, company_id=company_id)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["url"])


def path_of(url: str) -> str:
    """An address of ours without the host."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def says(page: Page, key: str) -> bool:
    """Whether a page carries this text, as far as its first value."""
    return CHINESE[key].partition("{")[0] in unescape(page.text)


def count(page: Page, name: str) -> int:
    """A number that the page of the first sync shows."""
    _, _, rest = page.text.partition(f'data-count="{name}">')
    return int(rest.partition("<")[0].replace(",", "") or -1)


def untouched(walk: Walk) -> bool:
    """Whether nothing of the org has come of it."""
    bench = walk.bench
    linked = bench.rows("SELECT 1 FROM corps WHERE state IN ('linked', 'paused')")
    made = bench.rows("SELECT 1 FROM companies WHERE origin = 'wecom'")
    return not (linked or made or bench.rows("SELECT 1 FROM members"))


@contextmanager
def walking(bench: Workbench, **settings: str) -> Iterator[Walk]:
    """A web of its own for a workbench."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    public_url = f"http://127.0.0.1:{port}"
    given = bench.runtime.settings
    wecom = given.wecom.api_url
    environment = environment_for(
        database=given.database_url, redis_url=given.redis_url, api_url=wecom
    )
    environment |= {
        "PUBLIC_URL": public_url,
        "API_TOKEN": API_TOKEN,
        "WECOM_OPEN_URL": wecom,
        "WECOM_OAUTH_URL": wecom,
        "WECOM_LOGIN_URL": wecom,
        **settings,
    }
    stores = {"database": environment.pop("DATABASE_URL")}
    stores["redis_url"] = environment.pop("REDIS_URL")
    with open_web(**stores, **environment) as web:
        server = make_server("127.0.0.1", port, web.app, threaded=True)
        serving = threading.Thread(
            target=server.serve_forever, args=(0.02,), daemon=True
        )
        serving.start()
        browser = Browser()
        try:
            yield Walk(bench=bench, browser=browser, public_url=public_url)
        finally:
            browser.close()
            server.shutdown()
            server.server_close()
            serving.join()


@contextmanager
def cleaned(place: Walk) -> Iterator[Walk]:
    """Another person, who finds nothing of what others did; WeCom's corps stay.

    A web and a WeCom of its own for each of so many small tests would take minutes.
    """
    walk = place.someone_else()
    try:
        yield walk
    finally:
        walk.browser.close()
        bench = place.bench
        bench.deliver()
        bench.world.faults.clear()
        tables = bench.rows(
            "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE nspname = 'public' AND relkind IN ('r', 'p')"
            " AND NOT relispartition AND relname <> ALL(%s)",
            [*_KEPT],
        )
        names = ", ".join(each["relname"] for each in tables)
        bench.rows(f"TRUNCATE {names}")  # the names come from the catalogue


# What the suite has from WeCom, our own keys, the audit, which refuses to be
# emptied, with its head, and what migrations wrote.
_KEPT = (
    "app_keys",
    "audit",
    "audit_head",
    "schedule",
    "suite_tickets",
    "tokens",
    "_yoyo_log",
    "_yoyo_migration",
    "_yoyo_version",
    "yoyo_lock",
)
