"""Removes what has served its time, some thousand rows at once."""

from store.database import Connection


def prune_inbox(connection: Connection, *, days: int, limit: int) -> int:
    """Remove settled mail of that age, keeping its sums so that the ledger balances.

    Mail that is pending, parked or failed stays, however old it is.
    """
    row = connection.execute(
        """
        WITH old AS (
            SELECT event_id, received_at FROM inbox
            WHERE received_at < clock_timestamp() - make_interval(days => %(days)s)
                AND state IN ('done', 'folded', 'ignored')
            LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        ), gone AS (
            DELETE FROM inbox USING old
            WHERE inbox.event_id = old.event_id
                AND inbox.received_at = old.received_at
            RETURNING mailbox, inbox.received_at, state, times_seen, own
        ), sums AS (
            INSERT INTO ledger_days AS known (
                mailbox, day, received, applied, folded, duplicate, ignored)
            SELECT mailbox, (received_at AT TIME ZONE 'UTC')::date, sum(times_seen),
                count(*) FILTER (WHERE state = 'done'),
                count(*) FILTER (WHERE state = 'folded'),
                sum(times_seen - 1),
                count(*) FILTER (WHERE state = 'ignored')
            FROM gone WHERE NOT own GROUP BY 1, 2
            ON CONFLICT (mailbox, day) DO UPDATE SET
                received = known.received + excluded.received,
                applied = known.applied + excluded.applied,
                folded = known.folded + excluded.folded,
                duplicate = known.duplicate + excluded.duplicate,
                ignored = known.ignored + excluded.ignored
        )
        SELECT count(*) FROM gone
        """,
        {"days": days, "limit": limit},
    ).fetchone()
    return int(row[0]) if row else 0


def prune_identities(connection: Connection, *, limit: int) -> int:
    """Forget identities older than the 48 hours in which a repeat is known."""
    return connection.execute(
        """
        DELETE FROM identities WHERE digest IN (
            SELECT digest FROM identities
            WHERE received_at < clock_timestamp() - interval '48 hours'
            LIMIT %s FOR UPDATE SKIP LOCKED)
        """,
        [limit],
    ).rowcount


def prune_requests(connection: Connection) -> int:
    """Forget request keys older than the 24 hours in which they give the same run."""
    return connection.execute(
        "DELETE FROM run_requests"
        " WHERE requested_at < clock_timestamp() - interval '24 hours'"
    ).rowcount


def prune_reads(connection: Connection) -> int:
    """Drop what the reads of ended runs have left behind."""
    dropped = connection.execute(
        """
        WITH RECURSIVE staged AS (
            (SELECT run_id FROM staging ORDER BY run_id LIMIT 1)
            UNION ALL
            SELECT (SELECT staging.run_id FROM staging
                WHERE staging.run_id > staged.run_id ORDER BY run_id LIMIT 1)
            FROM staged WHERE staged.run_id IS NOT NULL
        )
        DELETE FROM staging WHERE run_id = ANY (ARRAY(
            SELECT run_id FROM staged JOIN runs USING (run_id)
            WHERE state NOT IN ('queued', 'running')))
        """
    ).rowcount
    connection.execute(
        """
        DELETE FROM run_pages USING runs WHERE runs.run_id = run_pages.run_id
            AND ended_at < clock_timestamp() - interval '1 hour'
        """
    )
    return dropped


def prune_touched(connection: Connection) -> int:
    """Forget keys noted for a read that never came to ask them again."""
    return connection.execute(
        """
        DELETE FROM touched WHERE touched_at < clock_timestamp() - interval '1 day'
            AND NOT EXISTS (
                SELECT FROM runs
                WHERE runs.corp_pk = touched.corp_pk AND state = 'running')
        """
    ).rowcount
