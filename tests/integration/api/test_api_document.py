"""What holds for every route: who may see it, how errors look, what is documented."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from domain.decisions import DecisionName
from tests.support.webclient import API_TOKEN, BEARER, Web, open_web, web_settings
from web import access, gate
from web.access import Audience
from web.app import create_app


@pytest.fixture
def web(database: str, redis_url: str) -> Iterator[Web]:
    with open_web(database=database, redis_url=redis_url) as web:
        yield web


def test_every_api_route_is_behind_the_bearer_but_the_document(web: Web) -> None:
    open_routes = {
        rule.rule
        for rule in web.app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        and access.audience_of(web.app, rule.endpoint) is not Audience.BEARER
    }

    assert open_routes == {"/api/v1/openapi.json"}


def test_a_route_that_states_no_audience_stops_the_start() -> None:
    app = Flask("unguarded", static_folder=None)
    app.add_url_rule("/open", view_func=lambda: "everything")

    with pytest.raises(LookupError, match="/open"):
        gate.enforce(app)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Basic {API_TOKEN}",
        f"Bearer {API_TOKEN}2",
        "Bearer 令牌",
    ],
)
def test_a_wrong_bearer_is_a_problem(web: Web, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}

    answer = web.client.get("/api/v1/corps", headers=headers)

    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_no_route_answers_a_stranger(web: Web) -> None:
    for rule in web.app.url_map.iter_rules():
        if access.audience_of(web.app, rule.endpoint) is not Audience.BEARER:
            continue
        address = rule.rule.replace("<", "").replace(">", "")
        for method in (rule.methods or set()) - {"OPTIONS"}:
            answer = web.client.open(address, method=method)
            assert answer.status_code == 401, (method, address)


def test_errors_are_problems(web: Web) -> None:
    for path, status in (("/nowhere", 404), ("/corps/%00", 400), ("/corps/x", 404)):
        answer = web.client.get(f"/api/v1{path}", headers=BEARER)
        assert answer.status_code == status
        assert answer.content_type == "application/problem+json"
        problem = answer.get_json()
        assert problem["status"] == status
        assert set(problem) == {"type", "title", "status", "detail"}
    assert web.client.delete("/api/v1/corps", headers=BEARER).status_code == 405


def test_the_document_names_auth_and_errors_of_every_route(web: Web) -> None:
    document = web.client.get("/api/v1/openapi.json").get_json()

    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    operations = list(_operations(document))
    assert len(operations) == len({each["operationId"] for each in operations})
    for operation in operations:
        assert operation["security"] == [{"bearer": []}]
        responses = operation["responses"]
        assert "401" in responses
        for status, response in responses.items():
            if status >= "400":
                assert list(response["content"]) == ["application/problem+json"]


def test_the_document_closes_the_list_of_decisions(web: Web) -> None:
    document = web.client.get("/api/v1/openapi.json").get_json()
    schemas = document["components"]["schemas"]

    assert schemas["DecisionName"]["enum"] == [name.value for name in DecisionName]
    decision = schemas["Line"]["properties"]["decision"]
    assert decision["$ref"] == "#/components/schemas/DecisionName"


def test_every_reference_of_the_document_leads_somewhere(web: Web) -> None:
    document = web.client.get("/api/v1/openapi.json").get_json()

    named = {
        f"#/components/schemas/{name}" for name in document["components"]["schemas"]
    }

    assert set(_references(document)) <= named


def test_the_document_has_a_parameter_for_each_argument(web: Web) -> None:
    paths = web.client.get("/api/v1/openapi.json").get_json()["paths"]

    def names(path: str, method: str) -> set[str]:
        operation = paths[f"/api/v1{path}"][method]
        return {each["name"] for each in operation.get("parameters", [])}

    assert names("/corps/{corp_id}/members", "get") == {
        "corp_id", "state", "at", "limit", "cursor",
    }  # fmt: skip
    assert names("/corps/{corp_id}/resync", "post") == {
        "corp_id", "Idempotency-Key", "reason",
    }  # fmt: skip
    assert names("/corps/{corp_id}/ledger", "get") == {"corp_id", "day"}


def test_the_probes_need_no_bearer_and_name_no_corp(web: Web) -> None:
    answers = {
        path: web.client.get(path) for path in ("/healthz", "/readyz", "/metrics")
    }

    assert {answer.status_code for answer in answers.values()} == {200}
    metrics = answers["/metrics"].text
    assert 'sync_store_up{store="postgres"} 1.0' in metrics
    assert 'sync_store_up{store="redis"} 1.0' in metrics
    assert "sync_spill_depth 0.0" in metrics


def test_a_web_without_postgres_is_alive_but_not_ready(redis_url: str) -> None:
    app = create_app(
        web_settings(database="postgresql://127.0.0.1:1/none", redis_url=redis_url)
    )
    client = app.test_client()

    alive, ready = client.get("/healthz"), client.get("/readyz")

    app.extensions["sync-services"].pool.close()
    assert (alive.status_code, ready.status_code) == (200, 503)


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "$ref":
                yield str(inner)
            else:
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
