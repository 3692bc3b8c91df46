"""The demo's TAPD company: there before WeCom, and linked by its own admin."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from demo.browser import Browser, Page
from demo.company import Addresses, Company, NotInStep
from demo.session import Session

# Most people are in TAPD under the mobile that WeCom shows. Two accounts share one
# mobile; some have their e-mail in common alone, some but a name; the rest is new.
PEOPLE = {"same_mobile": 500, "twice": 1, "same_email": 12, "namesake": 3}
SETTLED_SECONDS = 60.0
# How somebody of each kind ends; a namesake is nobody that TAPD knows.
ENDS = {
    "same_mobile": "linked",
    "twice": "conflict",
    "same_email": "pending",
    "namesake": "linked",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """A company in TAPD, and how each member of the corp may be found there.

    Shape: `kinds` by userid, `accounts` by userid.
    """

    company_id: str
    admin: str
    kinds: Mapping[str, str]
    accounts: Mapping[str, tuple[str, ...]]

    def first(self, kind: str) -> str:
        """The userid of the first of a kind."""
        return next(userid for userid, each in self.kinds.items() if each == kind)


def found_existing(addresses: Addresses, company: Company) -> Existing:
    """The company in TAPD, and all its people told to the product."""
    made = addresses.tell(
        "tapd/companies", {"corp_id": company.corp_id, "name": company.name, **PEOPLE}
    )
    company_id = str(made["company_id"])
    rows = addresses.look(f"tapd/companies/{company_id}/accounts")["items"]
    body = {"name": company.name, "edition": "professional"}
    addresses.write("PUT", f"companies/{company_id}", body)
    addresses.write("POST", f"companies/{company_id}/accounts", rows)
    people = {row["userid"]: row for row in made["people"]}
    return Existing(
        company_id=company_id,
        admin=made["admins"][0],
        kinds={userid: row["kind"] for userid, row in people.items()},
        accounts={userid: tuple(row["account_ids"]) for userid, row in people.items()},
    )


def link_with_wecom(addresses: Addresses, company: Company, existing: Existing) -> Page:
    """What TAPD's admin does: the button in TAPD, and agreeing in WeCom; where it ends.

    Raises: NoSuchAction, NotInStep.
    """
    browser, tapd = Browser(), f"{addresses.simulator}/tapd"
    try:
        page = browser.open(f"{tapd}/login?search={existing.admin}")
        browser.act(page, "sign-in")
        page = browser.open(f"{tapd}/companies/{existing.company_id}")
        page = browser.act(page, "link-wecom")
        page = browser.act(page, "confirm")
        page = browser.act(page, "authorise", corp_id=company.corp_id)
    finally:
        browser.close()
    if page.status != 200:
        raise NotInStep(f"{page.url} answered {page.status}:\n{page.text}")
    return page


def await_settled(
    session: Session, addresses: Addresses, company: Company, existing: Existing
) -> None:
    """Return when everybody is linked, asked or in conflict, as they should be.

    Raises: NotInStep, ParentGone.
    """
    found: list[str] = []

    def settled() -> bool:
        found[:] = [*_unsettled(addresses, company, existing)]
        return not found

    if not session.supervisor.wait_until(settled, timeout_seconds=SETTLED_SECONDS):
        raise NotInStep("\n".join(found[:20]))


def count_links(addresses: Addresses, company: Company) -> dict[str, int]:
    """How many members are in each state; created apart from linked."""
    counts: dict[str, int] = {}
    for row in addresses.rows(f"corps/{company.corp_id}/members"):
        link = row["link"]
        created = link["reason"] in ("no_account", "not_visible")
        state = "created" if link["state"] == "linked" and created else link["state"]
        counts[state] = counts.get(state, 0) + 1
    return counts


def _unsettled(
    addresses: Addresses, company: Company, existing: Existing
) -> Iterator[str]:
    rows = {
        row["userid"]: row for row in addresses.rows(f"corps/{company.corp_id}/members")
    }
    for userid, kind in existing.kinds.items():
        link = rows.get(userid, {}).get("link") or {}
        if link.get("state") != ENDS[kind]:
            yield f"{userid} ({kind}) is {link}, should be {ENDS[kind]}"
        elif (
            kind == "same_mobile"
            and link["account_id"] not in existing.accounts[userid]
        ):
            yield f"{userid} is linked to {link['account_id']}, somebody else's account"
    asked = existing.first("same_email")
    phone = addresses.look(f"corps/{company.corp_id}/members/{asked}/messages")
    if len(phone["items"]) != 1:
        yield f"{asked} has {len(phone['items'])} messages, should have one"
