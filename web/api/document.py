"""The OpenAPI document of the API, generated from the types of its routes."""

from typing import Any

from flask import Response, jsonify
from flask_openapi3.models.info import Info
from flask_openapi3.models.security_scheme import SecurityScheme
from flask_openapi3.openapi import OpenAPI

from web.access import Audience, seen_by
from web.api import installs, items, notices
from web.api.blueprint import BEARER, PREFIX
from web.api.events import events, ledger, refused
from web.api.operations import (
    alert_settings,
    alerts,
    audit,
    exports,
    operations,
    operators,
)
from web.api.org import (
    accounts,
    companies,
    contacts,
    control,
    corps,
    journal,
    members,
    previews,
)
from web.api.runs import plans, rehearsals, runs
from web.http.problems import ProblemDocument, answer_invalid

INFO = Info(
    title="TAPD-WeCom Sync",
    version="1",
    description=(
        "Lists answer {items, next}; `next` is the cursor of the following page, "
        "null at the end. Times are RFC 3339 in UTC. Ids are strings, department "
        "ids integers. Errors are RFC 9457 problems."
    ),
)
SECURITY: dict[str, SecurityScheme | dict[str, Any]] = {
    BEARER: SecurityScheme(
        type="http", scheme="bearer", description="The value of API_TOKEN."
    )
}


def make_app(name: str) -> OpenAPI:
    """A Flask application that documents the routes it is given."""
    # Every route names its 401 itself; naming another status here would make the
    # library add its own kind of validation error to routes that have none.
    return OpenAPI(
        name,
        info=INFO,
        security_schemes=SECURITY,
        doc_ui=False,
        validation_error_status=401,
        validation_error_model=ProblemDocument,
        validation_error_callback=answer_invalid,
        static_folder="static",
        template_folder="templates",
    )


def register(app: OpenAPI) -> None:
    """Add the routes of the API and its document."""
    modules = (
        corps,
        members,
        events,
        exports,
        ledger,
        journal,
        runs,
        plans,
        previews,
        rehearsals,
        notices,
        items,
        control,
        operations,
        operators,
        alert_settings,
        contacts,
        refused,
        companies,
        accounts,
        installs,
        alerts,
        audit,
    )
    for module in modules:
        app.register_api(module.api)

    @app.get(f"{PREFIX}/openapi.json", doc_ui=False)
    @seen_by(Audience.ANYONE)
    def openapi_document() -> Response:
        """The document that describes this API; it holds no secret."""
        return jsonify(app.api_doc)
