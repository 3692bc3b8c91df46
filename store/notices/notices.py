"""The outbox: what members are to be sent, by what cause, and what became of it."""

from collections.abc import Sequence

from domain.ids import CompanyId, CorpPk, MemberPk, Userid
from store.database import Connection

APPROVAL = "approval"
ITEM = "item"
DIGEST = "digest"


def queue_asked(
    connection: Connection,
    corp_pk: CorpPk,
    company_id: CompanyId,
    userids: Sequence[Userid],
    *,
    events: Sequence[int | None] | None = None,
) -> int:
    """Queue what is still to be asked of these members; how many notices that makes.

    Shape: `events` are the mail that calls for each, in the same order. Reads their
        links, which this transaction may have just written.
    Repeats: while a notice of the same cause lives, nothing is queued.
    """
    return connection.execute(
        """
        INSERT INTO notices (corp_pk, member_pk, company_id, kind, round, origin,
            events)
        SELECT m.corp_pk, m.member_pk, link.company_id, link.asks, 1 + (
                SELECT coalesce(max(round), 0) FROM notices AS earlier
                WHERE earlier.corp_pk = m.corp_pk
                    AND earlier.member_pk = m.member_pk
                    AND earlier.company_id = link.company_id
                    AND earlier.kind = link.asks AND earlier.kind IN ('link', 'invite')
            ), 'sync', array_remove(ARRAY[(
                SELECT event_id
                FROM unnest(%(userids)s::text[], %(events)s::bigint[])
                    AS given (userid, event_id)
                WHERE given.userid = m.userid LIMIT 1
            )], NULL)
        FROM members AS m JOIN links AS link USING (corp_pk, member_pk)
        WHERE m.corp_pk = %(corp_pk)s AND m.userid = ANY(%(userids)s)
            AND m.state = 'active' AND m.employment = 'working'
            AND link.company_id = %(company_id)s
            AND link.state = 'pending' AND link.asks IS NOT NULL
        ORDER BY m.member_pk
        ON CONFLICT DO NOTHING
        """,
        {
            "corp_pk": corp_pk,
            "company_id": company_id,
            "userids": list(userids),
            "events": list(events or [None] * len(userids)),
        },
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
            AND m.state = 'active' AND kind IN ('link', 'invite') AND closed IS NULL
        """,
        [corp_pk, list(userids)],
    )


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
            AND (double.kind = 'approval' AND own.plan_id = double.plan_id
                OR double.kind = 'item' AND own.change_id = double.change_id)
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
