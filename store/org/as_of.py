"""The org of a past moment: some keys at a time, folded from the journal."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from domain.ids import CorpPk, Key
from domain.org.replay import Folding, ReplayLine
from store.database import Connection
from store.org.journal import opened
from store.sealing import DataKey

# Keys sort by bytes; this is the first text behind all that begin with `member:`.
_BEHIND_MEMBERS = "member;"
_FETCH_ROWS = 5_000
_KEYS_AT_ONCE = 1_000

_RENAMED_TO = "('member:' || (after ->> 'userid')) COLLATE \"C\""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedLine:
    """A line with its place in the journal."""

    line_id: int
    line: ReplayLine


def find_cut(connection: Connection, corp_pk: CorpPk, at: datetime) -> int:
    """The last line written until then; 0 before the first one.

    The org of a moment is the fold of all lines up to its cut. By number, not by time:
    a clock that was set back must not tear holes into the journal.
    """
    row = connection.execute(
        "SELECT line_id FROM journal WHERE corp_pk = %s AND at <= %s"
        " ORDER BY at DESC, line_id DESC LIMIT 1",
        [corp_pk, at],
    ).fetchone()
    return int(row[0]) if row else 0


def list_added_keys(
    connection: Connection, corp_pk: CorpPk, *, cut: int, after: Key, limit: int
) -> list[Key]:
    """Keys behind `after` under which somebody came until the cut, by bytes."""
    rows = connection.execute(
        f"""
        (SELECT DISTINCT key FROM journal
         WHERE corp_pk = %(corp_pk)s AND line_id <= %(cut)s AND key > %(after)s
            AND key < %(behind)s AND decision IN ('AddMember', 'RestoreMember')
         ORDER BY key LIMIT %(limit)s)
        UNION
        (SELECT DISTINCT {_RENAMED_TO} AS key FROM journal
         WHERE corp_pk = %(corp_pk)s AND line_id <= %(cut)s
            AND decision = 'RenameUserid' AND {_RENAMED_TO} > %(after)s
         ORDER BY key LIMIT %(limit)s)
        ORDER BY key LIMIT %(limit)s
        """,  # noqa: S608 - the inserted text is a constant of this module
        {
            "corp_pk": corp_pk,
            "cut": cut,
            "after": after,
            "behind": _BEHIND_MEMBERS,
            "limit": limit,
        },
    ).fetchall()
    return [Key(row[0]) for row in rows]


def list_removed_keys(
    connection: Connection, corp_pk: CorpPk, *, cut: int, since: Key, limit: int
) -> list[Key]:
    """Keys from `since` on under which somebody had been removed until the cut."""
    rows = connection.execute(
        """
        SELECT DISTINCT key FROM journal
        WHERE corp_pk = %(corp_pk)s AND line_id <= %(cut)s AND key >= %(since)s
            AND key < %(behind)s AND decision = 'RemoveMember'
        ORDER BY key LIMIT %(limit)s
        """,
        {
            "corp_pk": corp_pk,
            "cut": cut,
            "since": since,
            "behind": _BEHIND_MEMBERS,
            "limit": limit,
        },
    ).fetchall()
    return [Key(row[0]) for row in rows]


def list_department_keys(
    connection: Connection, corp_pk: CorpPk, *, cut: int
) -> list[Key]:
    """Every department of which the journal had told until the cut."""
    rows = connection.execute(
        "SELECT DISTINCT key FROM journal WHERE corp_pk = %s AND line_id <= %s"
        " AND key > 'department:' AND key < 'department;'",
        [corp_pk, cut],
    ).fetchall()
    return [Key(row[0]) for row in rows]


def read_changed_keys(
    connection: Connection, corp_pk: CorpPk, *, since: int, until: int
) -> Iterator[list[Key]]:
    """What lines between two cuts are about, new userids too: some keys at a time."""
    with connection.cursor("changed_keys") as cursor:
        cursor.execute(
            f"""
            SELECT key FROM journal WHERE corp_pk = %(corp_pk)s
                AND line_id > %(since)s AND line_id <= %(until)s
            UNION
            SELECT {_RENAMED_TO} FROM journal
            WHERE corp_pk = %(corp_pk)s AND decision = 'RenameUserid'
                AND line_id > %(since)s AND line_id <= %(until)s
            ORDER BY key
            """,  # noqa: S608 - the inserted text is a constant of this module
            {"corp_pk": corp_pk, "since": since, "until": until},
        )
        while rows := cursor.fetchmany(_KEYS_AT_ONCE):
            yield [Key(row[0]) for row in rows]


def fold_keys(
    connection: Connection,
    corp_pk: CorpPk,
    keys: Iterable[Key],
    *,
    cut: int,
    data_key: DataKey | None,
) -> Folding:
    """These keys as they were at the cut; others that it shows may be incomplete.

    Shape: without the data key the personal fields are missing.
    Raises: BrokenJournal, SealBroken.
    """
    folding = Folding()
    for each in read_lines(connection, corp_pk, keys, cut=cut, data_key=data_key):
        folding.take(each.line)
    return folding


def read_lines(
    connection: Connection,
    corp_pk: CorpPk,
    keys: Iterable[Key],
    *,
    cut: int,
    data_key: DataKey | None,
) -> Iterator[NumberedLine]:
    """All lines up to the cut about these keys, and about whoever became one of them.

    Raises: SealBroken.
    """
    wanted = _with_former(connection, corp_pk, keys, cut=cut)
    with connection.cursor("lines_of_keys", row_factory=dict_row) as cursor:
        cursor.itersize = _FETCH_ROWS
        cursor.execute(
            "SELECT line_id, at, cause, run_id, decision, key, reason, before, after,"
            " personal FROM journal"
            " WHERE corp_pk = %s AND line_id <= %s AND key = ANY(%s) ORDER BY line_id",
            [corp_pk, cut, wanted],
        )
        for row in cursor:
            yield _numbered(row, data_key)


def _with_former(
    connection: Connection, corp_pk: CorpPk, keys: Iterable[Key], *, cut: int
) -> list[Key]:
    """The keys, and all under which their bearers were known before."""
    found = fresh = set(keys)
    while fresh:
        rows = connection.execute(
            f"SELECT key FROM journal WHERE corp_pk = %s AND line_id <= %s"  # noqa: S608 - a constant
            f" AND decision = 'RenameUserid' AND {_RENAMED_TO} = ANY(%s)",
            [corp_pk, cut, list(fresh)],
        ).fetchall()
        fresh = {Key(row[0]) for row in rows} - found
        found = found | fresh
    return list(found)


def _numbered(row: dict[str, Any], data_key: DataKey | None) -> NumberedLine:
    line = opened(row, data_key=data_key)
    told = ReplayLine(decision=line.decision, key=Key(line.key), after=line.after)
    return NumberedLine(line_id=line.line_id, line=told)
