"""What the address in a notice opens, and for whom."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from domain.ids import CorpPk, MemberPk
from domain.notices import LIVES
from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundNotice:
    """A member's notice in the batch whose address was opened.

    Shape: `used_at` once the member's link was made, by whatever way; `closed` says
        why it opens nothing any more: used, expired, merged or over.
    """

    notice_id: int
    kind: str
    state: str
    sent_at: datetime | None
    expires_at: datetime | None
    closed: str | None
    used_at: datetime | None
    is_expired: bool


def find_notice(
    connection: Connection, token: str, corp_pk: CorpPk, member_pk: MemberPk
) -> FoundNotice | None:
    """The member's notice in the batch of this address; None: it is another person's.

    Shape: ask `find_kind` first whether there is such an address at all.
    """
    with connection.cursor(row_factory=class_row(FoundNotice)) as cursor:
        cursor.execute(
            """
            SELECT notice_id, notices.kind, notices.state, sent_at, expires_at, closed,
                CASE WHEN closed = 'used' THEN closed_at END AS used_at,
                coalesce(expires_at, frozen_at + %(lives)s) <= clock_timestamp()
                    AS is_expired
            FROM notice_batches JOIN notices USING (batch_id)
            WHERE token_hash = %(hash)s AND notices.corp_pk = %(corp_pk)s
                AND member_pk = %(member_pk)s
            """,
            {
                "lives": LIVES,
                "hash": hash_token(token),
                "corp_pk": corp_pk,
                "member_pk": member_pk,
            },
        )
        return cursor.fetchone()


def find_kind(connection: Connection, token: str) -> str | None:
    """What the batch of this address asks, link or invite; None: no such address."""
    row = connection.execute(
        "SELECT kind FROM notice_batches WHERE token_hash = %s", [hash_token(token)]
    ).fetchone()
    return str(row[0]) if row else None


def hash_token(token: str) -> bytes:
    """What of a batch's token is kept."""
    return hashlib.sha256(token.encode()).digest()
