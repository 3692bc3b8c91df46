"""From an event to its effect: few calls for many events, and nobody delays another."""

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import dramatiq
import psycopg
from dramatiq.brokers.stub import StubBroker

from benchmarks.callbacks import moved
from benchmarks.double import running
from benchmarks.load import percentile
from benchmarks.probes import run_cost
from benchmarks.stage import Database, Stage
from benchmarks.table import Line
from benchmarks.town import Pace, Sent, Town, Traffic, open_town
from benchmarks.world import Enterprise
from demo.ports import LOOPBACK
from demo.processes import ROOT, answers, service, wrote
from demo.procfile import read_procfile, shell
from demo.supervisor import Supervisor
from domain.ids import CorpPk, RunId
from receiver.posts import to_post
from store.database import transaction
from store.inbox import record
from wecom.callbacks import parse_callback
from workers.mailbox import drain
from workers.runs import work_on
from workers.runtime import Runtime, build

_ANSWER_SECONDS = 0.05
_SETTLE_SECONDS = 60.0
_SMALL_MEMBERS, _SMALL_DEPARTMENTS = 20, 4
_EFFECT_SECONDS = 0.05


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
        while broker.waiting:
            actor_name, argument = broker.waiting.popleft()
            _ACTORS[actor_name](runtime, argument)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """Seconds from each event to its effect, and what WeCom's side cost."""

    seconds: list[float]
    lost: int
    cpu_share: float

    @property
    def p95(self) -> float:
        """The 95th percentile; what never took effect counts as forever."""
        return percentile([*self.seconds, *[_SETTLE_SECONDS] * self.lost], 0.95)


def effect_line(found: Effects, *, name: str, what: str, budget_seconds: float) -> Line:
    """The line of one such measurement, held against WeCom's own 50 ms."""
    return Line(
        name=name,
        what=what,
        held_against="50 ms, the answer itself",
        ours=found.p95 * 1000,
        theirs=_EFFECT_SECONDS * 1000,
        unit="ms",
        budget=budget_seconds / _EFFECT_SECONDS,
        others={
            "p50": f"{percentile(found.seconds, 0.5) * 1000:.0f} ms",
            "events": f"{len(found.seconds)}, without effect {found.lost}",
            "CPU of double and generator": f"{found.cpu_share:.0%} of a core",
        },
    )


def effects(
    stage: Stage, *, corps: int, seconds: float, per_second: float = 1.0
) -> Effects:
    """Event to effect while so many corps send events at this rate each."""
    with _town(stage, _small_corps(corps)) as scene:
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
    with _town(stage, _small_corps(corps), others=[giant]) as scene:
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
    with _town(stage, _small_corps(corps), others=[*bad, throttled, flood]) as scene:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    small: Sequence[Enterprise]
    corp_pks: dict[str, CorpPk]
    town: Town
    database: Database
    port: int

    def measure(self, paces: Sequence[Pace], *, seconds: float) -> Effects:
        """Push, wait until the small corps' mail is settled, and look it up."""
        traffic = self.town.push(
            paces, port=self.port, settings=self.database.settings, seconds=seconds
        )
        names = [f"corp:{each.corp_id}" for each in self.small]
        with self.database.connect() as connection:
            deadline = time.monotonic() + _SETTLE_SECONDS
            while _pending(connection, names) and time.monotonic() < deadline:
                time.sleep(0.2)
            return _effects(connection, names, traffic)


def _pending(connection: psycopg.Connection, mailboxes: Sequence[str]) -> bool:
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM inbox WHERE mailbox = ANY(%s)"
        " AND state = 'pending')",
        [list(mailboxes)],
    ).fetchone()
    return bool(row and row[0])


def _effects(
    connection: psycopg.Connection, mailboxes: Sequence[str], traffic: Traffic
) -> Effects:
    rows = connection.execute(
        "SELECT mailbox, key, extract(epoch FROM done_at)::float8 FROM inbox"
        " WHERE mailbox = ANY(%s) ORDER BY event_id",
        [list(mailboxes)],
    ).fetchall()
    done: dict[tuple[str, str], deque[float | None]] = defaultdict(deque)
    for mailbox, key, at in rows:
        done[mailbox, key].append(at)
    wanted = [each for each in traffic.sent if f"corp:{each.corp_id}" in set(mailboxes)]
    found = [_take(done, each) for each in wanted]
    seconds = [
        at - each.at for at, each in zip(found, wanted, strict=True) if at is not None
    ]
    return Effects(
        seconds=seconds, lost=len(wanted) - len(seconds), cpu_share=traffic.cpu_share
    )


def _take(done: dict[tuple[str, str], deque[float | None]], sent: Sent) -> float | None:
    waiting = done[f"corp:{sent.corp_id}", f"member:{sent.userid}"]
    return waiting.popleft() if waiting else None


@contextmanager
def _town(
    stage: Stage, small: Sequence[Enterprise], *, others: Sequence[Enterprise] = ()
) -> Iterator[_Scene]:
    with (
        open_town([*small, *others], seconds=_ANSWER_SECONDS) as town,
        stage.database(api_url=town.url) as database,
    ):
        corp_pks = database.link([*small, *others])
        like = [each for each in (*small, *others) if each.members == small[0].members]
        _read_alike(database, [corp_pks[each.corp_id] for each in like])
        with _processes(stage, database) as port:
            yield _Scene(
                small=small,
                corp_pks=corp_pks,
                town=town,
                database=database,
                port=port,
            )


def _read_alike(database: Database, corps: Sequence[CorpPk]) -> None:
    """Read the first corp; the others, which are as large, get the same rows."""
    first, rest = corps[0], list(corps[1:])
    run_cost(database.environment, database.request_run(first))
    columns = (
        "userid, open_userid, name, activation, department_ids, department_orders,"
        " main_department, leads, direct_leaders, details, grounds, employment,"
        " fingerprint"
    )
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO departments (corp_pk, department_id, parent_id, sort_order,"
            " name, fingerprint) SELECT other, department_id, parent_id, sort_order,"
            " name, fingerprint FROM departments, unnest(%s::bigint[]) AS other"
            " WHERE corp_pk = %s",
            [rest, first],
        )
        connection.execute(
            f"INSERT INTO members (corp_pk, {columns}) SELECT other, {columns}"  # noqa: S608 - constants
            " FROM members, unnest(%s::bigint[]) AS other WHERE corp_pk = %s",
            [rest, first],
        )
        connection.execute(
            "UPDATE corps SET scope = known.scope, permissions = known.permissions,"
            " agent_id = known.agent_id, last_synced_at = known.last_synced_at"
            " FROM corps AS known WHERE known.corp_pk = %s"
            " AND corps.corp_pk = ANY(%s)",
            [first, rest],
        )


@contextmanager
def _processes(stage: Stage, database: Database) -> Iterator[int]:
    """Every process of the Procfile that an event meets; the receiver's port."""
    port = database.environment["PORT"]
    environment = stage.process_environment(database.environment)
    commands = read_procfile(ROOT / "Procfile")
    ready = {"receiver": answers(f"http://{LOOPBACK}:{port}/readyz")}
    booted = "ready for action"
    supervisor = Supervisor(say=_nothing, leash=NoLeash())
    try:
        supervisor.start(
            *(
                service(
                    stage.session,
                    name,
                    shell(commands[name]),
                    environment=environment,
                    ready=ready.get(name)
                    or (
                        (lambda: True)
                        if name == "clock"
                        else wrote(stage.session.log(name), booted)
                    ),
                )
                for name in ("receiver", "worker", "bulk", "clock")
            )
        )
        yield int(port)
    finally:
        supervisor.stop()


class NoLeash:
    """The stage's own leash ends whatever bears its mark."""

    def renew(self) -> None:
        """Nothing to renew."""


def _nothing(text: str) -> None:
    """Benchmarks report figures, not steps."""
