"""The outbox: what members are to be sent, by what cause, and what became of it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from domain.ids import CompanyId, CorpPk, MemberPk, Userid
from domain.links import CompanyOrigin, LinkState, NoticeKind
from domain.notices import (
    LIVES,
    REINVITE_WINDOW,
    Obstacle,
    Origin,
    Standing,
    kind_to_reinvite,
    may_reinvite,
    obstacle,
)
from domain.org import Employment, MemberState
from store.database import Connection

APPROVAL = "approval"

# Whose removal waits for an approval; `m` is the member.
IS_HELD = """
    EXISTS (
        SELECT 1 FROM plan_entries AS entry JOIN plans USING (plan_id)
        WHERE entry.corp_pk = m.corp_pk AND entry.key = 'member:' || m.userid
            AND entry.state = 'waiting' AND plans.state = 'held'
    )
"""


class NotInvitable(Exception):
    """The member must not be sent a notice now; `obstacle` says why."""

    def __init__(self, found: Obstacle) -> None:
        super().__init__(found.value)
        self.obstacle = found


class TooOften(Exception):
    """The member was invited again as often as a day allows."""


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


def queue_asked(
    connection: Connection,
    corp_pk: CorpPk,
    company_id: CompanyId,
    userids: Sequence[Userid],
) -> int:
    """Queue what is still to be asked of these members; how many notices that makes.

    Shape: reads their links, which this transaction may have just written.
    Repeats: while a notice of the same cause lives, nothing is queued.
    """
    return connection.execute(
        """
        INSERT INTO notices (corp_pk, member_pk, company_id, kind, round, origin)
        SELECT m.corp_pk, m.member_pk, link.company_id, link.asks, 1 + (
                SELECT coalesce(max(round), 0) FROM notices AS earlier
                WHERE earlier.corp_pk = m.corp_pk
                    AND earlier.member_pk = m.member_pk
                    AND earlier.company_id = link.company_id
                    AND earlier.kind = link.asks AND earlier.kind <> 'approval'
            ), 'sync'
        FROM members AS m JOIN links AS link USING (corp_pk, member_pk)
        WHERE m.corp_pk = %(corp_pk)s AND m.userid = ANY(%(userids)s)
            AND m.state = 'active' AND m.employment = 'working'
            AND link.company_id = %(company_id)s
            AND link.state = 'pending' AND link.asks IS NOT NULL
        ORDER BY m.member_pk
        ON CONFLICT DO NOTHING
        """,
        {"corp_pk": corp_pk, "company_id": company_id, "userids": list(userids)},
    ).rowcount


def note_answered(
    connection: Connection, corp_pk: CorpPk, userids: Sequence[Userid]
) -> None:
    """These members are linked: their notices are used, and unsent ones dropped."""
    connection.execute(
        """
        UPDATE notices SET closed = 'used', closed_at = clock_timestamp(),
            state = CASE WHEN notices.state = 'queued' AND batch_id IS NULL
                THEN 'dropped' ELSE notices.state END,
            reason = CASE WHEN notices.state = 'queued' AND batch_id IS NULL
                THEN 'linked' ELSE reason END
        FROM members AS m
        WHERE notices.corp_pk = %s AND m.corp_pk = notices.corp_pk
            AND m.member_pk = notices.member_pk AND m.userid = ANY(%s)
            AND m.state = 'active' AND kind <> 'approval' AND closed IS NULL
        """,
        [corp_pk, list(userids)],
    )


def reinvite(
    connection: Connection,
    corp_pk: CorpPk,
    member_pk: MemberPk,
    *,
    invited_by: MemberPk | None = None,
) -> int:
    """Queue one more notice for a member, because a person wants it; its id.

    Ring the corp's notices after the commit.

    Raises: NotInvitable when they are linked, held, or not working here any more;
        TooOften for the fourth in 24 hours; LookupError when there is no such member.
    """
    found = _Invited.read(connection, corp_pk, member_pk)
    kind = kind_to_reinvite(found.standing.asks, origin=CompanyOrigin(found.origin))
    barred = obstacle(found.standing, kind=kind, origin=Origin.PERSON)
    if barred is not None:
        raise NotInvitable(barred)
    if not may_reinvite(_count_reinvites(connection, corp_pk, member_pk)):
        raise TooOften
    row = connection.execute(
        """
        INSERT INTO notices
            (corp_pk, member_pk, company_id, kind, round, origin, invited_by)
        SELECT %(corp_pk)s, %(member_pk)s, %(company_id)s, %(kind)s, 1 + (
                SELECT coalesce(max(round), 0) FROM notices
                WHERE corp_pk = %(corp_pk)s AND member_pk = %(member_pk)s
                    AND company_id = %(company_id)s AND kind = %(kind)s
                    AND kind <> 'approval'
            ), 'person', %(invited_by)s
        RETURNING notice_id
        """,
        {
            "corp_pk": corp_pk,
            "member_pk": member_pk,
            "company_id": found.company_id,
            "kind": kind.value,
            "invited_by": invited_by,
        },
    ).fetchone()
    assert row is not None  # noqa: S101 - INSERT without conflict always returns.
    return int(row[0])


def find_inviter(
    connection: Connection, corp_pk: CorpPk, member_pk: MemberPk
) -> Userid | None:
    """Who had a notice sent again, while they are there."""
    row = connection.execute(
        "SELECT userid FROM members WHERE corp_pk = %s AND member_pk = %s"
        " AND state = 'active'",
        [corp_pk, member_pk],
    ).fetchone()
    return Userid(row[0]) if row else None


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


def expire(connection: Connection, *, limit: int) -> int:
    """Close notices that were sent fourteen days ago and that nobody has used."""
    return connection.execute(
        """
        UPDATE notices SET closed = 'expired', closed_at = clock_timestamp()
        WHERE (corp_pk, notice_id) IN (
            SELECT corp_pk, notice_id FROM notices
            WHERE closed IS NULL AND expires_at <= clock_timestamp()
            ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED
        )
        """,
        [limit],
    ).rowcount


def absorb(
    connection: Connection, corp_pk: CorpPk, *, kept: MemberPk, absorbed: MemberPk
) -> None:
    """A member turns out to be another one: their notices go over, and are closed."""
    connection.execute(
        """
        DELETE FROM notices AS double USING notices AS own
        WHERE double.corp_pk = %s AND double.member_pk = %s
            AND own.corp_pk = double.corp_pk AND own.member_pk = %s
            AND double.kind = 'approval' AND own.plan_id = double.plan_id
        """,
        [corp_pk, absorbed, kept],
    )
    connection.execute(
        """
        UPDATE notices SET member_pk = %(kept)s, closed = coalesce(closed, 'merged'),
            closed_at = coalesce(closed_at, clock_timestamp()),
            round = round + (
                SELECT coalesce(max(round), 0) FROM notices AS others
                WHERE others.corp_pk = %(corp_pk)s AND others.member_pk = %(kept)s),
            state = CASE WHEN state = 'queued' AND batch_id IS NULL THEN 'dropped'
                ELSE state END,
            reason = CASE WHEN state = 'queued' AND batch_id IS NULL THEN 'removed'
                ELSE reason END
        WHERE corp_pk = %(corp_pk)s AND member_pk = %(absorbed)s
        """,
        {"corp_pk": corp_pk, "kept": kept, "absorbed": absorbed},
    )
    connection.execute(
        "UPDATE notices SET invited_by = %s WHERE corp_pk = %s AND invited_by = %s",
        [kept, corp_pk, absorbed],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Invited:
    """A member to be invited again, locked for this transaction."""

    company_id: str
    origin: str
    standing: Standing

    @classmethod
    def read(
        cls, connection: Connection, corp_pk: CorpPk, member_pk: MemberPk
    ) -> "_Invited":
        row = connection.execute(
            f"""
            SELECT company_id, companies.origin, m.state, m.employment, {IS_HELD},
                coalesce(link.state, 'none'), link.asks
            FROM members AS m
            JOIN corps USING (corp_pk) JOIN companies USING (company_id)
            LEFT JOIN (SELECT corp_pk, member_pk, state, asks FROM links) AS link
                USING (corp_pk, member_pk)
            WHERE m.corp_pk = %s AND m.member_pk = %s
            FOR UPDATE OF m
            """,  # noqa: S608 - a constant of this module
            [corp_pk, member_pk],
        ).fetchone()
        if row is None:
            raise LookupError(f"no member {member_pk} of corp {corp_pk}")
        company_id, origin, *standing = row
        return cls(
            company_id=company_id, origin=origin, standing=standing_of(*standing)
        )


def standing_of(
    state: str, employment: str, held: bool, link: str, asks: str | None
) -> Standing:
    """A member's standing from the columns that tell it."""
    return Standing(
        state=MemberState(state),
        employment=Employment(employment),
        held=held,
        link=LinkState(link),
        asks=None if asks is None else NoticeKind(asks),
    )


def _count_reinvites(
    connection: Connection, corp_pk: CorpPk, member_pk: MemberPk
) -> int:
    row = connection.execute(
        "SELECT count(*) FROM notices WHERE corp_pk = %s AND member_pk = %s"
        " AND origin = 'person' AND queued_at > clock_timestamp() - %s",
        [corp_pk, member_pk, REINVITE_WINDOW],
    ).fetchone()
    return int(row[0]) if row else 0
