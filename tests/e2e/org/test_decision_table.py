"""Each row of the table by which members are linked, created, asked, or left alone.

Two companies with the same people: one that TAPD had before (way 1), one that WeCom
founded (way 3). Then two more whose WeCom tells nothing but ids, as it does today.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import pytest

from tests.e2e.installing import (
    account_of,
    browsing,
    found_in_tapd,
    link_existing,
    tell_accounts,
)
from tests.e2e.office import Office, found
from tests.e2e.product import Product, Row
from tests.e2e.visitor import visiting

EXISTING, FOUNDED = "existing", "founded"
WAYS = (EXISTING, FOUNDED)
HIDDEN = {"hidden existing": EXISTING, "hidden founded": FOUNDED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row: what TAPD knows of a newcomer, and what becomes of them by way.

    Shape: `link` is state and reason; `asked` the kind of their notice, if any.
    """

    accounts: Callable[[Row], list[Row]]
    existing: tuple[str, str]
    founded: tuple[str, str]
    asked: dict[str, str] = field(default_factory=dict)

    def link(self, way: str) -> tuple[str, str]:
        return self.existing if way == EXISTING else self.founded


def nobody(person: Row) -> list[Row]:
    return []


def same_mobile(person: Row) -> list[Row]:
    return [account_of(person, f"same-{person['name']}", email=None)]


def same_mobile_others_email(person: Row) -> list[Row]:
    other = account_of(person, f"mail-{person['name']}", mobile=None)
    return [*same_mobile(person), other]


def other_mobile(person: Row) -> list[Row]:
    other = f"188{person['mobile'][3:]}"
    return [account_of(person, f"old-{person['name']}", mobile=other)]


def no_mobile(person: Row) -> list[Row]:
    return [account_of(person, f"none-{person['name']}", mobile=None)]


def only_the_name(person: Row) -> list[Row]:
    others = {"mobile": f"187{person['mobile'][3:]}", "email": "else@example.org"}
    return [account_of(person, f"namesake-{person['name']}", **others)]


def two_of_one_mobile(person: Row) -> list[Row]:
    first = account_of(person, f"first-{person['name']}")
    return [first, account_of(person, f"second-{person['name']}", email=None)]


LINKED, CREATED = ("linked", "seen_mobile"), ("linked", "no_account")
ASKED, SEVERAL = ("pending", "email_only"), ("conflict", "several_accounts")
MATCHED = {"mobile": "same-mobile", "mobile first": "same-mobile-first"}
BY_NOTICE = {EXISTING: "link", FOUNDED: "invite"}
CASES = {
    "nobody": Case(accounts=nobody, existing=CREATED, founded=CREATED),
    "mobile": Case(accounts=same_mobile, existing=LINKED, founded=LINKED),
    "mobile first": Case(
        accounts=same_mobile_others_email, existing=LINKED, founded=LINKED
    ),
    "differs": Case(
        accounts=other_mobile, existing=ASKED, founded=ASKED, asked=BY_NOTICE
    ),
    "missing": Case(accounts=no_mobile, existing=ASKED, founded=ASKED, asked=BY_NOTICE),
    "namesake": Case(accounts=only_the_name, existing=CREATED, founded=CREATED),
    "several": Case(accounts=two_of_one_mobile, existing=SEVERAL, founded=SEVERAL),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A company after its newcomers, by case, have come."""

    office: Office
    people: dict[str, str]
    links: dict[str, Row]


@pytest.fixture(scope="module")
def outcomes(product: Product) -> dict[str, Outcome]:
    """All at once: the companies, then everybody's accounts, then everybody."""
    offices = {way: found(product, tells_details=True) for way in WAYS}
    offices |= {name: found(product) for name in HIDDEN}
    with browsing() as browser:
        for name, office in offices.items():
            if HIDDEN.get(name, name) == FOUNDED:
                office.install()
            else:
                company_id = f"table-{office.corp_id}"
                first = _known_first(office)
                found_in_tapd(product, company_id, [first])
                link_existing(browser, office, company_id, admin=first["account_id"])
    for office in offices.values():
        office.await_in_step()
    people = {name: _come(offices[name], way) for way, name in enumerate(WAYS)}
    for office in offices.values():
        product.eventually(partial(_unsettled, office))
    return {
        name: Outcome(office=office, people=people.get(name, {}), links=office.links())
        for name, office in offices.items()
    }


def _known_first(office: Office) -> Row:
    [first, *_] = office.people()
    return account_of(first, _of(office, "first"))


def _of(office: Office, account_id: str) -> str:
    """An account of this company's: TAPD's ids are the same everywhere."""
    return f"{office.corp_id[-8:]}:{account_id}"


def _come(office: Office, way: int) -> dict[str, str]:
    """Their accounts first, so that each decision has all it needs."""
    persons = {
        name: {
            "name": f"{name.replace(' ', '-')}",
            "mobile": f"17{way}{place:08d}",
            "email": f"case{place}@way{way}.example.com",
        }
        for place, name in enumerate(CASES)
    }
    rows = [row for name, case in CASES.items() for row in case.accounts(persons[name])]
    rows = [{**row, "account_id": _of(office, row["account_id"])} for row in rows]
    tell_accounts(office.product, office.read()["company_id"], rows)
    home = office.departments()[:1]
    return {
        name: office.act("hire", departments=home, **person)["userid"]
        for name, person in persons.items()
    }


def _unsettled(office: Office) -> list[object]:
    notices = list(office.product.rows(f"corps/{office.corp_id}/notices"))
    waiting: list[object] = [one for one in notices if one["state"] == "queued"]
    waiting += [
        userid
        for userid, link in office.links().items()
        if link["reason"] == "waiting_for_lookups"
    ]
    return [*office.unsettled(), *waiting]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CASES)
def test_a_newcomer_is_treated_as_the_table_says(
    outcomes: dict[str, Outcome], way: str, name: str
) -> None:
    outcome, case = outcomes[way], CASES[name]
    userid = outcome.people[name]
    link = outcome.links[userid]

    assert (link["state"], link["reason"]) == case.link(way)
    with visiting(outcome.office, userid) as visitor:
        urls = [one["sent"]["url"] for one in visitor.messages()]
    kinds = [url.rsplit("/", 2)[1] for url in urls]
    assert kinds == ([case.asked[way]] if case.asked else [])


@pytest.mark.parametrize("way", WAYS)
def test_equal_mobiles_link_to_that_very_account(
    outcomes: dict[str, Outcome], way: str
) -> None:
    office, links = outcomes[way].office, outcomes[way].links
    people = outcomes[way].people

    for name, account_id in MATCHED.items():
        assert links[people[name]]["account_id"] == _of(office, account_id)


def test_whose_details_are_hidden_is_found_by_asking_for_the_mobile(
    outcomes: dict[str, Outcome],
) -> None:
    outcome = outcomes["hidden existing"]
    [first, *others] = outcome.office.people()

    link = outcome.links[first["userid"]]

    assert (link["state"], link["reason"]) == ("linked", "asked_mobile")
    assert link["account_id"] == _of(outcome.office, "first")
    reasons = {outcome.links[one["userid"]]["reason"] for one in others}
    assert reasons == {"not_visible"}


def test_whose_details_are_hidden_is_asked_in_an_existing_company(
    outcomes: dict[str, Outcome],
) -> None:
    office = outcomes["hidden existing"].office
    [_, somebody, *_] = office.people()

    with visiting(office, somebody["userid"]) as visitor:
        kinds = [one["sent"]["url"].rsplit("/", 2)[1] for one in visitor.messages()]

    assert visitor.link()["state"] == "pending"
    assert kinds == ["link"]


def test_whose_details_are_hidden_is_created_in_a_new_company(
    outcomes: dict[str, Outcome],
) -> None:
    links = outcomes["hidden founded"].links.values()

    working = {(one["state"], one["reason"]) for one in links}
    assert ("linked", "not_visible") in working
    assert not {state for state, _ in working} & {"pending", "conflict"}


@pytest.mark.parametrize("way", [*WAYS, *HIDDEN])
def test_no_account_has_two_people(outcomes: dict[str, Outcome], way: str) -> None:
    held = [one["account_id"] for one in outcomes[way].links.values()]
    accounts = [one for one in held if one is not None]

    assert len(accounts) == len(set(accounts))
