"""Where every event of a day went; the sums balance, pruned rows included.

Mail by which a drain asks again was never received: it is counted while it is pending,
parked or failed, so that nobody takes a day for settled that is not, and then no more.
"""

from dataclasses import dataclass
from datetime import date

from psycopg.rows import class_row

from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Events received on one day in UTC, by what became of them."""

    received: int
    applied: int
    folded: int
    duplicate: int
    ignored: int
    pending: int
    parked: int
    failed: int

    @property
    def balances(self) -> bool:
        """Whether nothing is lost: received is the sum of the rest."""
        rest = self.applied + self.folded + self.duplicate + self.ignored
        return self.received == rest + self.pending + self.parked + self.failed


def get_ledger(
    connection: Connection, day: date, *, mailboxes: list[str] | None
) -> Ledger:
    """The ledger of a day over some mailboxes; None takes all of them.

    Repeats: rows and the sums of pruned rows are read in one snapshot, so a pruning
    that runs meanwhile counts nothing twice.
    """
    with connection.cursor(row_factory=class_row(Ledger)) as cursor:
        cursor.execute(
            """
            WITH rows AS (
                SELECT state, times_seen FROM inbox
                WHERE received_at >= %(day)s::timestamp AT TIME ZONE 'UTC'
                    AND received_at < (%(day)s + 1)::timestamp AT TIME ZONE 'UTC'
                    AND (%(boxes)s::text[] IS NULL OR mailbox = ANY(%(boxes)s))
                    AND NOT (own AND state IN ('done', 'folded', 'ignored'))
            ), parts AS (
                SELECT sum(times_seen) AS received,
                    count(*) FILTER (WHERE state = 'done') AS applied,
                    count(*) FILTER (WHERE state = 'folded') AS folded,
                    sum(times_seen - 1) AS duplicate,
                    count(*) FILTER (WHERE state = 'ignored') AS ignored,
                    count(*) FILTER (WHERE state = 'pending') AS pending,
                    count(*) FILTER (WHERE state = 'parked') AS parked,
                    count(*) FILTER (WHERE state = 'failed') AS failed
                FROM rows
                UNION ALL
                SELECT received, applied, folded, duplicate, ignored, pending, parked,
                    failed
                FROM ledger_days
                WHERE day = %(day)s
                    AND (%(boxes)s::text[] IS NULL OR mailbox = ANY(%(boxes)s))
            )
            SELECT coalesce(sum(received), 0)::bigint AS received,
                coalesce(sum(applied), 0)::bigint AS applied,
                coalesce(sum(folded), 0)::bigint AS folded,
                coalesce(sum(duplicate), 0)::bigint AS duplicate,
                coalesce(sum(ignored), 0)::bigint AS ignored,
                coalesce(sum(pending), 0)::bigint AS pending,
                coalesce(sum(parked), 0)::bigint AS parked,
                coalesce(sum(failed), 0)::bigint AS failed
            FROM parts
            """,
            {"day": day, "boxes": mailboxes},
        )
        return cursor.fetchall()[0]
