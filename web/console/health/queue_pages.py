"""Queues and workers: what lies where, who works on it, who died, what comes next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from cronsim import CronSim
from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from redis import RedisError

from store.database import transaction
from store.health import doorbell, samples, workers
from store.health.workers import Worker, WorkerState
from store.platform import deeds, schedule
from store.summaries.operations import queues
from store.summaries.operations.queues import Takeover
from web.access import Audience, seen_by
from web.console import acting
from web.console.blueprint import console
from web.console.frame import show
from web.console.health.vitals import find_workers
from web.console.stream import live
from web.http.problems import Problem
from web.operations import bell
from web.services import services

_NEXT_TIMES = 5
_LEASES = 30
_TAKEOVERS = 30
_HOUR_SECONDS = 3_600.0
_JOB = "upkeep:"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownWorker:
    """A worker, and who took over what it died over."""

    worker: Worker
    takeovers: tuple[Takeover, ...]


@console.get("/queues")
@seen_by(Audience.OPERATOR)
@live
def show_queues() -> ResponseReturnValue:
    """What Dramatiq holds, the workers and their threads, leases, and schedules."""
    found = find_workers()
    with transaction(services().pool) as connection:
        taken = queues.list_takeovers(connection, limit=_TAKEOVERS)
        now = schedule.get_now(connection)
        return show(
            "console/queues.html",
            place="queues",
            contents=_contents(),
            workers=None if found is None else _with_takeovers(found, taken),
            leases=queues.list_leases(connection, limit=_LEASES),
            takeovers=taken,
            rings=_rings(samples.list_samples(connection, seconds=_HOUR_SECONDS)),
            resyncs=next_times(services().resync_cron, now),
            jobs=[
                each
                for each in queues.list_schedule(connection)
                if each.name.startswith(_JOB)
            ],
            cron=services().resync_cron,
            done=acting.done_word(),
            rung=_number(request.args.get("rung")),
        )


@console.post("/queues/rebuild")
@seen_by(Audience.OPERATOR)
def rebuild_bell() -> ResponseReturnValue:
    """Ring for everything that is due, as Postgres knows it: after Redis was lost."""
    reason = acting.wanted_reason()
    with transaction(services().pool) as connection:
        unrung = bell.list_unrung(connection)
        acting.keep_deed(connection, deeds.bell_rebuilt(unrung.count), reason=reason)
    is_rung = bell.ring(unrung)
    address = url_for(
        "console.show_queues",
        done="rebuild" if is_rung else "rebuild_failed",
        rung=unrung.count,
    )
    return redirect(address, 303)


@console.post("/queues/workers/<worker_id>/drain")
@seen_by(Audience.OPERATOR)
def drain_worker(worker_id: str) -> ResponseReturnValue:
    """Have a worker take nothing more; it ends what it has in hand."""
    return _tell(worker_id, act="drain", reason=acting.wanted_reason())


@console.post("/queues/workers/<worker_id>/resume")
@seen_by(Audience.OPERATOR)
def resume_worker(worker_id: str) -> ResponseReturnValue:
    """Let a drained worker take work again."""
    return _tell(worker_id, act="resume", reason=acting.given_reason())


def _tell(worker_id: str, *, act: str, reason: str) -> ResponseReturnValue:
    found = find_workers()
    if found is None:
        raise Problem(503, "Redis cannot be reached; try again.", words="redis")
    states = {each.worker_id: each.state for each in found}
    was = states.get(worker_id, WorkerState.DEAD)
    if was is WorkerState.DEAD:
        raise Problem(404, f"worker {worker_id}: not alive.")
    deed = deeds.worker_told(act, worker_id=worker_id, was=was)
    with transaction(services().pool) as connection:
        acting.keep_deed(connection, deed, reason=reason)
    order = workers.drain if act == "drain" else workers.resume
    order(services().redis, worker_id)
    return acting.back("console.show_queues", f"{act}_worker")


def next_times(cron: str, now: datetime) -> list[datetime]:
    """The next five times of a schedule."""
    moments = CronSim(cron, now.astimezone(services().time_zone))
    return list(islice(moments, _NEXT_TIMES))


def _contents() -> list[doorbell.QueueContent] | None:
    try:
        return doorbell.list_queues(services().redis)
    except (RedisError, OSError):
        return None


def _with_takeovers(found: list[Worker], taken: list[Takeover]) -> list[ShownWorker]:
    by_dead: dict[str, list[Takeover]] = {}
    for each in taken:
        if each.dead_worker is not None:
            by_dead.setdefault(each.dead_worker, []).append(each)
    return [
        ShownWorker(worker=each, takeovers=tuple(by_dead.get(each.worker_id, ())))
        for each in found
    ]


def _rings(found: list[samples.Sample]) -> Mapping[str, float] | None:
    """How often upkeep had to ring within the last hour, and ever."""
    known = [each for each in found if "rings" in each.figures]
    if not known:
        return None
    ever = float(known[-1].figures["rings"])
    hour = ever - float(known[0].figures["rings"])
    return {"hour": max(0.0, hour), "ever": ever}


def _number(text: str | None) -> int | None:
    return (
        int(text)
        if text and text.isascii() and text.isdigit() and len(text) < 9
        else None
    )
