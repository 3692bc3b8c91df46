"""Notices that wait to be sent, and how their members stand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg.rows import dict_row

from domain.ids import CorpPk, MemberPk, Userid
from domain.notices import MEMBER_PER_MINUTE, Origin, RecipientStanding
from store.database import Connection
from store.notices.batches import NoticeBatch
from store.notices.recipients import IS_HELD, standing_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A notice that waits to be sent, locked for this transaction.

    Shape: `open_plan`: its plan still waits for somebody; `crowded`: its member got
        as many messages within the last minute as we allow.
    """

    notice_id: int
    kind: str
    origin: Origin
    userid: Userid
    standing: RecipientStanding
    invited_by: MemberPk | None
    plan_id: str | None
    open_plan: bool
    crowded: bool

    @property
    def group(self) -> tuple[str, MemberPk | None, str | None]:
        """What notices must share to have one text."""
        return self.kind, self.invited_by, self.plan_id


_SELECT = f"""
    SELECT notice_id, notices.kind, notices.origin, invited_by, notices.plan_id,
        m.userid, m.state, m.employment, {IS_HELD} AS held,
        coalesce(link.state, 'none') AS link, link.asks,
        coalesce(plan.state = 'held', false) AS open_plan,
        (SELECT count(*) FROM notices AS sent
            WHERE sent.corp_pk = notices.corp_pk
                AND sent.member_pk = notices.member_pk
                AND sent.tried_at > clock_timestamp() - interval '1 minute'
        ) >= {MEMBER_PER_MINUTE} AS crowded
    FROM notices
    JOIN members AS m USING (corp_pk, member_pk)
    LEFT JOIN links AS link USING (corp_pk, member_pk)
    LEFT JOIN plans AS plan ON plan.plan_id = notices.plan_id
"""  # noqa: S608 - constants of the domain and of this room


def lock_queued(connection: Connection, corp_pk: CorpPk, *, limit: int) -> list[Queued]:
    """The oldest notices that may be sent now, with how their members stand."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            f"""
            {_SELECT}
            WHERE notices.corp_pk = %(corp_pk)s AND notices.state = 'queued'
                AND batch_id IS NULL AND not_before <= clock_timestamp()
            ORDER BY notice_id LIMIT %(limit)s
            FOR UPDATE OF notices SKIP LOCKED
            """,
            {"corp_pk": corp_pk, "limit": limit},
        )
        return [_queued(row) for row in cursor]


def list_open(
    connection: Connection, corp_pk: CorpPk, batch: NoticeBatch
) -> list[Queued]:
    """The notices of a batch that nobody has answered, as their members stand now."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            f"""
            {_SELECT}
            WHERE notices.corp_pk = %s AND notice_id = ANY(%s)
                AND batch_id = %s AND closed IS NULL
            """,
            [corp_pk, list(batch.userids), batch.batch_id],
        )
        return [_queued(row) for row in cursor]


def drop(connection: Connection, corp_pk: CorpPk, reasons: Mapping[int, str]) -> None:
    """These notices are not sent, each for its reason, and ask nothing any more."""
    connection.execute(
        """
        UPDATE notices SET state = 'dropped', reason = given.reason, closed = 'over',
            closed_at = clock_timestamp()
        FROM unnest(%(ids)s::bigint[], %(reasons)s::text[]) AS given (id, reason)
        WHERE corp_pk = %(corp_pk)s AND notice_id = given.id
        """,
        {
            "corp_pk": corp_pk,
            "ids": list(reasons),
            "reasons": list(reasons.values()),
        },
    )


def put_off(
    connection: Connection, corp_pk: CorpPk, ids: Iterable[int], *, seconds: float
) -> None:
    """These notices wait, and others go first."""
    connection.execute(
        "UPDATE notices SET not_before = clock_timestamp() + make_interval(secs => %s)"
        " WHERE corp_pk = %s AND notice_id = ANY(%s)",
        [seconds, corp_pk, list(ids)],
    )


def _queued(row: dict[str, Any]) -> Queued:
    standing = standing_of(
        row["state"], row["employment"], row["held"], row["link"], row["asks"]
    )
    return Queued(
        notice_id=row["notice_id"],
        kind=row["kind"],
        origin=Origin(row["origin"]),
        userid=Userid(row["userid"]),
        standing=standing,
        invited_by=row["invited_by"],
        plan_id=row["plan_id"],
        open_plan=row["open_plan"],
        crowded=row["crowded"],
    )
