"""Lists as files for programs: the same rows and columns as the console gives."""

from flask import Response
from pydantic import BaseModel, Field

from store.database import Connection, transaction
from store.platform import deeds
from store.summaries.org.people_list import PeopleFilter
from web.access import Audience, seen_by
from web.api.auditing import note_deed
from web.api.blueprint import blueprint, problems
from web.console.admin.export_pages import answer_file
from web.console.events.reading import filter_of, read
from web.http.problems import Problem
from web.operations import exports
from web.operations.exports import ExportFormat, ExportKind, Table
from web.org.corps import get_corp
from web.services import services

api = blueprint("api-exports")


class ExportBody(BaseModel):
    """What is taken along, and as what."""

    kind: ExportKind
    format: ExportFormat = ExportFormat.JSON
    reason: str = Field(
        min_length=1, max_length=500, description="It is kept in the audit."
    )
    query: str = Field(
        "", max_length=500, description="Of events: as in the console's search box."
    )
    find: str = Field(
        "", max_length=100, description="Of corps and people: id or name has this."
    )
    corp_id: str | None = Field(None, max_length=64, description="Of people: whose.")
    actor: str | None = Field(None, max_length=200, description="Of the audit.")
    target: str | None = Field(None, max_length=200, description="Of the audit.")


@api.post("/exports", responses={200: None, **problems(400, 404, 422)})
@seen_by(Audience.BEARER)
def export_rows(body: ExportBody) -> Response:
    """The rows as CSV or JSON, at most 10 000; times are UTC."""
    with transaction(services().pool) as connection:
        table = _table(connection, body)
        deed = deeds.list_exported(
            body.kind.value,
            rows=len(table.rows),
            form=body.format.value,
            corp_id=body.corp_id,
        )
        note_deed(connection, deed, reason=body.reason)
    return answer_file(table, body.kind, body.format)


def _table(connection: Connection, body: ExportBody) -> Table:
    match body.kind:
        case ExportKind.EVENTS:
            return exports.events_of(
                connection, filter_of(connection, read(body.query))
            )
        case ExportKind.CORPS:
            return exports.corps_of(connection, find=body.find)
        case ExportKind.PEOPLE:
            if body.corp_id is None:
                raise Problem(422, "corp_id: whose people?")
            corp = get_corp(connection, body.corp_id)
            return exports.people_of(
                connection, corp.corp_pk, PeopleFilter(find=body.find)
            )
        case ExportKind.AUDIT:
            return exports.audit_of(
                connection,
                actor=body.actor,
                target=body.target,
                keyring=services().keyring,
            )
