"""Weekly partitions of the tables that grow for ever, made ahead of time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from psycopg import sql

from store.database import Connection

WEEKS_AHEAD = 3
_WEEK = timedelta(days=7)
# Readers and writers queue behind a table lock that is waited for.
_LOCK_WAIT = "1s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Partitioned:
    """A table by week; `column` tells the week, `rest` holds what fits nowhere."""

    table: str
    column: str

    @property
    def rest(self) -> str:
        """The default partition."""
        return f"{self.table}_rest"

    def name_of(self, week: date) -> str:
        """The partition of the week that begins on this Monday."""
        return f"{self.table}_{week:%Y%m%d}"


INBOX = Partitioned(table="inbox", column="received_at")
JOURNAL = Partitioned(table="journal", column="at")


def week_of(moment: datetime) -> date:
    """The Monday, in UTC, of the week in which a moment lies."""
    day = moment.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def list_weeks(connection: Connection, kind: Partitioned) -> list[date]:
    """The weeks that have a partition of their own, ascending."""
    rows = connection.execute(
        """
        SELECT child.relname FROM pg_inherits
        JOIN pg_class AS child ON child.oid = inhrelid
        WHERE inhparent = %s::regclass AND child.relname <> %s
        """,
        [kind.table, kind.rest],
    ).fetchall()
    days = [name.removeprefix(f"{kind.table}_") for (name,) in rows]
    return sorted(date.fromisoformat(day) for day in days)


def list_missing_weeks(
    connection: Connection, kind: Partitioned, *, now: datetime
) -> list[date]:
    """The weeks from this one on that should have a partition and have none."""
    known = set(list_weeks(connection, kind))
    first = week_of(now)
    wanted = [first + n * _WEEK for n in range(WEEKS_AHEAD + 1)]
    return [week for week in wanted if week not in known]


def add_week(connection: Connection, kind: Partitioned, week: date) -> None:
    """Make the partition of a week; rows that are in the default one move into it.

    Raises: StoreUnavailable, through the transaction, while a lock cannot be had.
    """
    name, rest = sql.Identifier(kind.name_of(week)), sql.Identifier(kind.rest)
    table, column = sql.Identifier(kind.table), sql.Identifier(kind.column)
    begin, end = (sql.Literal(f"{day} 00:00+00") for day in (week, week + _WEEK))
    connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(_LOCK_WAIT))
    # Who writes waits here, not where it was already led to the default partition,
    # which takes no rows of this week once this is committed.
    connection.execute(
        sql.SQL("LOCK TABLE ONLY {} IN SHARE ROW EXCLUSIVE MODE").format(table)
    )
    # Attaching would lock it as well, but only after the rows were looked for.
    connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(rest))
    connection.execute(
        sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(name, table)
    )
    connection.execute(
        sql.SQL(
            "WITH moved AS (DELETE FROM {} WHERE {} >= {} AND {} < {} RETURNING *)"
            " INSERT INTO {} SELECT * FROM moved"
        ).format(rest, column, begin, column, end, name)
    )
    connection.execute(
        sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})")
        .format(table, name, begin, end)
    )  # fmt: skip
    # Until somebody has counted its rows, the planner takes it for empty.
    connection.execute(sql.SQL("ANALYZE {}").format(name))


def drop_empty_week(connection: Connection, kind: Partitioned, week: date) -> bool:
    """Drop the partition of a week that is over, if no row is left in it."""
    name = sql.Identifier(kind.name_of(week))
    filled = connection.execute(
        sql.SQL("SELECT EXISTS (SELECT FROM {})").format(name)
    ).fetchone()
    if filled is None or filled[0]:
        return False
    connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(_LOCK_WAIT))
    connection.execute(sql.SQL("DROP TABLE {}").format(name))
    return True
