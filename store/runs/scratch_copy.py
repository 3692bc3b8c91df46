"""A corp's rows once more, in temporary tables: what is done to them changes nothing.

Temporary tables are found before those of the same name, so that the very statements
that would change the org work on the copy. What no copy was made of can only be read:
Postgres itself refuses to write it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from domain.ids import RunId
from store.connecting import connect
from store.database import Connection, StoreUnavailable
from store.org.corps import Corp

_STATEMENT_SECONDS = 300

# All accounts of the company, and all that what was read may show to be somebody's:
# who has the same mobile or e-mail as it is stored, or nearly as it was staged.
_ACCOUNTS = """
    account_id IN (
        SELECT account_id FROM public.memberships WHERE company_id = %(company_id)s
        UNION SELECT account_id FROM public.link_claims WHERE corp_pk = %(corp_pk)s
        UNION SELECT account_id FROM public.links WHERE company_id = %(company_id)s
        UNION SELECT former_account_id FROM public.links
        WHERE company_id = %(company_id)s
    ) OR mobile_e164 IN (
        SELECT match_mobile FROM public.members WHERE corp_pk = %(corp_pk)s
    ) OR email_folded IN (
        SELECT match_email FROM public.members WHERE corp_pk = %(corp_pk)s
    ) OR right(mobile_e164, 8) IN (
        SELECT right(regexp_replace(mobile, '[^0-9]', '', 'g'), 8)
        FROM public.staging, jsonb_path_query(value, '$.details.mobile') AS said,
            LATERAL (SELECT normalize(said #>> '{}', NFKC) AS mobile) AS told
        WHERE run_id = %(run_id)s AND kind = 'member'
    ) OR email_folded IN (
        SELECT lower(normalize(trim(said #>> '{}'), NFKC))
        FROM public.staging, jsonb_path_query(value,
            '$.details.keyvalue() ? (@.key like_regex "mail").value') AS said
        WHERE run_id = %(run_id)s AND kind = 'member'
    )
"""

# Which rows are copied, by the first of these columns that a table has.
_BY_COLUMN = {
    # What the company's earlier corps have left counts when people come back.
    "corp_pk": "corp_pk IN ("
    " SELECT corp_pk FROM public.corps WHERE company_id = %(company_id)s)",
    "run_id": "run_id = %(run_id)s",
    "mailbox": "mailbox = %(mailbox)s",
    "company_id": "company_id = %(company_id)s",
}
# Where it is others: none of the mail, and of the journal what the guard counts.
_BY_TABLE = {
    "inbox": "false",
    "journal": """
        corp_pk = %(corp_pk)s
        AND at > clock_timestamp() - make_interval(hours => %(hours)s)
        AND (decision LIKE 'Remove%%'
            OR decision IN ('AddMember', 'RestoreMember', 'AddDepartment')
            AND key IN (
                SELECT key FROM public.journal
                WHERE corp_pk = %(corp_pk)s AND decision LIKE 'Remove%%'
                    AND at > clock_timestamp() - make_interval(hours => %(hours)s)))
    """,
    "staging": "run_id = %(run_id)s",
    "run_pages": "run_id = %(run_id)s",
    # Applying does not look at them.
    "known_answers": "false",
    "accounts": _ACCOUNTS,
}


@dataclass(frozen=True, slots=True)
class Shadow:
    """The copies, and the one connection that sees them; like a pool, to be lent."""

    _connection: Connection
    # A run reads the next page beside the one it writes; here both have one connection.
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @contextmanager
    def connection(self, timeout: float | None = None) -> Iterator[Connection]:
        """The connection, in a transaction of its own that changes the copies alone."""
        with self._lock, self._connection.transaction():
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The connection in a transaction that may write what is named `public.…`."""
        with self._lock:
            self._connection.execute("SET default_transaction_read_only = off")
            with self._connection.transaction():
                yield self._connection

    def close(self, timeout: float = 5.0) -> None:
        """Let the copies go; they end with their connection."""
        self._connection.close()


@contextmanager
def cast_shadow(
    database_url: str, *, corp: Corp, run_id: RunId, window_hours: int
) -> Iterator[Shadow]:
    """Copies of all that a run of this corp may write, as they are at one moment.

    Shape: of the journal, the hours that the guard counts.
    Raises: StoreUnavailable.
    """
    try:
        with connect(database_url, statement_seconds=_STATEMENT_SECONDS) as connection:
            _copy(connection, corp, run_id, window_hours)
            connection.execute("SET default_transaction_read_only = on")
            yield Shadow(connection)
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StoreUnavailable(type(error).__name__) from error


def _copy(connection: Connection, corp: Corp, run_id: RunId, window_hours: int) -> None:
    values = {
        "corp_pk": corp.corp_pk,
        "run_id": run_id,
        "mailbox": corp.mailbox,
        "company_id": corp.company_id,
        "hours": window_hours,
    }
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        copied = [each for each in _tables(connection) if each.condition is not None]
        for table in copied:
            _copy_table(connection, table, values)
        _number_journal(connection)
    for table in copied:
        # A planner that takes a large copy for empty costs minutes.
        name = sql.Identifier(table.name)
        connection.execute(sql.SQL("ANALYZE pg_temp.{}").format(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    name: str
    columns: tuple[str, ...]
    identity: str | None

    @property
    def condition(self) -> str | None:
        """Which rows are copied; None for a table of no corp."""
        found = (_BY_COLUMN[each] for each in _BY_COLUMN if each in self.columns)
        return _BY_TABLE.get(self.name) or next(found, None)


def _tables(connection: Connection) -> list[_Table]:
    rows = connection.execute(
        """
        SELECT relname, array_agg(attname ORDER BY attnum),
            max(attname) FILTER (WHERE attidentity <> '')
        FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
            AND NOT relispartition AND attnum > 0 AND NOT attisdropped
            AND attgenerated = ''
        GROUP BY relname ORDER BY relname
        """
    ).fetchall()
    return [
        _Table(name=name, columns=tuple(columns), identity=identity)
        for name, columns, identity in rows
    ]


def _copy_table(
    connection: Connection, table: _Table, values: dict[str, object]
) -> None:
    name = sql.Identifier(table.name)
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    connection.execute(
        sql.SQL("CREATE TEMPORARY TABLE {0} (LIKE public.{0} INCLUDING ALL)").format(
            name
        )
    )
    connection.execute(
        sql.SQL(
            "INSERT INTO pg_temp.{0} ({1}) OVERRIDING SYSTEM VALUE"
            " SELECT {1} FROM public.{0} WHERE {2}"
        ).format(name, columns, sql.SQL(table.condition or "false")),
        values,
    )
    if table.identity is not None:
        _go_on_numbering(connection, table.name, table.identity)


def _go_on_numbering(connection: Connection, table: str, column: str) -> None:
    """New rows of the copy get numbers that no row of it has."""
    connection.execute(
        sql.SQL(
            "SELECT setval(pg_get_serial_sequence('pg_temp.' || {0}, {1}),"
            " (SELECT coalesce(max({2}), 0) + 1 FROM pg_temp.{3}), false)"
        ).format(
            sql.Literal(table),
            sql.Literal(column),
            sql.Identifier(column),
            sql.Identifier(table),
        )
    )


def _number_journal(connection: Connection) -> None:
    """The copy's lines are numbered on from the journal's, by a sequence of its own."""
    connection.execute("CREATE TEMPORARY SEQUENCE journal_ids")
    connection.execute(
        "SELECT setval('pg_temp.journal_ids',"
        " (SELECT last_value + 1 FROM public.journal_ids), false)"
    )
    connection.execute(
        "ALTER TABLE pg_temp.journal ALTER COLUMN line_id"
        " SET DEFAULT nextval('pg_temp.journal_ids')"
    )
