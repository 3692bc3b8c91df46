"""What the console can do beside plans and corps: batches of retries, bell, workers."""

from datetime import datetime
from typing import Literal

from flask import Response
from pydantic import BaseModel, Field
from redis import RedisError

from domain.events.fold import CHANGE_CONTACT
from domain.ids import Userid, member_key
from store.database import Connection, transaction
from store.events import retries
from store.events.retries import RetryBatch
from store.health import workers
from store.health.workers import Worker, WorkerState
from store.inbox.record import post_internal
from store.platform import deeds
from store.summaries.org.members import find_member
from web.access import Audience, seen_by
from web.api.auditing import note_deed
from web.api.blueprint import (
    Id,
    ReasonBody,
    Why,
    answer,
    blueprint,
    not_found,
    problems,
)
from web.api.org.members import MemberPath
from web.console.events.reading import filter_of, read
from web.http.problems import Problem
from web.http.shown import show_row
from web.operations import bell
from web.org.corps import get_corp
from web.services import services

api = blueprint("api-operations")


class BatchPath(BaseModel):
    """Which batch."""

    batch_id: Id


class WorkerPath(BaseModel):
    """Which worker process."""

    worker_id: Id


class MatchBody(BaseModel):
    """Which failed and parked events are meant."""

    query: str = Field(
        "",
        max_length=500,
        description="As in the console's search box: corp: person: kind: state: key: "
        "error: since: until: day:",
    )


class Batch(BaseModel):
    """A batch of retries: first a dry run, then what became of it."""

    batch_id: str
    query: str
    state: Literal["ready", "running", "stopped", "done"]
    matching: int = Field(description="Failed and parked events when it was counted.")
    done: int
    mailboxes: int
    calls_least: int = Field(description="Questions to WeCom that it costs at least.")
    per_minute: int
    made_at: datetime
    made_by: str
    reason: str
    starts_at: datetime | None
    ended_at: datetime | None


class Rung(BaseModel):
    """What was due and has been rung for."""

    rung: int


class WorkerProcess(BaseModel):
    """A worker process of the last day."""

    worker_id: str
    state: Literal["alive", "draining", "dead"]
    queues: list[str]
    started_at: datetime
    seen_at: datetime


class WorkerProcesses(BaseModel):
    """All of them, the dead first."""

    items: list[WorkerProcess]
    next: str | None


class Posted(BaseModel):
    """The piece of mail that has a worker ask again."""

    event_id: str


@api.post("/retry-batches", responses={201: Batch, **problems(400, 422)})
@seen_by(Audience.BEARER)
def prepare_batch(body: MatchBody) -> Response:
    """Count exactly what would be retried; nothing is retried by it."""
    query = read(body.query)
    with transaction(services().pool) as connection:
        wanted = filter_of(connection, query)
        batch = retries.prepare(connection, wanted, query=body.query, by="api")
    return answer(_show(batch), status=201)


@api.get("/retry-batches/<batch_id>", responses={200: Batch, **problems(404)})
@seen_by(Audience.BEARER)
def read_batch(path: BatchPath) -> Response:
    """One batch, with how far it is."""
    with transaction(services().pool) as connection:
        return answer(_show(_get(connection, path.batch_id)))


@api.post(
    "/retry-batches/<batch_id>/start",
    responses={202: Batch, **problems(404, 409, 422)},
)
@seen_by(Audience.BEARER)
def start_batch_of_retries(path: BatchPath, body: ReasonBody) -> Response:
    """Start it: the first event is retried ten seconds later."""
    with transaction(services().pool) as connection:
        batch = _get(connection, path.batch_id)
        if not retries.start(connection, path.batch_id, reason=body.reason):
            raise Problem(409, f"batch {path.batch_id} is {batch.state}.")
        note_deed(connection, deeds.batch_started(batch), reason=body.reason)
        return answer(_show(_get(connection, path.batch_id)), status=202)


@api.post(
    "/retry-batches/<batch_id>/stop", responses={200: Batch, **problems(404, 409)}
)
@seen_by(Audience.BEARER)
def stop_batch_of_retries(path: BatchPath, query: Why) -> Response:
    """Retry nothing more of it."""
    with transaction(services().pool) as connection:
        batch = _get(connection, path.batch_id)
        if not retries.stop(connection, path.batch_id):
            raise Problem(409, f"batch {path.batch_id} is {batch.state}.")
        note_deed(connection, deeds.batch_stopped(batch), reason=query.reason)
        return answer(_show(_get(connection, path.batch_id)))


@api.post("/queues/rebuild", responses={200: Rung, **problems(503)})
@seen_by(Audience.BEARER)
def rebuild_queues(query: Why) -> Response:
    """Ring for everything that is due, as Postgres knows it."""
    with transaction(services().pool) as connection:
        unrung = bell.list_unrung(connection)
        note_deed(connection, deeds.bell_rebuilt(unrung.count), reason=query.reason)
    if not bell.ring(unrung):
        raise Problem(503, "Redis did not answer every ring; try again.")
    return answer(Rung(rung=unrung.count))


@api.get("/workers", responses={200: WorkerProcesses, **problems(503)})
@seen_by(Audience.BEARER)
def list_worker_processes() -> Response:
    """The worker processes of the last day."""
    items = [
        WorkerProcess(
            worker_id=each.worker_id,
            state=each.state.value,
            queues=list(each.queues),
            started_at=each.started_at,
            seen_at=each.seen_at,
        )
        for each in _workers()
    ]
    return answer(WorkerProcesses(items=items, next=None))


@api.post(
    "/workers/<worker_id>/drain", responses={202: None, **problems(404, 422, 503)}
)
@seen_by(Audience.BEARER)
def drain_worker_process(path: WorkerPath, body: ReasonBody) -> Response:
    """Have a worker take nothing more; it ends what it has in hand."""
    _note_told("drain", path.worker_id, body.reason)
    workers.drain(services().redis, path.worker_id)
    return Response(status=202)


@api.post("/workers/<worker_id>/resume", responses={202: None, **problems(404, 503)})
@seen_by(Audience.BEARER)
def resume_worker_process(path: WorkerPath, query: Why) -> Response:
    """Let a drained worker take work again."""
    _note_told("resume", path.worker_id, query.reason)
    workers.resume(services().redis, path.worker_id)
    return Response(status=202)


@api.post(
    "/corps/<corp_id>/members/<userid>/resync",
    responses={202: Posted, **problems(404, 409)},
)
@seen_by(Audience.BEARER)
def resync_member(path: MemberPath, query: Why) -> Response:
    """Ask WeCom about one member again and apply what differs."""
    with transaction(services().pool) as connection:
        corp = get_corp(connection, path.corp_id)
        if corp.summary.state != "linked":
            raise Problem(409, f"corp {path.corp_id} is {corp.summary.state}.")
        member = find_member(connection, corp.corp_pk, corp.userids(path.userid))
        if member is None:
            not_found(f"member {path.userid}")
        event_id = post_internal(
            connection,
            mailbox=f"corp:{path.corp_id}",
            kind=CHANGE_CONTACT,
            key=member_key(Userid(member.userid)),
            hint={},
        )
        deed = deeds.member_wanted(
            corp_id=path.corp_id, userid=member.userid, event_id=event_id
        )
        note_deed(connection, deed, reason=query.reason)
    services().ring(f"corp:{path.corp_id}")
    return answer(Posted(event_id=str(event_id)), status=202)


def _get(connection: Connection, batch_id: str) -> RetryBatch:
    return retries.find(connection, batch_id) or not_found(f"batch {batch_id}")


def _show(batch: RetryBatch) -> Batch:
    return show_row(Batch, batch, calls_least=batch.keys)


def _workers() -> list[Worker]:
    try:
        return workers.list_workers(services().redis)
    except (RedisError, OSError) as error:
        raise Problem(503, "Redis cannot be reached; try again.") from error


def _note_told(act: str, worker_id: str, reason: str) -> None:
    states = {each.worker_id: each.state for each in _workers()}
    was = states.get(worker_id, WorkerState.DEAD)
    if was is WorkerState.DEAD:
        not_found(f"worker {worker_id}")
    deed = deeds.worker_told(act, worker_id=worker_id, was=was)
    with transaction(services().pool) as connection:
        note_deed(connection, deed, reason=reason)
