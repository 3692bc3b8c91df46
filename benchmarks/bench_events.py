"""From an event to its effect: few calls for many events, and nobody delays another."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

import dramatiq
from dramatiq.brokers.stub import StubBroker

from benchmarks.callbacks import moved
from benchmarks.dataset import Enterprise
from benchmarks.environment import Stage
from benchmarks.fake_wecom import running
from benchmarks.load import percentile
from benchmarks.probes import run_cost
from benchmarks.scenario import ANSWER_SECONDS, Effects, open_scene
from benchmarks.table import Line
from benchmarks.traffic import Pace
from domain.ids import RunId
from receiver.posts import to_post
from store.database import transaction
from store.inbox.record import measure_backlog, record
from wecom.callbacks import parse_callback
from workers.inbox.drain import drain
from workers.runs.run import work_on
from workers.runtime import Runtime, build
from workers.upkeep import jobs

_SMALL_MEMBERS, _SMALL_DEPARTMENTS = 20, 4
_TICK_SECONDS = 0.2


# What the queue's messages ask for, as workers/actors.py has it.
_ACTORS: dict[str, Callable[[Runtime, str], None]] = {
    "drain": drain,
    "resync": lambda runtime, run_id: work_on(runtime, RunId(run_id)),
}


class _Collecting(StubBroker):
    """A queue that a single worker takes from, message by message."""

    def __init__(self) -> None:
        super().__init__(middleware=[])
        self.waiting: deque[tuple[str, str]] = deque()
        self.messages = 0

    def enqueue(
        self, message: dramatiq.Message[Any], *, delay: int | None = None
    ) -> dramatiq.Message[Any]:
        """Keep the message."""
        self.messages += 1
        self.waiting.append((message.actor_name, message.args[0]))
        return message


def many_events(stage: Stage, *, events: int, people: int) -> list[Line]:
    """Events over few people of one corp, stored before any worker starts."""
    corp = Enterprise(corp_id="wpMany", members=people, departments=people // 10)
    with running([corp]) as double, stage.database(api_url=double.url) as database:
        corp_pk = database.link([corp])[corp.corp_id]
        run_cost(database.environment, database.request_run(corp_pk))
        before = double.calls().total()
        broker = _Collecting()
        runtime = build(database.settings, broker=broker, pool_size=4)
        # The first read has rung; of that message nobody here hears.
        runtime.bell.answer(f"corp:{corp.corp_id}")
        for number in range(events):
            inner = moved(
                corp.corp_id, who=number % people, department_id=number
            ).replace("$SUITE$", database.settings.wecom.suite_id)
            post = to_post(
                parse_callback(inner.encode()), inner.encode(), runtime.keyring
            )
            with transaction(runtime.pool) as connection:
                record(connection, post)
            runtime.bell.ring(post.mailbox)
        began = time.monotonic()
        _work_off(runtime, broker)
        seconds = time.monotonic() - began
        runtime.pool.close()
        calls = double.calls().total() - before
    return [
        Line(
            name="many_calls",
            what=f"WeCom calls for {events:,} events over {people} members",
            held_against=f"{people} questions",
            ours=calls,
            theirs=people,
            unit="",
            budget=1.0,
            others={"worked through in": f"{seconds:.1f} s"},
        ),
        Line(
            name="many_messages",
            what="Queue messages for them",
            held_against="20",
            ours=broker.messages,
            theirs=20,
            unit="",
            budget=1.0,
        ),
    ]


def _work_off(runtime: Runtime, broker: _Collecting) -> None:
    """Do what is queued, message by message, until no mail is pending."""
    while broker.waiting or _pending(runtime):
        if not broker.waiting:
            # A burst waits for calm, and then for the clock.
            time.sleep(_TICK_SECONDS)
            jobs.ring_mailboxes(runtime)
            continue
        actor_name, argument = broker.waiting.popleft()
        _ACTORS[actor_name](runtime, argument)


def _pending(runtime: Runtime) -> bool:
    with transaction(runtime.pool) as connection:
        return measure_backlog(connection).pending > 0


def effect_line(found: Effects, *, name: str, what: str, budget_seconds: float) -> Line:
    """The line of one such measurement, held against WeCom's own 50 ms."""
    return Line(
        name=name,
        what=what,
        held_against="50 ms, the answer itself",
        ours=found.p95 * 1000,
        theirs=ANSWER_SECONDS * 1000,
        unit="ms",
        budget=budget_seconds / ANSWER_SECONDS,
        others={
            "p50": f"{percentile(found.seconds, 0.5) * 1000:.0f} ms",
            "p95 of the seconds just after the start": f"{found.cold_p95:.1f} s",
            "events": f"{len(found.seconds)}, without effect {found.lost}",
            "CPU of double and generator": f"{found.cpu_share:.0%} of a core",
        },
    )


def effects(
    stage: Stage, *, corps: int, seconds: float, per_second: float = 1.0
) -> Effects:
    """Event to effect while so many corps send events at this rate each."""
    with open_scene(stage, _small_corps(corps)) as scene:
        return scene.measure(
            [Pace(enterprise=each, per_second=per_second) for each in scene.small],
            seconds=seconds,
        )


def effects_beside_giant(
    stage: Stage, *, corps: int, giant_members: int, seconds: float
) -> Effects:
    """The same while one corp of this size does its first sync."""
    giant = Enterprise(
        corp_id="wpGiant", members=giant_members, departments=giant_members // 10
    )
    with open_scene(stage, _small_corps(corps), others=[giant]) as scene:
        scene.database.request_run(scene.corp_pks[giant.corp_id])
        return scene.measure(
            [Pace(enterprise=each, per_second=1.0) for each in scene.small],
            seconds=seconds,
        )


def effects_beside_trouble(
    stage: Stage, *, corps: int, silent: int, flood_per_second: float, seconds: float
) -> Effects:
    """The same beside a throttled corp, silent ones, and one that floods us."""
    bad = [_small(f"wpSilent{n}") for n in range(silent)]
    for each in bad:
        each.behaviour.silent = True
    throttled = _small("wpThrottled")
    throttled.behaviour.throttled = True
    flood = _small("wpFlood")
    with open_scene(
        stage, _small_corps(corps), others=[*bad, throttled, flood]
    ) as scene:
        paces = [
            Pace(enterprise=each, per_second=1.0)
            for each in (*scene.small, *bad, throttled)
        ]
        paces.append(Pace(enterprise=flood, per_second=flood_per_second))
        return scene.measure(paces, seconds=seconds)


def _small_corps(count: int) -> list[Enterprise]:
    return [_small(f"wpSmall{n:04d}") for n in range(count)]


def _small(corp_id: str) -> Enterprise:
    return Enterprise(
        corp_id=corp_id, members=_SMALL_MEMBERS, departments=_SMALL_DEPARTMENTS
    )
