"""Sessions that ended: what ends with them, and which clients are to be told."""

from dataclasses import dataclass
from typing import LiteralString

from psycopg.rows import class_row

from domain.ids import CorpPk, MemberPk
from store.database import Connection

# With a pause that doubles from 10 s to half an hour: about three hours.
MOST_ATTEMPTS = 12
_FIRST_PAUSE_SECONDS = 10
_LONGEST_PAUSE_SECONDS = 1800

_TELL: LiteralString = """
    INSERT INTO oidc_logouts (client_id, account_id, sid, corp_pk)
    SELECT DISTINCT client_id, account_id, sid, corp_pk FROM ended
    JOIN oidc_clients USING (client_id) WHERE back_channel_uri IS NOT NULL
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logout:
    """A client that is to be told that a session ended."""

    logout_id: int
    client_id: str
    account_id: str
    sid: str
    back_channel_uri: str
    attempts: int


def end_session(connection: Connection, sid: str) -> list[str]:
    """A browser session is over; the clients that are to be told.

    Shape: what was granted beyond the session (offline_access) lives on, as the
        standard has it; the rest ends.
    """
    told = connection.execute(
        "WITH ended AS (SELECT client_id, account_id, sid, corp_pk FROM oidc_grants"  # noqa: S608 - a constant
        f" WHERE sid = %s) {_TELL} RETURNING client_id",
        [sid],
    ).fetchall()
    connection.execute(
        "DELETE FROM oidc_grants WHERE sid = %s"
        " AND NOT 'offline_access' = ANY(string_to_array(scope, ' '))",
        [sid],
    )
    return [row[0] for row in told]


def end_with_client(
    connection: Connection, corp_pk: CorpPk, member_pk: MemberPk, client_id: str
) -> list[str]:
    """End all that a member granted to a client; the client, if it is to be told."""
    told = connection.execute(
        f"""
        WITH ended AS (
            DELETE FROM oidc_grants
            WHERE corp_pk = %s AND member_pk = %s AND client_id = %s
            RETURNING client_id, account_id, sid, corp_pk
        ) {_TELL} RETURNING client_id
        """,  # noqa: S608 - a constant
        [corp_pk, member_pk, client_id],
    ).fetchall()
    return sorted({row[0] for row in told})


def end_lost(connection: Connection) -> int:
    """End the grants of members who left, lost the scope, or are linked otherwise.

    A removal that is held ends nothing: it may never come.
    """
    row = connection.execute(
        f"""
        WITH ended AS (
            DELETE FROM oidc_grants WHERE grant_id IN (
                SELECT grant_id FROM oidc_grants AS g
                LEFT JOIN members AS m USING (corp_pk, member_pk)
                LEFT JOIN corps AS c USING (corp_pk)
                LEFT JOIN links AS l USING (corp_pk, member_pk)
                WHERE (m.state = 'active' AND m.employment <> 'left'
                    AND c.state IN ('linked', 'paused')
                    AND l.state = 'linked' AND l.account_id = g.account_id) IS NOT TRUE)
            RETURNING client_id, account_id, sid, corp_pk
        ), told AS ({_TELL})
        SELECT count(*) FROM ended
        """  # noqa: S608 - a constant
    ).fetchone()
    return int(row[0]) if row else 0


def list_due(connection: Connection, *, limit: int) -> list[str]:
    """The clients that are to be told something now."""
    rows = connection.execute(
        "SELECT DISTINCT client_id FROM oidc_logouts"
        " WHERE due_at <= clock_timestamp() LIMIT %s",
        [limit],
    ).fetchall()
    return [row[0] for row in rows]


def take_due(connection: Connection, client_id: str, *, limit: int) -> list[Logout]:
    """What to tell a client now, put off already: whoever dies over it loses none."""
    with connection.cursor(row_factory=class_row(Logout)) as cursor:
        cursor.execute(
            """
            UPDATE oidc_logouts SET attempts = attempts + 1,
                due_at = clock_timestamp() + make_interval(secs => least(
                    %(longest)s, %(first)s * 2 ^ attempts))
            FROM oidc_clients
            WHERE oidc_clients.client_id = oidc_logouts.client_id AND logout_id IN (
                SELECT logout_id FROM oidc_logouts
                WHERE client_id = %(client_id)s AND due_at <= clock_timestamp()
                ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
            RETURNING logout_id, oidc_logouts.client_id, account_id, sid,
                coalesce(back_channel_uri, '') AS back_channel_uri, attempts
            """,
            {
                "client_id": client_id,
                "limit": limit,
                "first": _FIRST_PAUSE_SECONDS,
                "longest": _LONGEST_PAUSE_SECONDS,
            },
        )
        return cursor.fetchall()


def forget(connection: Connection, logout_id: int) -> None:
    """The client was told, or cannot be."""
    connection.execute("DELETE FROM oidc_logouts WHERE logout_id = %s", [logout_id])


def prune(connection: Connection, *, limit: int) -> int:
    """Forget what nobody has told for a day: clients have ended it by themselves."""
    return connection.execute(
        """
        DELETE FROM oidc_logouts WHERE logout_id IN (
            SELECT logout_id FROM oidc_logouts
            WHERE due_at < clock_timestamp() - interval '1 day'
            LIMIT %s FOR UPDATE SKIP LOCKED)
        """,
        [limit],
    ).rowcount
