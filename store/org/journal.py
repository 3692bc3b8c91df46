"""The journal: one line per effective difference, append-only."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from domain.decisions import Decision, Json
from domain.ids import CorpPk
from store import literals
from store.database import Connection
from store.rows import GivenRows, are_many, copy_rows
from store.sealing import DataKey
from store.writes import ALLOWED, Change, make

# Personal only in lines about members; the name of a department is no secret.
_PERSONAL = ("name", "details")
_WRITTEN = "corp_pk, cause, run_id, decision, key, reason, before, after, personal"
_LINES = GivenRows(
    "line",
    dict.fromkeys(("decision", "key", "reason", "before", "after", "personal"), "text"),
)
# All at one moment.
_APPEND = f"""
    INSERT INTO journal ({_WRITTEN}, at)
    SELECT %(corp_pk)s, %(line_cause)s, %(line_run)s, decision, key, reason,
        before::jsonb, after::jsonb, personal::bytea, now.at
    FROM (SELECT clock_timestamp() AS at) AS now, {{lines}}
    WHERE {ALLOWED}
"""  # noqa: S608 - constants of this module
_APPEND_ONE = _APPEND.format(lines=_LINES.one)
_APPEND_MANY = _APPEND.format(lines=_LINES.many)
_FETCH_ROWS = 5_000

Said = dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What made these differences appear: mail, a run or an operator."""

    name: str
    run_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """A journal line with its personal fields opened."""

    line_id: int
    at: datetime
    cause: str
    run_id: str | None
    decision: str
    key: str
    reason: str
    before: dict[str, Any]
    after: dict[str, Any]


def write(
    connection: Connection,
    corp_pk: CorpPk,
    *,
    cause: Cause,
    decisions: Sequence[Decision],
    data_key: DataKey,
) -> None:
    """Append one line per decision, personal fields sealed.

    Shape: all at one moment, so that no past moment shows half a page.
    """
    if not decisions:
        return
    # One by one: Postgres takes in what is written while the rest is sealed.
    lines = (_line(corp_pk, cause, each, data_key=data_key) for each in decisions)
    if are_many(decisions):
        _copy(connection, lines)
    else:
        make(connection, _appended(corp_pk, [*lines]))


def _line(
    corp_pk: CorpPk, cause: Cause, decision: Decision, *, data_key: DataKey
) -> tuple[str | None, ...]:
    """A line but its time, as text that Postgres reads by the column's type."""
    before, after, personal = split_personal(decision)
    return (
        str(corp_pk),
        cause.name,
        cause.run_id,
        decision.name,
        decision.key,
        decision.reason,
        literals.document(before),
        literals.document(after),
        literals.blob(data_key.seal(personal)) if personal else None,
    )


def _appended(corp_pk: CorpPk, lines: Sequence[tuple[str | None, ...]]) -> Change:
    _, cause, run_id, *_ = lines[0]
    told = {"corp_pk": corp_pk, "line_cause": cause, "line_run": run_id}
    return Change(
        text=_APPEND_ONE if len(lines) == 1 else _APPEND_MANY,
        values={**told, **_LINES.values([line[3:] for line in lines])},
    )


def _copy(connection: Connection, lines: Iterable[tuple[str | None, ...]]) -> None:
    at = connection.execute("SELECT clock_timestamp()::text").fetchall()[0][0]
    rows = ((*each, at) for each in lines)
    copy_rows(connection, "journal", f"{_WRITTEN}, at", rows)


def read_all(
    connection: Connection, corp_pk: CorpPk, *, data_key: DataKey
) -> Iterator[JournalLine]:
    """Every line of a corp in the order it was written, a few thousand at a time."""
    with connection.cursor("journal_of_corp", row_factory=dict_row) as cursor:
        cursor.itersize = _FETCH_ROWS
        cursor.execute(
            "SELECT line_id, at, cause, run_id, decision, key, reason, before, after,"
            " personal FROM journal WHERE corp_pk = %s ORDER BY line_id",
            [corp_pk],
        )
        for row in cursor:
            yield opened(row, data_key=data_key)


def opened(row: dict[str, Any], *, data_key: DataKey | None) -> JournalLine:
    """The line of a row; without the data key its personal fields stay away."""
    sealed = row.pop("personal")
    before, after = dict(row.pop("before") or {}), dict(row.pop("after") or {})
    if sealed is not None and data_key is not None:
        personal = data_key.open(sealed)
        before |= personal["before"]
        after |= personal["after"]
    return JournalLine(**row, before=before, after=after)


def split_personal(decision: Decision) -> tuple[Said, Said, Said]:
    """What a decision says: before, after, and of both what is personal."""
    before, after = dict(decision.before), dict(decision.after)
    if not decision.key.startswith("member:"):
        return before, after, {}
    hidden_before, hidden_after = _personal(before), _personal(after)
    if not hidden_before and not hidden_after:
        return before, after, {}
    return (
        _without(before, hidden_before),
        _without(after, hidden_after),
        {"before": hidden_before, "after": hidden_after},
    )


def _personal(fields: Said) -> Said:
    return {name: said for name in _PERSONAL if (said := fields.get(name))}


def _without(fields: Said, hidden: Said) -> Said:
    if not hidden:
        return fields
    return {name: said for name, said in fields.items() if name not in hidden}
