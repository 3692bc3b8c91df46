"""What people said about a member's link, as their page tells it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimSummary:
    """One statement; `taken_at` is when a worker decided by it."""

    claim_id: int
    kind: str
    account_id: str | None
    said_by: str
    said_at: datetime
    taken_at: datetime | None


def list_claims(
    connection: Connection, corp_pk: int, member_pk: int, *, limit: int
) -> Sequence[ClaimSummary]:
    """The newest statements about a member, newest first."""
    with connection.cursor(row_factory=class_row(ClaimSummary)) as cursor:
        cursor.execute(
            """
            SELECT claim_id, kind, account_id, said_by, said_at, taken_at
            FROM link_claims WHERE corp_pk = %s AND member_pk = %s
            ORDER BY claim_id DESC LIMIT %s
            """,
            [corp_pk, member_pk, limit],
        )
        return cursor.fetchall()


def is_taken(connection: Connection, corp_pk: int, claim_id: int) -> bool:
    """Whether a worker has decided by a statement."""
    row = connection.execute(
        "SELECT 1 FROM link_claims"
        " WHERE corp_pk = %s AND claim_id = %s AND taken_at IS NOT NULL",
        [corp_pk, claim_id],
    ).fetchone()
    return row is not None


def lock_member(connection: Connection, corp_pk: int, member_pk: int) -> None:
    """Have others who speak about this member wait for the end of this transaction."""
    connection.execute(
        "SELECT 1 FROM members WHERE corp_pk = %s AND member_pk = %s FOR NO KEY UPDATE",
        [corp_pk, member_pk],
    )
