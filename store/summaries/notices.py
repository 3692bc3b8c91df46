"""Notices as the outside sees them: what was sent to whom, and what became of it."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSummary:
    """One notice.

    Shape: `cause` names what it comes from; of one cause there is one notice.
    """

    notice_id: int
    member_pk: int
    kind: str
    userid: str
    state: str
    reason: str | None
    cause: str
    queued_at: datetime
    sent_at: datetime | None
    expires_at: datetime | None
    closed: str | None


_SELECT = """
    SELECT notice_id, member_pk, kind, m.userid, notices.state, reason,
        CASE WHEN kind = 'approval' THEN 'plan:' || plan_id || ':' || member_pk
            WHEN kind = 'item' THEN 'change:' || change_id || ':' || member_pk
            WHEN kind = 'digest' THEN 'digest:' || notice_id
            ELSE kind || ':' || company_id || ':' || member_pk || ':' || round
        END AS cause, queued_at, sent_at, expires_at, closed
    FROM notices JOIN members AS m USING (corp_pk, member_pk)
"""


def list_notices(
    connection: Connection,
    corp_pk: int,
    *,
    before: int | None,
    limit: int,
    member_pk: int | None = None,
) -> list[NoticeSummary]:
    """The notices of a corp, or of one member, newest first, behind an id."""
    with connection.cursor(row_factory=class_row(NoticeSummary)) as cursor:
        cursor.execute(
            f"""
            {_SELECT}
            WHERE corp_pk = %(corp_pk)s
                AND notice_id < coalesce(%(before)s::bigint, 9223372036854775807)
                AND (%(member_pk)s::bigint IS NULL OR member_pk = %(member_pk)s)
            ORDER BY notice_id DESC LIMIT %(limit)s
            """,
            {
                "corp_pk": corp_pk,
                "before": before,
                "limit": limit,
                "member_pk": member_pk,
            },
        )
        return cursor.fetchall()


def find_last_question(
    connection: Connection, corp_pk: int, member_pk: int
) -> NoticeSummary | None:
    """What one member was asked last about their account."""
    with connection.cursor(row_factory=class_row(NoticeSummary)) as cursor:
        cursor.execute(
            f"{_SELECT} WHERE corp_pk = %s AND member_pk = %s"
            " AND kind IN ('link', 'invite')"
            " ORDER BY notice_id DESC LIMIT 1",
            [corp_pk, member_pk],
        )
        return cursor.fetchone()


def count_by_state(connection: Connection, corp_pk: int) -> dict[str, int]:
    """How many notices of a corp are in which state."""
    rows = connection.execute(
        "SELECT state, count(*) FROM notices WHERE corp_pk = %s GROUP BY state",
        [corp_pk],
    ).fetchall()
    return dict(rows)
