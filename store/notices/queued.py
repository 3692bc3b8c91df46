"""Notices that wait to be sent, and how their members stand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from domain.ids import CompanyId, CorpPk, MemberPk, Userid
from domain.items.quiet_hours import QuietHours
from domain.notices import MEMBER_PER_DAY, MEMBER_PER_MINUTE, Origin, RecipientStanding
from store.database import Connection
from store.notices.batches import NoticeBatch
from store.notices.notices import DIGEST, ITEM
from store.notices.recipients import IS_HELD, standing_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A notice that waits to be sent, locked for this transaction.

    Shape: `open_plan`: its plan still waits for somebody; `crowded`: its member got
        as many messages within the last minute as we allow, the first of them
        `minute_ends` minus a minute ago; `spent`: as many as we allow in a day.
        `change_id` and `changes` are what an item's card or a digest tells; `switch`:
        whether their company has item notices, None where it leaves that to us.
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
    minute_ends: datetime | None
    spent: bool
    company_id: CompanyId
    change_id: int | None
    changes: tuple[int, ...]
    language: str | None
    plain: bool
    quiet: QuietHours | None
    switch: str | None
    events: tuple[int, ...] = ()

    @property
    def group(self) -> tuple[object, ...]:
        """What notices must share to have one text."""
        told = self.change_id, self.changes, self.language, self.plain
        return self.kind, self.invited_by, self.plan_id, *told

    @property
    def is_of_items(self) -> bool:
        """Whether it tells of items, and nobody is asked anything."""
        return self.kind in {ITEM, DIGEST}


_SELECT = f"""
    SELECT notice_id, notices.kind, notices.origin, invited_by, notices.plan_id,
        m.userid, m.state, m.employment, {IS_HELD} AS held,
        coalesce(link.state, 'none') AS link, link.asks,
        coalesce(plan.state = 'held', false) AS open_plan,
        lately.minute >= {MEMBER_PER_MINUTE} AS crowded, lately.minute_ends,
        lately.day >= {MEMBER_PER_DAY} AS spent, notices.company_id, change_id,
        changes, notices.language, notices.events, quiet_from, quiet_to,
        (SELECT item_notices ->> 'switch' FROM companies
            WHERE companies.company_id = notices.company_id) AS switch,
        notices.plain OR coalesce(deliveries.cards_refused_at
            > clock_timestamp() - interval '1 hour', false) AS plain
    FROM notices
    CROSS JOIN LATERAL (
        SELECT count(*) AS day,
            count(*) FILTER (WHERE tried_at > minute_began) AS minute,
            min(tried_at) FILTER (WHERE tried_at > minute_began)
                + interval '1 minute' AS minute_ends
        FROM notices AS sent CROSS JOIN (
            SELECT clock_timestamp() - interval '1 minute' AS minute_began
        ) AS clock
        WHERE sent.corp_pk = notices.corp_pk AND sent.member_pk = notices.member_pk
            AND sent.tried_at > least(%(day_began)s::timestamptz, minute_began)
    ) AS lately
    JOIN members AS m USING (corp_pk, member_pk)
    LEFT JOIN links AS link USING (corp_pk, member_pk)
    LEFT JOIN plans AS plan ON plan.plan_id = notices.plan_id
    LEFT JOIN deliveries ON deliveries.corp_pk = notices.corp_pk
    LEFT JOIN item_preferences AS wishes ON wishes.corp_pk = notices.corp_pk
        AND wishes.member_pk = notices.member_pk
"""  # noqa: S608 - constants of the domain and of this room


def lock_queued(
    connection: Connection, corp_pk: CorpPk, *, limit: int, day_began: datetime
) -> list[Queued]:
    """The oldest notices that may be sent now, with how their members stand."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            f"""
            {_SELECT}
            WHERE notices.corp_pk = %(corp_pk)s AND notices.state = 'queued'
                AND batch_id IS NULL AND notices.not_before <= clock_timestamp()
            ORDER BY notice_id LIMIT %(limit)s
            FOR UPDATE OF notices SKIP LOCKED
            """,
            {"corp_pk": corp_pk, "limit": limit, "day_began": day_began},
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
            WHERE notices.corp_pk = %(corp_pk)s AND notice_id = ANY(%(ids)s)
                AND batch_id = %(batch_id)s AND closed IS NULL
            """,
            {
                "corp_pk": corp_pk,
                "ids": list(batch.userids),
                "batch_id": batch.batch_id,
                # What was sent today does not matter to what is on its way.
                "day_began": "infinity",
            },
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


def _quiet(begin: str | None, end: str | None) -> QuietHours | None:
    return None if begin is None or end is None else QuietHours.parse(begin, end)


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
        minute_ends=row["minute_ends"],
        spent=row["spent"],
        company_id=row["company_id"],
        change_id=row["change_id"],
        changes=tuple(row["changes"] or ()),
        language=row["language"],
        plain=row["plain"],
        quiet=_quiet(row["quiet_from"], row["quiet_to"]),
        switch=row["switch"],
        events=tuple(row["events"]),
    )
