"""Every route of the API wants the bearer; nothing that opens the console opens it."""

import secrets
from collections.abc import Iterator

import pytest
from werkzeug.routing import Rule

from domain.roles import Role
from store.database import transaction
from store.platform import operators
from tests.support.console.desk import Desk, as_role, open_desk
from tests.support.driving import address_of

# What tells no more than the source does.
OPEN = {"openapi_document"}
PLACES = {"corp_id": "wwcorp", "kind": "story"}


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    with open_desk(database=database, redis_url=redis_url) as desk:
        yield desk


def routes(desk: Desk) -> list[tuple[Rule, str]]:
    return [
        (rule, method)
        for rule in desk.web.app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1") and rule.endpoint not in OPEN
        for method in sorted((rule.methods or set()) & {"GET", "POST", "PUT"})
    ]


def opened(desk: Desk, token: str | None) -> list[tuple[str, str, int]]:
    """The routes that answer anything but 401 to somebody without the bearer."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return [
        (method, rule.rule, answer.status_code)
        for rule, method in routes(desk)
        if (
            answer := desk.web.client.open(
                address_of(rule, PLACES), method=method, headers=headers, json={}
            )
        ).status_code
        not in {401, 429}
    ]


def test_an_admin_of_the_console_is_nobody_at_the_api(desk: Desk) -> None:
    admin = as_role(desk.web, Role.ADMIN, name="wang")

    assert len(routes(desk)) > 40
    assert opened(admin, None) == []


@pytest.mark.parametrize("role", list(Role))
def test_an_operators_own_token_is_no_bearer(desk: Desk, role: Role) -> None:
    token = secrets.token_urlsafe(32)
    with transaction(desk.web.app.extensions["sync-services"].pool) as connection:
        operators.create(connection, "li", token=token, role=role)

    assert opened(desk, token) == []
