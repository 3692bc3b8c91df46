"""Whoever is no operator: an admin of a company, a member, a stranger, in a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from tests.support.console.browsing import serve
from tests.support.people.companies import ADMIN, CORP, Company, evidence, open_company
from tests.support.people.linking_rows import (
    ACCOUNT,
    COMPANY,
    TOKEN,
    add_account,
    add_link,
    add_notice,
    add_signed_in,
)
from tests.support.people.live_web import Live, live_web
from tests.support.webclient import cookies_of, insert

# The states in which a member can stand to TAPD; each has words of its own.
STANDINGS = ("linked", "pending", "conflict", "unlinked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A browser's beginnings: where the web is, and who is signed in by what."""

    url: str
    cookies: dict[str, str]
    rows: Any
    company: Company | None = None

    def context(
        self, browser: Browser, language: str, *, runs_scripts: bool = True
    ) -> BrowserContext:
        """A browser in which this person is signed in."""
        # WeCom was asked who is an admin; that holds for however long a test takes.
        self.rows.execute(
            "UPDATE member_sessions SET admin_until = now() + interval '1 day'"
            " WHERE admin_until IS NOT NULL"
        )
        context = browser.new_context(
            base_url=self.url,
            reduced_motion="reduce",
            java_script_enabled=runs_scripts,
            viewport={"width": 768, "height": 900},
        )
        context.set_default_timeout(60_000)
        cookies = {**self.cookies, "sync-language": language}
        for name, value in cookies.items():
            context.add_cookies([{"name": name, "value": value, "url": self.url}])
        return context

    def page(self, browser: Browser, language: str = "en") -> Page:
        return self.context(browser, language).new_page()

    def stand(self, state: str) -> None:
        """Let the member's link be in another state."""
        self.rows.execute("DELETE FROM link_claims")
        self.rows.execute(
            "UPDATE links SET state = %s, reason = %s, asks = %s, account_id = %s",
            [
                state,
                {"linked": "own_proof", "conflict": "several_accounts"}.get(
                    state, "not_visible"
                ),
                "link" if state == "pending" else None,
                ACCOUNT if state == "linked" else None,
            ],
        )


@contextmanager
def company_admin(*, database: str, redis_url: str) -> Iterator[Visitor]:
    """The admin of a company with people in every group, and something done."""
    with open_company(database=database, redis_url=redis_url) as company:
        _people(company)
        company.enter()
        insert(
            company.rows,
            "company_acts",
            corp_pk=company.corp_pk,
            kind="unlink",
            form="form-1",
            done_by=f"admin:{ADMIN}",
            told={
                "member_pks": [company.admin_pk],
                "account_id": "1000000001",
                "outcome": "stale",
            },
        )
        with serve(company.visit.web) as site:
            yield Visitor(
                url=site.address,
                cookies=cookies_of(company.visit.client),
                rows=company.rows,
                company=company,
            )


def _people(company: Company) -> None:
    company.account("1000000001", nick="老李", mobile="13812345678")
    company.account("1000000002", nick="小李", email="xiaoli@long-name.example.com")
    holder = company.person("wang", "linked", account_id="1000000002", name="王敏")
    company.person(
        "li",
        "conflict",
        reason="several_accounts",
        evidence=[
            evidence("1000000001", mobile="equal", asked=True),
            evidence("1000000002", email="differs", held_by=holder),
        ],
    )
    company.person("woAJ2GCAAAXQvpOs0zYBCtmkJdLPfGHw", "pending")
    company.person("zhao", "unlinked", reason="not_visible")
    company.person("qian")
    company.person("gone", "unlinked", state="removed", removal="deletion")


@contextmanager
def member(*, database: str, redis_url: str) -> Iterator[Visitor]:
    """A member with an account that could be theirs, and a notice that asks."""
    with live_web(database=database, redis_url=redis_url) as live:
        who = add_signed_in(live.visit)
        add_account(live.visit)
        add_link(live.visit, who, "pending")
        add_notice(live.visit, who)
        yield _of(live)


def _of(live: Live) -> Visitor:
    return Visitor(
        url=live.url, cookies=cookies_of(live.visit.client), rows=live.visit.web.rows
    )


ADMINS_PAGES = (
    f"/company/{CORP}/",
    *(
        f"/company/{CORP}/?group={each}"
        for each in ("linked", "pending", "conflict", "unlinked", "none")
    ),
    f"/company/{CORP}/?q=li",
    f"/company/{CORP}/?q=nobody-at-all",
    f"/company/{CORP}/people/li",
    f"/company/{CORP}/people/wang",
    f"/company/{CORP}/people/li/desk",
    f"/company/{CORP}/people/li/desk?account=nobody",
    f"/company/{CORP}/people/wang/desk",
    f"/company/{CORP}/people/wang/unlink",
    f"/company/{CORP}/items",
    f"/company/{CORP}/items?q=1001",
    f"/company/{CORP}/acts",
    f"/company/{CORP}/acts/1",
    # What is not there is told, too.
    f"/company/{CORP}/people/nobody",
    f"/company/{CORP}/acts/999",
    "/company/unknown/",
    f"/company/{CORP}/?cursor=made-up",
)
MEMBERS_PAGES = (
    "/enter",
    "/me",
    "/me/unlink",
    "/me/notices",
    "/me/preferences",
    "/me/apps",
    f"/link/{TOKEN}",
    "/link/never-given-away",
    "/me/none",
    "/tapd/done?error=access_denied",
    # A company that they are no admin of.
    "/company/wwcorp/",
)
STRANGERS_PAGES = (
    "/console/sign-in",
    "/register",
    "/install?intent=made-up",
    "/install/done",
    "/install/live",
    "/me/sign-out",
    "/login/done?code=c&state=made-up",
    "/oidc/authorize?client_id=x",
    "/oidc/logout",
    "/nothing/here",
)
__all__ = [
    "ADMINS_PAGES",
    "COMPANY",
    "MEMBERS_PAGES",
    "STANDINGS",
    "STRANGERS_PAGES",
    "Visitor",
    "company_admin",
    "member",
]
