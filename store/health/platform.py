"""What is out of step for everybody: tickets, gaps, workers, the oldest mail."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from redis import Redis, RedisError

from domain.mailbox import mailbox_of_corp
from store.database import Connection
from store.health.kinds import Limits, Problem, ProblemKind, whose
from store.health.workers import Worker, WorkerState, list_workers
from store.platform.presence import SILENT_SECONDS

QUEUES = ("events", "notices", "resync")
# A worker that died is told for a minute at least, even where others took over; where
# nobody has started in its place since, for an hour.
_DEAD_TOLD_SECONDS = 60.0 + SILENT_SECONDS
_MISSED_SECONDS = 3_600.0
# An actor is stopped after two minutes, after more where that is said: who is not
# stopped twice as long afterwards hangs where no limit reaches.
_HUNG_SECONDS = 300.0
_LONG_SECONDS = {"resync": 7_200.0, "read_accounts": 1_200.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteState:
    """What Postgres says at once: what is out of step for everybody, and of itself.

    Shape: `now` is its clock; a standby takes no writes.
    """

    problems: tuple[Problem, ...]
    now: datetime
    is_standby: bool


def ask_suite(connection: Connection, limits: Limits) -> SuiteState:
    """A late ticket, open gaps, a clock that nobody leads, a TAPD that refuses all."""
    rows = connection.execute(
        """
        SELECT '' AS kind, '' AS reason, '' AS about, clock_timestamp() AS since,
            pg_is_in_recovery()::int::bigint AS seconds
        UNION ALL
        SELECT 'ticket_late', 'late', '', received_at,
            extract(epoch FROM clock_timestamp() - received_at)::bigint
        FROM suite_tickets WHERE suite_id = %(suite)s
            AND received_at < clock_timestamp() - make_interval(secs => %(late)s)
        UNION ALL
        SELECT 'gap', reason, '', opened_at,
            greatest(0, extract(epoch FROM clock_timestamp() - opened_at)::bigint)
        FROM gaps WHERE closed_at IS NULL
        UNION ALL
        SELECT 'ticket_late', 'never', '', min(authorised_at), 0
        FROM corps WHERE state IN ('linked', 'paused', 'authorised')
            AND NOT EXISTS (
                SELECT FROM suite_tickets WHERE suite_id = %(suite)s)
        HAVING min(authorised_at)
            < clock_timestamp() - make_interval(secs => %(late)s)
        UNION ALL
        SELECT 'worker_dead', 'no_clock', 'clock', NULL, 0
        FROM leases WHERE mailbox = 'clock'
            AND (token IS NULL OR expires_at < clock_timestamp())
        UNION ALL
        -- One company that is refused may not have installed our app there; refused for
        -- all means that TAPD does not believe our client.
        SELECT 'failures', 'tapd', coalesce(max(error), ''), NULL, count(*)
        FROM account_reads WHERE state <> 'new'
        HAVING count(*) > 0 AND bool_and(state = 'refused')
        ORDER BY since
        """,
        {"suite": limits.suite_id, "late": limits.ticket_seconds},
    ).fetchall()
    [(now, standby)] = [(since, number) for kind, *_, since, number in rows if not kind]
    problems = tuple(
        Problem(
            kind=ProblemKind(kind),
            number=seconds,
            reason=reason,
            about=about,
            since=since,
        )
        for kind, reason, about, since, seconds in rows
        if kind
    )
    return SuiteState(problems=problems, now=now, is_standby=bool(standby))


def is_clock_gone(connection: Connection) -> bool:
    """Whether a clock led once and none does now; a house that has none yet is new."""
    row = connection.execute(
        "SELECT 1 FROM leases WHERE mailbox = 'clock'"
        " AND (token IS NULL OR expires_at < clock_timestamp())"
    ).fetchone()
    return row is not None


def list_dead(redis: Redis) -> list[Problem]:
    """Queues that nobody works on, and workers that died lately."""
    try:
        workers = list_workers(redis)
    except (RedisError, OSError):
        return [
            Problem(
                kind=ProblemKind.WORKER_DEAD, number=0, reason="no_redis", about="redis"
            )
        ]
    taken = {
        queue
        for worker in workers
        if worker.state is not WorkerState.DEAD
        for queue in worker.queues
    }
    return [
        *(
            Problem(
                kind=ProblemKind.WORKER_DEAD, number=0, reason="no_worker", about=queue
            )
            for queue in QUEUES
            if queue not in taken
        ),
        *(
            Problem(
                kind=ProblemKind.WORKER_DEAD,
                number=1,
                reason="died",
                about=worker.worker_id,
                since=worker.seen_at,
            )
            for worker in workers
            if worker.state is WorkerState.DEAD and _is_missed(worker, workers)
        ),
        *_hung(workers),
    ]


def _hung(workers: Iterable[Worker]) -> Iterable[Problem]:
    """Threads that have been at one thing for longer than any actor is given."""
    for worker in workers:
        if worker.state is WorkerState.DEAD:
            continue
        for thread in worker.threads:
            most = _LONG_SECONDS.get(thread.doing.partition(" ")[0], _HUNG_SECONDS)
            if thread.doing and thread.seconds > most:
                yield Problem(
                    kind=ProblemKind.WORKER_DEAD,
                    number=round(thread.seconds),
                    reason="hung",
                    about=f"{worker.worker_id}: {thread.doing}",
                )


def _is_missed(dead: Worker, workers: Iterable[Worker]) -> bool:
    """Whether a dead worker is news, or nobody has started in its place."""
    if dead.silent_seconds < _DEAD_TOLD_SECONDS:
        return True
    successors = {
        queue
        for worker in workers
        if worker.state is not WorkerState.DEAD and worker.started_at > dead.seen_at
        for queue in worker.queues
    }
    is_replaced = set(dead.queues) <= successors
    return dead.silent_seconds < _MISSED_SECONDS and not is_replaced


# Each mailbox with pending mail by one step in the index each, and its oldest row.
_OLDEST = """
    WITH RECURSIVE boxes AS (
        (SELECT mailbox FROM inbox WHERE state = 'pending'
                AND (%(box)s::text IS NULL OR mailbox = %(box)s)
            ORDER BY mailbox LIMIT 1)
        UNION ALL
        SELECT (SELECT inbox.mailbox FROM inbox
            WHERE state = 'pending' AND inbox.mailbox > boxes.mailbox
            ORDER BY inbox.mailbox LIMIT 1)
        FROM boxes WHERE boxes.mailbox IS NOT NULL AND %(box)s::text IS NULL
    )
    SELECT boxes.mailbox, oldest.received_at
    FROM boxes CROSS JOIN LATERAL (
        SELECT received_at FROM inbox
        WHERE state = 'pending' AND inbox.mailbox = boxes.mailbox
            AND coalesce(not_before <= clock_timestamp(), true)
        ORDER BY event_id LIMIT 1
    ) AS oldest
    WHERE NOT EXISTS (
        SELECT FROM mailboxes WHERE mailboxes.mailbox = boxes.mailbox
            AND not_before > clock_timestamp())
"""


def list_old_mail(
    connection: Connection, limits: Limits, wanted: str | None = None
) -> list[Problem]:
    """Mail that nothing forbids to work on and that waits too long all the same."""
    rows = connection.execute(
        f"""
        SELECT due.mailbox, corp_id, name, due.received_at,
            extract(epoch FROM clock_timestamp() - due.received_at)::bigint
        FROM ({_OLDEST}) AS due
        LEFT JOIN corps ON due.mailbox = 'corp:' || corp_id AND state <> 'revoked'
        WHERE due.received_at
            < clock_timestamp() - make_interval(secs => %(seconds)s)
            AND corps.state IS DISTINCT FROM 'paused'
            AND (%(corp)s::text IS NULL OR corp_id = %(corp)s)
        ORDER BY due.received_at LIMIT 50
        """,  # noqa: S608 - a constant of this module
        {
            "seconds": limits.oldest_seconds,
            "corp": wanted,
            "box": wanted and mailbox_of_corp(wanted),
        },
    ).fetchall()
    return [
        Problem(
            kind=ProblemKind.OLDEST_TOO_OLD,
            number=seconds,
            reason="waits",
            corp_id=corp_id,
            corp_name=whose(mailbox, corp_id, name),
            since=received_at,
        )
        for mailbox, corp_id, name, received_at, seconds in rows
    ]
