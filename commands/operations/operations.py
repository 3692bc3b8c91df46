"""What the console can do, for who has only a shell: pause, retries, bell, workers."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

import click
from redis import Redis, RedisError

from commands.auditing import note_deed
from commands.session import Failed, opened_pool, read_settings
from commands.terminal import echo
from domain.events.fold import CHANGE_CONTACT
from domain.ids import CORP_KEY, Key, Userid, member_key
from settings import Settings
from store.database import transaction
from store.events import retries
from store.events.event_filter import EventFilter
from store.health import workers
from store.inbox import due
from store.inbox.record import post_internal
from store.notices import deliveries
from store.org.corps import find_live
from store.platform import deeds
from store.platform.deeds import Deed
from store.summaries.mail.events import EVENT_STATES
from web.console.events.query import BadQuery, EventQuery, read_query
from workers.queue.bell import open_bell

_MOST_RUNG = 5_000
# The state that an order to pause or resume brings about.
_BRINGS = {"paused": "paused", "resumed": "linked"}
_LINKED = frozenset({"linked"})
_FOLLOWED = _LINKED | {"paused"}

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

    def tell(was: str, event_id: int) -> Deed:
        return deeds.member_wanted(corp_id=corp, userid=userid, event_id=event_id)

    key = member_key(Userid(userid))
    _post(corp, CHANGE_CONTACT, key, states=_LINKED, tell=tell, reason=reason)
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
    wanted = filter_of_line(query, settings)
    with opened_pool(settings) as pool, transaction(pool) as connection:
        batch = retries.prepare(connection, wanted, query=query, by="cli")
        echo(f"batch {batch.batch_id}")
        echo(f"{batch.matching} events match, in {batch.mailboxes} mailboxes.")
        if start and batch.matching:
            retries.start(connection, batch.batch_id, reason=reason)
            note_deed(connection, settings, deeds.batch_started(batch), reason=reason)
            echo(f"It begins in {retries.HOLD_SECONDS:.0f} s; to stop it:")
            echo(f"python manage.py stop-retries {batch.batch_id}")


@click.command("start-retries")
@click.argument("batch")
@_needed_reason
def start_retries(batch: str, reason: str) -> None:
    """Retry what BATCH has counted: its first event ten seconds from now."""
    settings = read_settings()
    with opened_pool(settings) as pool, transaction(pool) as connection:
        found = retries.find(connection, batch)
        if found is None or not retries.start(connection, batch, reason=reason):
            raise Failed(f"Batch {batch} was started already, or is not known here.")
        note_deed(connection, settings, deeds.batch_started(found), reason=reason)
    echo(f"It begins in {retries.HOLD_SECONDS:.0f} s; to stop it:")
    echo(f"python manage.py stop-retries {batch}")


@click.command("stop-retries")
@click.argument("batch")
@_reason
def stop_retries(batch: str, reason: str) -> None:
    """Retry nothing more of BATCH."""
    settings = read_settings()
    with opened_pool(settings) as pool, transaction(pool) as connection:
        found = retries.find(connection, batch)
        if found is None or not retries.stop(connection, batch):
            raise Failed(f"Batch {batch} is over already, or not known here.")
        note_deed(connection, settings, deeds.batch_stopped(found), reason=reason)
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
            unrung = len(mailboxes) + len(runs) + len(notices)
            deed = deeds.bell_rebuilt(unrung)
            note_deed(connection, settings, deed, reason=reason)
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
    def tell(was: str, event_id: int) -> Deed:
        return deeds.corp_ordered(act, corp_id=corp, was=was, becomes=_BRINGS[kind])

    _post(corp, kind, CORP_KEY, states=_FOLLOWED, tell=tell, reason=reason)
    echo(f"{corp} is {kind} as soon as a worker has read it.")


def _post(
    corp_id: str,
    kind: str,
    key: Key,
    *,
    states: frozenset[str],
    tell: Callable[[str, int], Deed],
    reason: str,
) -> None:
    settings = read_settings()
    mailbox = f"corp:{corp_id}"
    hint = {"by": "operator"} if key == CORP_KEY else {}
    with opened_pool(settings) as pool:
        with transaction(pool) as connection:
            found = find_live(connection, corp_id)
            if found is None or found.state not in states:
                state = found.state if found else "not known here"
                raise Failed(f"{corp_id} is {state}.")
            event_id = post_internal(
                connection, mailbox=mailbox, kind=kind, key=key, hint=hint
            )
            deed = tell(found.state, event_id)
            note_deed(connection, settings, deed, reason=reason)
        open_bell(settings.redis_url).ring(mailbox)


def filter_of_line(line: str, settings: Settings) -> EventFilter:
    """What a line of the console's search box means.

    Raises: click.UsageError.
    """
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
        states = {each.worker_id: each.state for each in _found(redis)}
        was = states.get(worker, workers.WorkerState.DEAD)
        if was is workers.WorkerState.DEAD:
            raise Failed(f"Worker {worker} is not alive: python manage.py list-workers")
        deed = deeds.worker_told(act, worker_id=worker, was=was)
        with opened_pool(settings) as pool, transaction(pool) as connection:
            note_deed(connection, settings, deed, reason=reason)
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
