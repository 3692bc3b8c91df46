"""What a transaction has written that is rolled back: what would have been."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row, dict_row

from domain.ids import CorpPk, Key
from store.database import Connection
from store.inbox.claims import ClaimedMail
from store.sealing import DataKey

_MAIL = ", ".join(ClaimedMail.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalMark:
    """A moment at which nobody wrote a corp's org: its time, and the last line."""

    at: datetime
    line_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRemoval:
    """A removal that waits; `is_new` when its plan was made in this transaction."""

    key: str
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str
    decision: str
    plan_id: str
    plan_state: str
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchedNotice:
    """A notice that this transaction has queued or closed."""

    userid: str
    kind: str
    state: str


def mark(connection: Connection) -> JournalMark:
    """Where the journal is, for a transaction that holds the corp's lock."""
    rows = connection.execute(
        "SELECT clock_timestamp(), last_value FROM journal_ids"
    ).fetchall()
    return JournalMark(at=rows[0][0], line_id=rows[0][1])


def has_changed(
    connection: Connection,
    corp_pk: CorpPk,
    *,
    since: JournalMark,
    keys: Collection[Key],
) -> bool:
    """Whether one of these keys, or the tree, was changed by another since then."""
    row = connection.execute(
        """
        SELECT EXISTS (
            SELECT FROM journal WHERE corp_pk = %(corp_pk)s AND line_id > %(line)s
                AND at > %(at)s - interval '10 minutes'
                AND (key = ANY(%(keys)s) OR key NOT LIKE 'member:%%'))
        """,
        {
            "corp_pk": corp_pk,
            "line": since.line_id,
            "at": since.at,
            "keys": list(keys),
        },
    ).fetchone()
    return bool(row and row[0])


def list_due_mail(
    connection: Connection, mailbox: str, keys: Collection[Key]
) -> list[ClaimedMail]:
    """The mail about these keys that the next drain would take."""
    with connection.cursor(row_factory=class_row(ClaimedMail)) as cursor:
        cursor.execute(
            f"""
            SELECT {_MAIL} FROM inbox
            WHERE mailbox = %s AND state = 'pending' AND key = ANY(%s) AND NOT barrier
                AND (not_before IS NULL OR not_before <= clock_timestamp())
            ORDER BY event_id
            """,  # noqa: S608 - the names of a class
            [mailbox, list(keys)],
        )
        return cursor.fetchall()


def list_waiting(
    connection: Connection,
    corp_pk: CorpPk,
    keys: Collection[Key],
    *,
    data_key: DataKey,
) -> list[WaitingRemoval]:
    """The removals of these keys that wait, each in its newest plan."""
    if not keys:
        return []
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (entry.key) entry.key, entry.before, entry.after,
                entry.personal, entry.reason, entry.decision, plan.plan_id,
                plan.state AS plan_state, plan.created_at >= now() AS is_new
            FROM plan_entries AS entry JOIN plans AS plan USING (plan_id)
            WHERE entry.corp_pk = %s AND entry.key = ANY(%s)
                AND entry.state = 'waiting' AND plan.state IN ('held', 'rejected')
            ORDER BY entry.key, plan.created_at DESC
            """,
            [corp_pk, list(keys)],
        )
        return [_opened(row, data_key) for row in cursor]


def list_touched_notices(
    connection: Connection, corp_pk: CorpPk
) -> Sequence[TouchedNotice]:
    """The notices that were queued or closed since this transaction began."""
    with connection.cursor(row_factory=class_row(TouchedNotice)) as cursor:
        cursor.execute(
            """
            SELECT m.userid, n.kind, n.state
            FROM notices AS n JOIN members AS m USING (corp_pk, member_pk)
            WHERE n.corp_pk = %s AND (n.queued_at >= now() OR n.closed_at >= now())
            ORDER BY n.notice_id LIMIT 20
            """,
            [corp_pk],
        )
        return cursor.fetchall()


def _opened(row: dict[str, Any], data_key: DataKey) -> WaitingRemoval:
    sealed = row.pop("personal")
    personal = data_key.open(sealed) if sealed is not None else {}
    row["before"] = row["before"] | personal.get("before", {})
    row["after"] = row["after"] | personal.get("after", {})
    return WaitingRemoval(**row)
