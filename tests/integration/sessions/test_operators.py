"""Operators with a name: made once, let in by their own token, and let out alone."""

from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from manage import cli
from tests.integration.commands.test_manage import environment
from tests.integration.company.test_company_acts import choose, conflict
from tests.support.people.companies import found_company
from tests.support.people.visiting import Visit, csrf_of
from tests.support.webclient import API_TOKEN


@pytest.fixture
def manage(module_database: str, redis_url: str, visit: Visit) -> Any:
    """The command line over the stores of the web."""
    visit.web.rows.execute("DELETE FROM operators")
    settings = environment(module_database, redis_url)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments, env=settings)

    return run


def signed_in(visit: Visit, token: str) -> FlaskClient:
    """A browser of its own that gave a token to the console's form."""
    browser = visit.web.app.test_client()
    form = browser.get("/console/sign-in").text
    browser.post("/console/sign-in", data={"token": token, "csrf_token": csrf_of(form)})
    return browser


def is_in(browser: FlaskClient) -> bool:
    return browser.get("/console/").status_code == 200


def test_an_operator_signs_in_with_the_token_that_was_shown(
    visit: Visit, manage: Any
) -> None:
    made = manage("create-operator", "li.wei")
    token = made.stdout.strip()
    kept = visit.web.rows.execute("SELECT name, token_hash FROM operators").fetchall()

    browsers = [signed_in(visit, each) for each in (token, API_TOKEN, token[:-1], "")]

    assert made.exit_code == 0
    assert [name for name, _ in kept] == ["li.wei"]
    assert token.encode() not in bytes(kept[0][1])
    assert [is_in(each) for each in browsers] == [True, True, False, False]


def test_an_operator_without_a_name_gets_one_of_their_own(
    visit: Visit, manage: Any
) -> None:
    made = [manage("create-operator") for _ in range(2)]

    names = visit.web.rows.execute("SELECT name FROM operators").fetchall()
    assert [each.exit_code for each in made] == [0, 0]
    assert len(names) == 2
    assert is_in(signed_in(visit, made[1].stdout.strip()))


@pytest.mark.parametrize("command", ["create-operator --renew", "remove-operator"])
def test_a_token_that_ends_ends_the_sessions_of_one_operator(
    visit: Visit, manage: Any, command: str
) -> None:
    tokens = {
        name: manage("create-operator", name).stdout.strip() for name in ("li", "zhang")
    }
    browsers = {name: signed_in(visit, token) for name, token in tokens.items()}

    ended = manage(*command.split(), "li")

    assert ended.exit_code == 0
    assert {name: is_in(each) for name, each in browsers.items()} == {
        "li": False,
        "zhang": True,
    }
    assert not is_in(signed_in(visit, tokens["li"]))


def test_a_token_of_the_console_opens_no_api(visit: Visit, manage: Any) -> None:
    token = manage("create-operator", "li").stdout.strip()

    answer = visit.web.app.test_client().get(
        "/api/v1/corps", headers={"Authorization": f"Bearer {token}"}
    )

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("create-operator", "li"), 1, "--renew gives another token"),
        (("create-operator", "--renew", "wang"), 1, "leave --renew out"),
        (("remove-operator", "wang"), 1, "no operator wang"),
        (("create-operator", "Li Wei"), 2, "1 to 32 of a-z"),
        (("create-operator", "--renew"), 2, "Say the NAME"),
    ],
)
def test_what_cannot_be_done_is_said(
    manage: Any, arguments: tuple[str, ...], status: int, said: str
) -> None:
    manage("create-operator", "li")

    result = manage(*arguments)

    assert (result.exit_code, said in result.output) == (status, True)


def test_what_an_operator_decides_bears_their_name(visit: Visit, manage: Any) -> None:
    token = manage("create-operator", "li").stdout.strip()
    client = signed_in(visit, token)
    company = found_company(replace(visit, web=replace(visit.web, client=client)))
    member_pk = conflict(company)

    said = choose(company, "new")

    assert company.claims() == [(member_pk, "resolved", None, "operator:li")]
    assert "运维人员 li" in said
