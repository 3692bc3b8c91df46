"""Sums over all tenants for the metrics; each is one cheap query."""

from dataclasses import dataclass

from psycopg.rows import class_row

from store.database import Connection

Counts = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """Mail in one state that still waits for something."""

    state: str
    rows: int
    oldest_seconds: float


def list_inbox_depth(connection: Connection) -> list[Depth]:
    """Unsettled mail by state with the age of the oldest."""
    with connection.cursor(row_factory=class_row(Depth)) as cursor:
        cursor.execute(
            """
            SELECT wanted.state, count(inbox.event_id) AS rows,
                coalesce(extract(epoch FROM clock_timestamp() - min(received_at)), 0)
                    ::float8 AS oldest_seconds
            FROM unnest(ARRAY['pending', 'parked', 'failed']) AS wanted (state)
            LEFT JOIN inbox ON inbox.state = wanted.state
            GROUP BY wanted.state ORDER BY wanted.state
            """
        )
        return cursor.fetchall()


def count_waiting_mailboxes(connection: Connection) -> Counts:
    """Mailboxes that may not be drained now, by the reason."""
    return _counts(
        connection,
        "SELECT coalesce(waits_for, 'unknown'), count(*)::float8 FROM mailboxes"
        " WHERE not_before > clock_timestamp() GROUP BY 1 ORDER BY 1",
    )


def count_corps(connection: Connection) -> Counts:
    """Corps by state."""
    return _counts(
        connection,
        "SELECT state, count(*)::float8 FROM corps GROUP BY 1 ORDER BY 1",
    )


def list_staleness(connection: Connection) -> Counts:
    """Seconds since linked corps were in step: median, 95th percentile, the worst.

    A corp that never was counts from its link on.
    """
    row = connection.execute(
        """
        SELECT percentile_disc(ARRAY[0.5, 0.95, 1.0]) WITHIN GROUP (
            ORDER BY extract(epoch FROM clock_timestamp()
                - coalesce(last_synced_at, linked_at, authorised_at))::float8)
        FROM corps WHERE state = 'linked'
        """
    ).fetchone()
    values = (row[0] if row else None) or []
    return dict(zip(("0.5", "0.95", "1"), values, strict=False))


def count_runs(connection: Connection) -> Counts:
    """Runs that are queued or running."""
    return _counts(
        connection,
        "SELECT state, count(*)::float8 FROM runs"
        " WHERE state IN ('queued', 'running') GROUP BY 1 ORDER BY 1",
    )


def count_held_plans(connection: Connection) -> int:
    """Plans of removals that wait for a person."""
    row = connection.execute(
        "SELECT count(*) FROM plans WHERE state = 'held'"
    ).fetchone()
    return row[0] if row else 0


def count_queued_notices(connection: Connection) -> int:
    """Notices that wait to be sent."""
    row = connection.execute(
        "SELECT count(*) FROM notices WHERE state = 'queued'"
    ).fetchone()
    return row[0] if row else 0


def count_pauses(connection: Connection) -> Counts:
    """Back-offs in force, by endpoint class: WeCom throttles or fails there."""
    return _counts(
        connection,
        "SELECT endpoint_class, count(*)::float8 FROM pauses"
        " WHERE until > clock_timestamp() GROUP BY 1 ORDER BY 1",
    )


def count_refusals(connection: Connection) -> Counts:
    """Callbacks refused so far, by reason."""
    return _counts(
        connection,
        "SELECT reason, sum(count)::float8 FROM refusals GROUP BY 1 ORDER BY 1",
    )


def count_gaps(connection: Connection) -> Counts:
    """Gaps that are open, by reason: events may be getting lost."""
    return _counts(
        connection,
        "SELECT reason, count(*)::float8 FROM gaps"
        " WHERE closed_at IS NULL GROUP BY 1 ORDER BY 1",
    )


def find_ticket_age(connection: Connection, suite_id: str) -> float | None:
    """Seconds since WeCom sent the newest ticket of the suite, or since it arrived."""
    row = connection.execute(
        "SELECT extract(epoch FROM clock_timestamp()"
        " - least(sent_at, received_at))::float8"
        " FROM suite_tickets WHERE suite_id = %s",
        [suite_id],
    ).fetchone()
    return row[0] if row else None


def count_receivers(connection: Connection, *, within_seconds: float) -> int:
    """Receiver processes that were heard of lately."""
    row = connection.execute(
        "SELECT count(*) FROM receivers"
        " WHERE beat_at > clock_timestamp() - make_interval(secs => %s)",
        [within_seconds],
    ).fetchone()
    return row[0] if row else 0


def _counts(connection: Connection, query: str) -> Counts:
    return dict(connection.execute(query).fetchall())
