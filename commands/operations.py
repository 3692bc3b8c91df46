"""What the console can do, for who has only a shell: pause, retries, bell, workers."""

from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

import click
from redis import Redis, RedisError

from commands.auditing import note
from commands.session import Failed, opened_pool, read_settings
from commands.terminal import echo
from domain.fold import CHANGE_CONTACT
from domain.ids import CORP_KEY, Key, Userid, member_key
from settings import Settings
from store.database import Connection, transaction
from store.events import retries
from store.events.event_filter import EventFilter
from store.health import workers
from store.inbox import due
from store.inbox.record import post_internal
from store.notices import deliveries
from store.org.corps import find_live
from store.summaries.mail.events import EVENT_STATES
from web.console.events.query import BadQuery, EventQuery, read_query
from workers.queue.bell import open_bell

_MOST_RUNG = 5_000
# The state that an order to pause or resume brings about.
_BRINGS = {"paused": "paused", "resumed": "linked"}

_reason = click.option("--reason", default="", help="Kept in the audit.")
_needed_reason = click.option("--reason", required=True, help="Kept in the audit.")


@click.command()
@click.argument("corp")
@_needed_reason
def pause(corp: str, reason: str) -> None:
    """Stop following WeCom for CORP; its events are kept."""
    _order(corp, "paused", act="pause", reason=reason)


@click.command()
@click.argument("corp")
@_needed_reason
def resume(corp: str, reason: str) -> None:
    """Follow WeCom for CORP again."""
    _order(corp, "resumed", act="resume", reason=reason)


@click.command("resync-member")
@click.argument("corp")
@click.argument("userid")
@_reason
def resync_member(corp: str, userid: str, reason: str) -> None:
    """Ask WeCom about USERID of CORP again and apply what differs."""
    key = member_key(Userid(userid))
    _post(corp, CHANGE_CONTACT, key, act="resync", target=key, reason=reason)
    echo(f"{userid} is asked about again.")


@click.command("retry-matching")
@click.argument("query", default="")
@click.option("--start", is_flag=True, help="Retry them; else they are only counted.")
@_reason
def retry_matching(query: str, start: bool, reason: str) -> None:
    """Count the failed and parked events that match QUERY, and with --start retry them.

    QUERY is a line as in the console: corp:ww… person:… kind:… error:… since:2h
    """
    if start and not reason:
        raise click.UsageError("--start needs a --reason.")
    settings = read_settings()
    wanted = _filter(query, settings)
    with opened_pool(settings) as pool, transaction(pool) as connection:
        batch = retries.prepare(connection, wanted, query=query, by="cli")
        echo(f"batch {batch.batch_id}")
        echo(f"{batch.matching} events match, in {batch.mailboxes} mailboxes.")
        if start and batch.matching:
            retries.start(connection, batch.batch_id, reason=reason)
            _keep(connection, "retry_matching", f"batch:{batch.batch_id}", reason)
            echo(f"It begins in {retries.HOLD_SECONDS:.0f} s; to stop it:")
            echo(f"python manage.py stop-retries {batch.batch_id}")


@click.command("start-retries")
@click.argument("batch")
@_needed_reason
def start_retries(batch: str, reason: str) -> None:
    """Retry what BATCH has counted: its first event ten seconds from now."""
    with opened_pool(read_settings()) as pool, transaction(pool) as connection:
        if not retries.start(connection, batch, reason=reason):
            raise Failed(f"Batch {batch} was started already, or is not known here.")
        _keep(connection, "retry_matching", f"batch:{batch}", reason)
    echo(f"It begins in {retries.HOLD_SECONDS:.0f} s; to stop it:")
    echo(f"python manage.py stop-retries {batch}")


@click.command("stop-retries")
@click.argument("batch")
@_reason
def stop_retries(batch: str, reason: str) -> None:
    """Retry nothing more of BATCH."""
    with opened_pool(read_settings()) as pool, transaction(pool) as connection:
        if not retries.stop(connection, batch):
            raise Failed(f"Batch {batch} is over already, or not known here.")
        _keep(connection, "stop_retries", f"batch:{batch}", reason)
    echo("stopped.")


@click.command("rebuild-bell")
@_reason
def rebuild_bell(reason: str) -> None:
    """Ring for everything that is due, as Postgres knows it: after Redis was lost."""
    settings = read_settings()
    bell = open_bell(settings.redis_url)
    with opened_pool(settings) as pool:
        with transaction(pool) as connection:
            mailboxes = due.list_mailboxes(connection, limit=_MOST_RUNG)
            runs = due.list_runs(connection, limit=_MOST_RUNG)
            notices = deliveries.list_due(connection, limit=_MOST_RUNG)
            _keep(connection, "rebuild", "queues", reason)
        rung = [bell.ring(each) for each in mailboxes]
        rung += [bell.ring_run(each) for each in runs]
        rung += [bell.ring_notices(each) for each in notices]
    if not all(rung):
        raise Failed("Redis did not answer every ring: try again once it is there.")
    echo(f"{len(rung)} things that were due have been rung for.")


@click.command("list-workers")
def list_workers() -> None:
    """The worker processes of the last day, the dead first."""
    with _redis() as redis:
        for each in _found(redis):
            queues = ",".join(each.queues)
            echo(f"{each.state:<9} {each.worker_id} {queues}")


@click.command("drain-worker")
@click.argument("worker")
@_needed_reason
def drain_worker(worker: str, reason: str) -> None:
    """Have WORKER take nothing more; it ends what it has in hand."""
    _tell_worker(worker, act="drain", reason=reason)


@click.command("resume-worker")
@click.argument("worker")
@_reason
def resume_worker(worker: str, reason: str) -> None:
    """Let the drained WORKER take work again."""
    _tell_worker(worker, act="resume", reason=reason)


COMMANDS = (
    pause,
    resume,
    resync_member,
    retry_matching,
    start_retries,
    stop_retries,
    rebuild_bell,
    list_workers,
    drain_worker,
    resume_worker,
)


def _order(
    corp: str, kind: Literal["paused", "resumed"], *, act: str, reason: str
) -> None:
    _post(corp, kind, CORP_KEY, act=act, target=f"corp:{corp}", reason=reason)
    echo(f"{corp} is {kind} as soon as a worker has read it.")


def _post(
    corp_id: str, kind: str, key: Key, *, act: str, target: str, reason: str
) -> None:
    settings = read_settings()
    with opened_pool(settings) as pool:
        with transaction(pool) as connection:
            found = find_live(connection, corp_id)
            if found is None or found.state not in {"linked", "paused"}:
                state = found.state if found else "not known here"
                raise Failed(f"{corp_id} is {state}.")
            hint = {"by": "operator"} if key == CORP_KEY else {}
            mailbox = f"corp:{corp_id}"
            post_internal(connection, mailbox=mailbox, kind=kind, key=key, hint=hint)
            brings = _BRINGS.get(kind)
            note(
                connection,
                settings,
                act,
                target=target,
                reason=reason,
                corp_id=corp_id,
                before={"state": found.state} if brings else {},
                after={"state": brings} if brings else {},
            )
        open_bell(settings.redis_url).ring(mailbox)


def _filter(line: str, settings: Settings) -> EventFilter:
    zone = ZoneInfo(settings.time_zone)
    try:
        query: EventQuery = read_query(
            line, now=datetime.now(UTC), zone=zone, states=EVENT_STATES
        )
    except BadQuery as error:
        raise click.UsageError(f"{error} cannot be searched for.") from error
    return EventFilter(
        mailboxes=(f"corp:{query.corp}",) if query.corp else None,
        key=query.key,
        kind=query.kind,
        state=query.state,
        error=query.error,
        since=query.since,
        until=query.until,
    )


def _tell_worker(worker: str, *, act: str, reason: str) -> None:
    settings = read_settings()
    with _redis() as redis:
        found = _found(redis)
        if worker not in {
            each.worker_id for each in found if not workers.is_dead(each)
        }:
            raise Failed(f"Worker {worker} is not alive: python manage.py list-workers")
        with opened_pool(settings) as pool, transaction(pool) as connection:
            _keep(connection, act, f"worker:{worker}", reason)
        order = workers.drain if act == "drain" else workers.resume
        order(redis, worker)
    echo(f"{worker}: told; it heeds within five seconds.")


def _found(redis: Redis) -> list[workers.Worker]:
    try:
        return workers.list_workers(redis)
    except (RedisError, OSError) as error:
        raise Failed("Redis cannot be reached: see REDIS_URL.") from error


def _redis() -> Redis:
    return Redis.from_url(read_settings().redis_url, socket_timeout=1.0)


def _keep(connection: Connection, act: str, target: str, reason: str) -> None:
    note(connection, read_settings(), act, target=target, reason=reason)
