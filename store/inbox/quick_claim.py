"""The usual claim as one statement: lease, mailbox and mail, if nothing is unusual."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from store.database import Connection
from store.inbox.claims import ClaimedMail
from store.inbox.leases import LEASE_SECONDS
from store.inbox.mailboxes import FULL_CLAIM


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickClaim:
    """A lease, and the mail that was claimed under it.

    Shape: no mail when there is none, or when something about the mailbox is unusual:
        it waits, its last worker died, it is cornering poison, a barrier or a burst
        stands in it. Then the mailbox has to be looked at step by step.
    """

    lease: UUID
    claimed_at: datetime
    mail: tuple[ClaimedMail, ...]


# Nobody waits until the disk has it: what a crash of Postgres takes back was only
# claimed, and whoever claimed it comes with a token then that no lease knows. The
# commit that applies anything waits, for all that was written before it as well.
_UNHURRIED = "set_config('synchronous_commit', 'off', true)"

# The statement sees the mailbox as it stood when it began. Whoever held the lease
# until a moment ago may have settled mail since: therefore each row is asked about its
# state once more where it is updated, and Postgres reads the newest there.
_CLAIM = f"""
    WITH lease AS (
        UPDATE leases SET token = %(lease)s,
            expires_at = clock_timestamp() + make_interval(secs => %(seconds)s)
        WHERE mailbox = (
            SELECT mailbox FROM leases
            WHERE mailbox = %(mailbox)s
                AND (token IS NULL OR expires_at < clock_timestamp())
            FOR UPDATE SKIP LOCKED
        )
        RETURNING token, {_UNHURRIED}
    ), due AS (
        SELECT event_id, received_at FROM inbox
        WHERE mailbox = %(mailbox)s AND state = 'pending'
            AND (not_before IS NULL OR not_before <= clock_timestamp())
            AND EXISTS (SELECT FROM lease)
        ORDER BY event_id LIMIT %(full)s
    ), box AS (
        UPDATE mailboxes SET open_claim = %(claim)s, worker = %(worker)s
        WHERE mailbox = %(mailbox)s AND open_claim IS NULL
            AND (not_before IS NULL OR not_before <= clock_timestamp())
            AND claim_limit >= %(full)s
            AND EXISTS (SELECT FROM due)
            AND NOT EXISTS (
                SELECT FROM inbox
                WHERE mailbox = %(mailbox)s AND state = 'pending' AND barrier)
            AND NOT EXISTS (
                SELECT FROM inbox
                WHERE mailbox = %(mailbox)s AND state = 'pending'
                    AND not_before IS NULL
                    AND received_at > clock_timestamp() - interval '1 second'
                OFFSET %(burst)s)
        RETURNING mailbox
    ), claimed AS (
        UPDATE inbox SET claim = %(claim)s, attempts = attempts + 1
        FROM due, box
        WHERE inbox.event_id = due.event_id
            AND inbox.received_at = due.received_at
            AND inbox.state = 'pending' AND NOT inbox.barrier
        RETURNING inbox.event_id, inbox.received_at, kind, change, key,
            sent_at, hint, barrier, attempts, late_asks, troubles
    )
    SELECT lease.token, clock_timestamp() AS claimed_at, claimed.*
    FROM lease LEFT JOIN claimed ON true ORDER BY event_id
"""  # noqa: S608 - a constant of this module

_MAIL = tuple(ClaimedMail.__dataclass_fields__)


def claim_quickly(
    connection: Connection,
    mailbox: str,
    *,
    lease: UUID,
    claim_id: UUID,
    burst_events: int,
    worker: str | None = None,
) -> QuickClaim | None:
    """Take a free lease, and what may be claimed under it at once; None if not free."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            _CLAIM,
            {
                "lease": lease,
                "seconds": LEASE_SECONDS,
                "mailbox": mailbox,
                "claim": claim_id,
                "worker": worker,
                "full": FULL_CLAIM,
                "burst": burst_events,
            },
        )
        rows = cursor.fetchall()
    if not rows:
        return None
    return QuickClaim(
        lease=rows[0]["token"],
        claimed_at=rows[0]["claimed_at"],
        mail=tuple(_mail(each) for each in rows if each["event_id"] is not None),
    )


def _mail(row: Mapping[str, Any]) -> ClaimedMail:
    return ClaimedMail(**{name: row[name] for name in _MAIL})
