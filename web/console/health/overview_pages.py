"""The first page of a bad night: is everything in step, and what is not."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from flask import request
from flask.typing import ResponseReturnValue

from store.database import Connection, transaction
from store.health import balance, pace, samples
from store.health.kinds import Problem
from store.health.problems import list_problems
from store.health.samples import Sample
from store.health.workers import Worker
from store.intake import spilled
from store.summaries.operations import overview as stored
from web.access import Audience, seen_by
from web.console.blueprint import console
from web.console.frame import show
from web.console.health.history import RANGES, charts_of
from web.console.health.telling import standing, tell
from web.console.health.vitals import calls_made, find_workers, spill_depth
from web.console.limits import limits
from web.console.stream import live
from web.services import services

_FLOW_SECONDS = 300.0
_EFFECT_SECONDS = 900.0
_MOST_OF_KIND = 4
_QUEUES = (
    ("events", pace.events_flow),
    ("notices", pace.notices_flow),
    ("resync", pace.runs_flow),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One queue in the table: what waits, how long, and how fast it goes."""

    name: str
    waiting: int
    oldest_seconds: float | None
    flow: pace.Flow | None


@console.get("/")
@seen_by(Audience.OPERATOR)
@live
def overview() -> ResponseReturnValue:
    """Everything in one page, the verdict first and problems worst first."""
    now = datetime.now(UTC)
    workers = find_workers()
    with transaction(services().pool) as connection:
        today = balance.get_today(connection)
        day, ledger = today
        problems = list_problems(connection, services().redis, limits(now), today=today)
        waiting = stored.count_waiting(connection)
        recent = samples.list_samples(connection, seconds=_EFFECT_SECONDS)
        corps = stored.count_corps(connection)
        return show(
            "console/overview.html",
            place="overview",
            standing=standing(
                problems,
                corps=corps.get("linked", 0),
                waiting=waiting.events,
                oldest=waiting.events_oldest,
            ),
            problems=[tell(each, now) for each in first_of_each(problems)],
            more=Counter(each.kind for each in problems)
            - Counter(each.kind for each in first_of_each(problems)),
            queues=_queues(waiting, recent),
            effects=_effects(recent),
            day=day,
            ledger=asdict(ledger),
            balances=ledger.balances,
            spilled=spilled.sum_of_day(connection),
            spill=spill_depth(),
            ticket_seconds=stored.find_ticket_age(connection, services().suite_id),
            corps=corps,
            stalest=stored.list_stalest(connection, limit=5),
            workers=_by_state(workers),
            calls=calls_made(),
            limit=services().calls_per_minute,
            **_charts(connection),
        )


def first_of_each(problems: list[Problem]) -> list[Problem]:
    """The first few of every kind: what there are more of has a page of its own."""
    seen: Counter[str] = Counter()
    first = []
    for each in problems:
        seen[each.kind] += 1
        if seen[each.kind] <= _MOST_OF_KIND:
            first.append(each)
    return first


def _queues(waiting: stored.Waiting, recent: list[Sample]) -> list[QueueRow]:
    window = _last(recent, _FLOW_SECONDS)
    return [
        QueueRow(
            name=name,
            waiting=getattr(waiting, name),
            oldest_seconds=getattr(waiting, f"{name}_oldest"),
            flow=flow(*window) if window else None,
        )
        for name, flow in _QUEUES
    ]


def _effects(recent: list[Sample]) -> dict[float, float] | None:
    window = _last(recent, _EFFECT_SECONDS)
    return pace.quantiles(*window) if window else None


def _last(recent: list[Sample], seconds: float) -> tuple[Sample, Sample] | None:
    """The two samples that a difference over so many seconds is told from."""
    if len(recent) < 2:
        return None
    later = recent[-1]
    earlier = next(
        each for each in recent if (later.at - each.at).total_seconds() <= seconds
    )
    return (earlier, later) if earlier is not later else None


def _charts(connection: Connection) -> dict[str, object]:
    wanted = request.args.get("range", "1h")
    chosen = wanted if wanted in RANGES else "1h"
    return {
        "ranges": list(RANGES),
        "range": chosen,
        "charts": charts_of(connection, chosen),
    }


def _by_state(workers: list[Worker] | None) -> dict[str, int] | None:
    if workers is None:
        return None
    counts = dict.fromkeys(("alive", "draining", "dead"), 0)
    for each in workers:
        counts[each.state] += 1
    return counts
