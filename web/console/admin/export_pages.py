"""A list of the console as a file; who took it along is kept, what is in it is not."""

from flask import Response, request
from flask.typing import ResponseReturnValue

from store.database import Connection, transaction
from store.platform import deeds
from web.access import Audience, seen_by
from web.console import acting
from web.console.blueprint import console
from web.console.events.reading import asked_line, filter_of, read
from web.console.org.person_pages import people_filter
from web.http.problems import Problem
from web.operations import exports
from web.operations.exports import ExportFormat, ExportKind, Table
from web.org.corps import get_corp
from web.services import services

_MOST_TYPED = 200
_TYPES = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.JSON: "application/json",
}


@console.post("/export/<kind>")
@seen_by(Audience.OPERATOR)
def export_list(kind: str) -> ResponseReturnValue:
    """What the list shows, all of its pages, at most 10 000 rows."""
    what, form = _wanted(kind, request.form.get("format", ""))
    reason, corp_id = acting.wanted_reason(), request.form.get("corp", "") or None
    with transaction(services().pool) as connection:
        table = _table(connection, what, corp_id)
        deed = deeds.list_exported(
            what.value, rows=len(table.rows), form=form.value, corp_id=corp_id
        )
        acting.keep_deed(connection, deed, reason=reason)
    return answer_file(table, what, form)


def answer_file(table: Table, what: ExportKind, form: ExportFormat) -> Response:
    """The file, kept by no cache on its way."""
    answer = Response(exports.write(table, form), content_type=_TYPES[form])
    answer.headers["Content-Disposition"] = f"attachment; filename={what}.{form}"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _table(connection: Connection, what: ExportKind, corp_id: str | None) -> Table:
    match what:
        case ExportKind.EVENTS:
            return exports.events_of(
                connection, filter_of(connection, read(asked_line()))
            )
        case ExportKind.CORPS:
            return exports.corps_of(connection, find=_typed("find") or "")
        case ExportKind.PEOPLE:
            corp = get_corp(connection, corp_id or "")
            return exports.people_of(connection, corp.corp_pk, people_filter())
        case ExportKind.AUDIT:
            return exports.audit_of(
                connection,
                actor=_typed("actor"),
                target=_typed("target"),
                keyring=services().keyring,
            )


def _wanted(kind: str, form: str) -> tuple[ExportKind, ExportFormat]:
    try:
        return ExportKind(kind), ExportFormat(form)
    except ValueError as error:
        raise Problem(404, f"export {kind} as {form}: not known here.") from error


def _typed(name: str) -> str | None:
    return request.form.get(name, "").strip()[:_MOST_TYPED] or None
