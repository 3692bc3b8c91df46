"""The usual apply begins in one statement, and settles and ends in one."""

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg.rows import class_row

from domain.ids import CorpPk
from store.database import Connection
from store.inbox import leases, mailboxes, settlement
from store.inbox.claims import ClaimedBatch
from store.inbox.leases import LEASE_SECONDS, LeaseLost
from store.inbox.settlement import Settled


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMatters:
    """What is open about a corp beside its org, so that whoever applies sees to it.

    Shape: whether removals wait in plans, absences are undecided, testimony is kept,
        and whether a run reads at this moment.
    """

    plans: bool
    absences: bool
    testimony: bool
    reading: bool


# The statement sees the corp as it stood when it began, which may be before it had both
# locks. Plans, absences and testimony are written under the lease, which has been ours
# since before; and a run that starts meanwhile asks later than we did.
_BEGIN = """
    WITH lease AS (
        UPDATE leases
        SET expires_at = clock_timestamp() + make_interval(secs => %(seconds)s)
        WHERE mailbox = %(mailbox)s AND token = %(token)s
        RETURNING mailbox
    ), corp AS (
        SELECT corp_pk FROM corps
        WHERE corp_pk = %(corp_pk)s AND EXISTS (SELECT FROM lease)
        FOR UPDATE
    )
    SELECT
        EXISTS (SELECT FROM plan_entries
            WHERE corp_pk = %(corp_pk)s AND state = 'waiting') AS plans,
        EXISTS (SELECT FROM absences WHERE corp_pk = %(corp_pk)s) AS absences,
        EXISTS (SELECT FROM testimony WHERE corp_pk = %(corp_pk)s) AS testimony,
        EXISTS (SELECT FROM runs
            WHERE corp_pk = %(corp_pk)s AND state = 'running') AS reading
    FROM lease, corp
"""

_END = f"""
    WITH settled AS ({settlement.SETTLE}), noted AS ({mailboxes.NOTE_OUTCOME})
    {leases.RELEASE}
"""


def begin_apply(
    connection: Connection, claim: ClaimedBatch, corp_pk: CorpPk
) -> OpenMatters:
    """Lock lease and corp for this transaction, and see what else is open.

    Raises: LeaseLost, for a corp that was taken away too.
    """
    with connection.cursor(row_factory=class_row(OpenMatters)) as cursor:
        cursor.execute(
            _BEGIN,
            {
                "seconds": LEASE_SECONDS,
                "mailbox": claim.mailbox,
                "token": claim.lease,
                "corp_pk": corp_pk,
            },
        )
        matters = cursor.fetchone()
    if matters is None:
        raise LeaseLost(claim.mailbox)
    return matters


def settle_and_end(
    connection: Connection,
    claim: ClaimedBatch,
    outcomes: Mapping[int, tuple[Settled, str]],
) -> None:
    """Settle the last of a claim, note that all went well, and give the lease back.

    The lease is checked in the same transaction, and nobody gets it before the commit.
    """
    connection.execute(
        _END,
        {
            **settlement.settling(claim, outcomes),
            "mailbox": claim.mailbox,
            "full": mailboxes.FULL_CLAIM,
            "token": claim.lease,
        },
    )
