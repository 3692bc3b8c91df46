"""What a browser brings that is a secret, or somebody's, lies nowhere in clear."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

import logs
from tests.integration.retention.test_purge import withdraw
from tests.support.contents import list_tables
from tests.support.people.companies import CORP, Company, open_company
from tests.support.people.visiting import WECOM, csrf_of, named, query_of
from tests.support.workbench import Workbench
from web.services import Services

MARKER = "markerofasecret"


@pytest.fixture
def company(database: str, redis_url: str) -> Iterator[Company]:
    with open_company(database=database, redis_url=redis_url) as company:
        company.account("own", nick="甲")
        company.person("li", "conflict", reason="several_accounts")
        yield company


def stored(company: Company) -> list[str]:
    """Every table in whose rows the marker stands, as text or as bytes."""
    as_bytes = MARKER.encode().hex()
    return [
        table
        for table in list_tables(company.rows)
        if company.rows.execute(
            f"SELECT FROM {table} AS t WHERE t::text LIKE ANY(%s) LIMIT 1",
            [[f"%{MARKER}%", f"%{as_bytes}%"]],
        ).rowcount
    ]


def ringing(company: Company) -> list[str]:
    """Every key of Redis that holds the marker, or bears it."""
    redis: Redis = company.visit.web.app.extensions["sync-services"].redis
    found: Any = redis.keys("*")
    return [
        key.decode()
        for key in found
        if MARKER.encode() in key or MARKER.encode() in (redis.dump(key) or b"")
    ]


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Every line of the log, as our processes write them, that holds the marker."""
    formatter = logs.DiscreetFormatter(["message", "name"])
    lines = [
        formatter.format(record)
        for record in caplog.records
        # A server for tests tells of each request; ours do not.
        if not record.name.startswith("werkzeug")
    ]
    return [line for line in lines if MARKER in line]


def walk(company: Company) -> None:
    """Bring the marker to every door: signed out, signed in, and on the way back."""
    visit = company.visit
    for path in (f"/link/{MARKER}", f"/me?q={MARKER}", f"/company/{CORP}/?q={MARKER}"):
        visit.client.get(path, headers=WECOM)
    visit.client.get(f"/login/done?code={MARKER}&state={MARKER}")
    visit.client.get(f"/install?intent={MARKER}")
    visit.client.get(f"/install/done?auth_code={MARKER}&state={MARKER}")
    visit.client.get("/api/v1/corps", headers={"Authorization": f"Bearer {MARKER}"})
    form = csrf_of(visit.client.get("/console/sign-in").text)
    visit.client.post("/console/sign-in", data={"token": MARKER, "csrf_token": form})
    way = query_of(visit.client.get(f"/link/{MARKER}", headers=WECOM))
    visit.platform.will(named(CORP, "boss"))
    visit.client.get(
        "/login/done", query_string={"code": MARKER, "state": way["state"]}
    )
    company.ask()
    for path in ("", "people/li/desk", "people/li"):
        company.get(path, q=MARKER, account=MARKER, group=MARKER, cursor=MARKER)
    visit.client.get(f"/link/{MARKER}", headers=WECOM)
    visit.client.get(f"/tapd/done?code={MARKER}&state={MARKER}", headers=WECOM)
    visit.client.get(f"/enter?to=/{MARKER}", headers=WECOM)


def test_what_was_brought_to_the_doors_lies_nowhere(
    company: Company, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    walk(company)

    assert company.visit.client.get("/me", headers=WECOM).status_code == 200
    assert stored(company) == []
    assert ringing(company) == []
    assert told(caplog) == []


def test_the_search_finds_a_marker_in_rows_bytes_and_keys(company: Company) -> None:
    company.rows.execute("UPDATE companies SET name = %s", [MARKER])
    company.rows.execute(
        "INSERT INTO operators (name, token_hash) VALUES ('li', %s)", [MARKER.encode()]
    )
    services: Services = company.visit.web.app.extensions["sync-services"]
    services.redis.set("somewhere", MARKER)

    assert stored(company) == ["companies", "operators"]
    assert ringing(company) == ["somewhere"]


def test_a_purge_ends_the_sessions_of_the_corps_people(simulated: Workbench) -> None:
    enterprise = simulated.found()
    corp = simulated.link(enterprise)
    simulated.rows(
        "INSERT INTO member_sessions (session_hash, corp_pk, member_pk)"
        " VALUES ('hash', %s, 1), ('other', -1, 1)",
        corp.corp_pk,
    )

    withdraw(simulated, enterprise)

    left = simulated.rows("SELECT corp_pk FROM member_sessions")
    assert left == [{"corp_pk": -1}]
