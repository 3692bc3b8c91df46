"""Nobody gets a stranger's TAPD account by what a WeCom admin typed or chose."""

from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from domain.links.claims import ClaimKind
from manage import cli
from tests.integration.commands.test_manage import environment
from tests.support.org.histories import Company as Corp
from tests.support.org.linked import Matched, mobile, people
from tests.support.org.pipeline import Bench
from tests.support.people.companies import (
    COMPANY,
    CORP,
    Company,
    evidence,
    form_of,
    open_company,
)
from tests.support.webclient import insert

M = mobile(1)
STRANGER = "9900000001"


@pytest.fixture
def company(database: str, redis_url: str) -> Iterator[Company]:
    with open_company(database=database, redis_url=redis_url) as company:
        yield company


def foreign(company: Company, account_id: str = STRANGER, **fields: Any) -> str:
    """An account that is in no list of the company."""
    insert(company.rows, "accounts", account_id=account_id, **fields)
    return account_id


def joined_by_link(company: Company, userid: str, reason: str, **fields: Any) -> int:
    """A member who was linked to a foreign account, as it was once possible."""
    account_id = foreign(company, f"stranger-of-{userid}")
    insert(
        company.rows,
        "memberships",
        company_id=COMPANY,
        account_id=account_id,
        origin="wecom",
    )
    return company.person(
        userid, "linked", reason=reason, account_id=account_id, **fields
    )


# The workers.


def test_who_never_signed_in_is_asked_until_they_have(bench: Bench) -> None:
    other = Matched.of(bench, people())
    other.name(STRANGER, mobile=M)
    one = Matched.of(bench, people(woA={"mobile": M, "status": 4}))

    one.read()
    before = one.link("woA")
    Corp(one.tenant.world).change("woA", status=1)
    one.read()

    assert before == ("pending", "unproven_mobile", None)
    assert one.link("woA") == ("linked", "seen_mobile", STRANGER)


def test_the_company_naming_the_account_links_who_never_signed_in(
    bench: Bench,
) -> None:
    other = Matched.of(bench, people())
    other.name(STRANGER, mobile=M)
    one = Matched.of(bench, people(woA={"mobile": M, "status": 4}))
    one.read()

    one.name(STRANGER)
    one.read()

    assert one.link("woA") == ("linked", "seen_mobile", STRANGER)


def test_a_choice_of_a_foreign_account_is_not_carried_out(bench: Bench) -> None:
    other = Matched.of(bench, people())
    other.name(STRANGER)
    one = Matched.of(bench, people(woA={}))
    one.read()
    before = one.link("woA")

    one.say("woA", ClaimKind.RESOLVED, STRANGER, said_by="admin:boss")
    one.read()

    assert one.link("woA") == before
    assert one.account_of("woA") is None


# The match desk.


def test_the_desk_names_no_foreign_account(company: Company) -> None:
    company.account("own", nick="自己人")
    foreign(company, nick="陌生人", name="陌生人")
    company.person(
        "li",
        "conflict",
        reason="several_accounts",
        evidence=[evidence("own", mobile="equal"), evidence(STRANGER, mobile="equal")],
    )
    company.enter()

    pages = [company.get(path).text for path in ("people/li/desk", "people/li", "")]
    searched = company.get("people/li/desk", account=STRANGER).text

    for page in (*pages, searched):
        assert "陌生人" not in page
        assert f"account:{STRANGER}" not in page
    assert STRANGER not in "".join(pages)
    assert 'data-foreign="1"' in pages[0]
    assert "自己人" in pages[0]


@pytest.mark.parametrize("on_desk", [True, False])
def test_a_foreign_account_cannot_be_chosen_by_a_forged_form(
    company: Company, on_desk: bool
) -> None:
    foreign(company)
    shown = [evidence(STRANGER, mobile="equal")] if on_desk else []
    company.person("li", "conflict", reason="several_accounts", evidence=shown)
    company.enter()
    form = form_of(company.get("people/li/desk"), f"/company/{CORP}/people/li/desk")

    answers = [
        company.visit.client.post(
            f"/company/{CORP}/people/li/desk",
            data={**form, "form": f"form-{choice}", "choice": f"account:{choice}"},
        )
        for choice in (STRANGER, "there-is-none")
    ]

    assert [each.status_code for each in answers] == [303, 303]
    assert company.claims() == []
    told = company.rows.execute("SELECT told ->> 'outcome' FROM company_acts")
    assert [row[0] for row in told.fetchall()] == ["unknown", "unknown"]


# Links that were made before.


def test_links_of_strangers_accounts_are_found_and_shown_to_the_admin(
    company: Company, database: str, redis_url: str
) -> None:
    joined_by_link(company, "typed", "seen_mobile", activation="pending")
    joined_by_link(company, "chosen", "resolved")
    joined_by_link(company, "signed-in", "seen_mobile")
    proved = joined_by_link(company, "proved", "resolved")
    insert(
        company.rows,
        "link_claims",
        corp_pk=company.corp_pk,
        member_pk=proved,
        company_id=COMPANY,
        kind="proved",
        account_id="stranger-of-proved",
        said_by="member",
    )
    company.account("own")
    company.person("ours", "linked", reason="resolved", account_id="own")
    company.enter()

    page = company.get("").text
    told = CliRunner().invoke(
        cli, ["doubtful-links", CORP], env=environment(database, redis_url)
    )

    section = page.partition('id="doubtful"')[2].partition("</section>")[0]
    assert [who for who in ("typed", "chosen", "signed-in", "proved", "ours")
            if f"/people/{who}" in section] == ["typed", "chosen"]  # fmt: skip
    assert "stranger-of" not in section
    assert told.exit_code == 0
    lines = [line.split("\t")[1] for line in told.stdout.splitlines() if "\t" in line]
    assert lines == ["chosen", "typed"]


def test_a_company_without_doubtful_links_is_told_of_none(
    company: Company, database: str, redis_url: str
) -> None:
    company.enter()

    told = CliRunner().invoke(
        cli, ["doubtful-links"], env=environment(database, redis_url)
    )

    assert 'id="doubtful"' not in company.get("").text
    assert (told.exit_code, told.stdout) == (0, "No doubtful links.\n")
