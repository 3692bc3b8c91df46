"""A corp that installs the app again finds its company and its people."""

from collections.abc import Iterator, Mapping

import pytest

from domain.ids import AccountId, CompanyId
from domain.links.accounts import AccountChange, AccountField
from domain.links.claims import ClaimKind
from simulator.admin import admin_app, admin_members
from simulator.org.corp import Corp as Enterprise
from store.database import transaction
from store.links import accounts, link_claims
from store.org import corps
from tests.support.people.installing import COMPANY, add_company, existing
from tests.support.people.walking import Walk, walking
from tests.support.workbench import workbench

Links = dict[str, tuple[str, str, str | None]]


@pytest.fixture
def walk(database: str, redis_url: str) -> Iterator[Walk]:
    with (
        workbench(database=database, redis_url=redis_url) as bench,
        walking(bench) as walk,
    ):
        yield walk


def link(walk: Walk, enterprise: Enterprise) -> None:
    """The company is linked by way 1, and its people read."""
    existing(walk.bench).walk(enterprise)
    walk.read()
    walk.work()


def withdraw(walk: Walk, enterprise: Enterprise) -> None:
    admin_app.uninstall(walk.bench.world, enterprise)
    walk.work()


def say(walk: Walk, userid: str, kind: ClaimKind, account_id: str) -> None:
    """A member says which account is theirs, or that one is not."""
    member = walk.bench.row(
        "SELECT corp_pk, member_pk FROM members WHERE userid = %s", userid
    )
    with transaction(walk.bench.runtime.pool) as connection:
        corp = corps.get(connection, member["corp_pk"])
        link_claims.state(
            connection,
            corp,
            member_pk=member["member_pk"],
            kind=kind,
            account_id=AccountId(account_id),
        )
    walk.work()


def add_accounts(walk: Walk, mobiles: Mapping[str, str]) -> None:
    """Accounts of the company by their ids, with these mobiles."""
    with transaction(walk.bench.runtime.pool) as connection:
        accounts.upsert(
            connection,
            CompanyId(COMPANY),
            [
                AccountChange(
                    account_id=AccountId(account_id),
                    given={AccountField.MOBILE: mobile},
                )
                for account_id, mobile in mobiles.items()
            ],
        )


def links_of(walk: Walk, enterprise: Enterprise) -> Links:
    """How the live corp's members are linked, by userid."""
    rows = walk.bench.rows(
        "SELECT userid, links.state, links.reason, links.account_id FROM links"
        " JOIN members USING (corp_pk, member_pk) WHERE corp_pk = %s",
        walk.bench.corp(enterprise).corp_pk,
    )
    return {
        row["userid"]: (row["state"], row["reason"], row["account_id"]) for row in rows
    }


def count_notices(walk: Walk, enterprise: Enterprise) -> int:
    """How many people of the live corp were to be asked."""
    corp_pk = walk.bench.corp(enterprise).corp_pk
    return len(walk.bench.rows("SELECT 1 FROM notices WHERE corp_pk = %s", corp_pk))


@pytest.mark.parametrize("way", ["market", "existing"])
def test_the_same_corp_finds_its_people_without_asking_them_again(
    walk: Walk, way: str
) -> None:
    enterprise = walk.bench.found(members=3)
    link(walk, enterprise)
    linked, left, open_one = enterprise.now.members
    say(walk, linked, ClaimKind.PROVED, "zhang")
    say(walk, left, ClaimKind.PROVED, "li")
    say(walk, left, ClaimKind.UNLINKED, "li")

    withdraw(walk, enterprise)
    if way == "market":
        walk.bench.install(enterprise)
        walk.work()
    else:
        link(walk, enterprise)

    assert walk.bench.corp(enterprise).company_id == COMPANY
    found = links_of(walk, enterprise)
    assert found[linked] == ("linked", "returned_with_corp", "zhang")
    # What a person unlinked, no machine links again, and nobody asks them.
    assert left not in found
    assert found[open_one][0] == "pending"
    assert count_notices(walk, enterprise) == len(
        [each for each, *_ in found.values() if each == "pending"]
    )
    assert walk.bench.row("SELECT count(*) FROM accounts") == {"count": 2}


def test_a_corp_with_new_ids_finds_its_company_by_way_1_and_its_people_by_mobile(
    walk: Walk,
) -> None:
    before, after = walk.bench.found(members=3), walk.bench.found(members=3)
    before.tells_details = after.tells_details = True
    mobiles = {f"a{n}": f"1381111000{n}" for n in range(3)}
    for enterprise in (before, after):
        for userid, mobile in zip(
            list(enterprise.now.members), mobiles.values(), strict=True
        ):
            admin_members.set_details(
                walk.bench.world, enterprise, userid, changes={"mobile": mobile}
            )
    add_company(walk.bench)
    add_accounts(walk, mobiles)
    link(walk, before)
    withdraw(walk, before)

    link(walk, after)

    assert walk.bench.corp(after).company_id == COMPANY
    found = links_of(walk, after).values()
    assert sorted(found) == [("linked", "seen_mobile", each) for each in mobiles]
    assert count_notices(walk, after) == 0
    assert walk.bench.row("SELECT count(*) FROM accounts") == {"count": 3}


def test_accounts_that_were_made_for_people_are_found_again_and_not_made_twice(
    walk: Walk,
) -> None:
    enterprise = walk.bench.found(members=3)
    enterprise.tells_details = True
    walk.bench.install(enterprise)
    walk.work()
    made = {each[2] for each in links_of(walk, enterprise).values()}

    withdraw(walk, enterprise)
    walk.bench.install(enterprise)
    walk.work()

    assert len(made) == 3
    assert {each[2] for each in links_of(walk, enterprise).values()} == made
    assert walk.bench.row("SELECT count(*) FROM companies") == {"count": 1}


def test_what_waited_to_be_sent_is_dropped_with_the_withdrawal(walk: Walk) -> None:
    enterprise = walk.bench.found(members=3)
    link(walk, enterprise)
    queued = walk.bench.rows("SELECT 1 FROM notices WHERE state = 'queued'")

    withdraw(walk, enterprise)

    assert len(queued) == 3
    states = walk.bench.rows("SELECT DISTINCT state FROM notices")
    assert states == [{"state": "dropped"}]
