"""Lists of the console as files: what of them, in which columns, as CSV or JSON.

Times are UTC. Names and ids are in them, mobiles and addresses never: those are looked
at one by one, with a reason.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from store.database import Connection
from store.events.event_filter import EventFilter
from store.platform import audit
from store.platform.audit import AuditLine
from store.sealing import Keyring
from store.summaries.mail import event_search
from store.summaries.mail.events import EventRow
from store.summaries.org import corp_rows, people_list
from store.summaries.org.corp_rows import CorpRow
from store.summaries.org.people_list import PeopleFilter, PersonRow

MOST_ROWS = 10_000
_PAGE = 500
# A spreadsheet takes what begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# Keys of ours, and what a chain is proved by.
_LEFT_OUT = {"member_pk", "corp_pk", "chain", "is_forgotten", "phase"}


class ExportKind(StrEnum):
    """What can be taken along."""

    EVENTS = "events"
    CORPS = "corps"
    PEOPLE = "people"
    AUDIT = "audit"


class ExportFormat(StrEnum):
    """As what."""

    CSV = "csv"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under named columns; `is_cut` when there were more than are taken."""

    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    is_cut: bool


Page = Callable[[Any], tuple[Sequence[Any], Any]]


def events_of(connection: Connection, wanted: EventFilter) -> Table:
    """The events of a filter, newest first."""

    def page(before: Any) -> tuple[Sequence[EventRow], Any]:
        found = event_search.search(connection, wanted, before=before, limit=_PAGE)
        if len(found.rows) == _PAGE:
            return found.rows, found.rows[-1].event_id
        return found.rows, found.looked_to

    return _table(EventRow, page)


def corps_of(connection: Connection, *, find: str) -> Table:
    """The corps whose name or id contains a text."""

    def page(after: Any) -> tuple[Sequence[CorpRow], Any]:
        rows = corp_rows.list_rows(
            connection, find=find, after=after or "", limit=_PAGE
        )
        return rows, rows[-1].corp_id if len(rows) == _PAGE else None

    return _table(CorpRow, page)


def people_of(connection: Connection, corp_pk: int, wanted: PeopleFilter) -> Table:
    """The people of a corp that fit a filter."""

    def page(after: Any) -> tuple[Sequence[PersonRow], Any]:
        found = people_list.list_people(
            connection, corp_pk, wanted, after=after or people_list.START, limit=_PAGE
        )
        if len(found.rows) == _PAGE:
            last = found.rows[-1]
            return found.rows, (last.userid, last.member_pk, last.phase)
        return found.rows, found.looked_to

    return _table(PersonRow, page)


def audit_of(
    connection: Connection, *, actor: str | None, target: str | None, keyring: Keyring
) -> Table:
    """Acts, newest first."""

    def page(before: Any) -> tuple[Sequence[AuditLine], Any]:
        rows = audit.list_lines(
            connection,
            keyring=keyring,
            actor=actor,
            target=target,
            before=before,
            limit=_PAGE,
        )
        return rows, rows[-1].audit_id if len(rows) == _PAGE else None

    return _table(AuditLine, page)


def write(table: Table, form: ExportFormat) -> str:
    """The file."""
    rows = [{name: _plain(row[name]) for name in table.columns} for row in table.rows]
    if form is ExportFormat.JSON:
        told = {"items": rows, "is_cut": table.is_cut}
        return json.dumps(told, ensure_ascii=False, indent=1)
    text = io.StringIO()
    # So that spreadsheets read it as what it is.
    text.write("\ufeff")
    writer = csv.DictWriter(text, table.columns)
    writer.writeheader()
    writer.writerows({name: _cell(each) for name, each in row.items()} for row in rows)
    return text.getvalue()


def _table(kind: type[Any], page: Page) -> Table:
    columns = [each.name for each in fields(kind) if each.name not in _LEFT_OUT]
    rows: list[Mapping[str, Any]] = []
    for row in _all(page):
        if len(rows) == MOST_ROWS:
            return Table(columns=columns, rows=rows, is_cut=True)
        rows.append(asdict(row))
    return Table(columns=columns, rows=rows, is_cut=False)


def _all(page: Page) -> Iterator[Any]:
    position = None
    while True:
        rows, position = page(position)
        yield from rows
        if position is None:
            return


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    if isinstance(value, dict | str | int | float | bool | None):
        return value
    if isinstance(value, Sequence):
        return [_plain(each) for each in value]
    return str(value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
