"""Every answer of the API is one that its OpenAPI document tells of."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.webclient import (
    BEARER,
    Web,
    add_corp,
    add_department,
    add_event,
    add_line,
    add_member,
    add_run,
    open_web,
)
from web.api.runs.rehearsals import PLAN_SECONDS

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
)
# What there is, for every second call: else nearly all answers would be 404.
KNOWN = {
    "corp_id": "wwcorp",
    "userid": "zhang",
    "company_id": "company-wwcorp-linked",
    "run_id": "run",
}
WITHOUT_CHANCE = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def web(module_database: str, redis_server_url: str) -> Iterator[Web]:
    with open_web(database=module_database, redis_url=redis_server_url) as web:
        # No worker is there to make a plan that somebody asks for.
        web.app.config[PLAN_SECONDS] = 0.2
        corp_pk = add_corp(web.rows, "wwcorp", name="Example")
        add_department(web.rows, corp_pk, 1, name="Sales")
        add_member(web.rows, corp_pk, "zhang", name="Zhang", departments=[1])
        add_event(web.rows, "corp:wwcorp", "failed")
        add_line(web.rows, corp_pk)
        add_run(web.rows, corp_pk, "run")
        yield web


@pytest.mark.timeout(600)
def test_every_answer_is_one_that_the_document_tells_of(web: Web) -> None:
    told = web.client.get("/api/v1/openapi.json").get_json()
    for path in told["paths"].values():
        for operation in path.values():
            # We show the bearer ourselves, with what else is right and wrong.
            del operation["security"]
    document: Any = schemathesis.openapi.from_dict(told)
    document.app = web.app
    operations = [each.ok() for each in document.get_all_operations()]

    faults = {each.label: fault_of(each) for each in operations}

    assert len(faults) == len(operations) > 25
    assert [f"{label}: {fault}" for label, fault in faults.items() if fault] == []


def fault_of(operation: Any) -> str:
    """How an operation's answers differ from the document; empty when they do not."""
    try:
        try_right_calls(operation)
        try_wrong_calls(operation)
    except (Exception, BaseExceptionGroup) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def try_right_calls(operation: Any) -> None:
    """Calls that the document allows, about things unknown and known."""

    @given(call=operation.as_strategy())
    @WITHOUT_CHANCE
    def check(call: Any) -> None:
        call.call_and_validate(headers=BEARER, checks=list(CHECKS))
        for name in set(call.path_parameters or {}) & KNOWN.keys():
            call.path_parameters[name] = KNOWN[name]
        call.call_and_validate(headers=BEARER, checks=list(CHECKS))

    check()


def try_wrong_calls(operation: Any) -> None:
    """Calls that the document does not allow, where it forbids any."""

    @given(call=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    @WITHOUT_CHANCE
    def check(call: Any) -> None:
        call.call_and_validate(headers=BEARER, checks=list(CHECKS))

    try:
        check()
    except Unsatisfiable:
        # What takes nothing, or any text, cannot be asked wrongly.
        assert not forbids_anything(operation.definition.raw), "no wrong call was made"


def forbids_anything(operation: dict[str, Any]) -> bool:
    """Whether the document says of an operation what it would not take."""
    taken = [each["schema"] for each in operation.get("parameters", [])]
    return "requestBody" in operation or any(
        each.keys() - {"title", "description", "type"} or each.get("type") != "string"
        for each in taken
    )
