"""One event, from its claim to settled, against the same writes by hand; and no event.

The CPU is that of this process, which works as a worker does, and of the Postgres
processes that serve it: neither the double's nor that of the bench's own statements.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import psutil
import psycopg
from dramatiq.brokers.stub import StubBroker

from benchmarks.callbacks import moved
from benchmarks.dataset import Enterprise, userid_of
from benchmarks.environment import Database, Stage
from benchmarks.fake_wecom import cpu_seconds, running
from benchmarks.probes import run_cost
from benchmarks.scenario import WHOLE_PRODUCT, read_alike, running_processes
from benchmarks.table import Line
from benchmarks.wire import Statements, counted, logged
from domain.ids import CorpPk
from receiver.posts import to_post
from store.connecting import connect
from store.database import Plans, Pool, open_pool, transaction
from store.inbox.record import record
from wecom.callbacks import parse_callback
from workers.inbox.drain import drain
from workers.queue.garbage import collect_rarely
from workers.runtime import Runtime, build

_MOST_STATEMENTS, _MOST_TRANSACTIONS = 12, 4
_MOST_IDLE_STATEMENTS, _MOST_IDLE_CORES = 5.0, 0.02
# As long as alerts of a start take until they are over.
_CALM_SECONDS = 40.0
# A worker plans each statement once, and fetches the token once.
_WARM = 20
_CONNECTIONS = 2

# What a drain writes, in its order: claimed, applied, settled.
_BY_HAND = (
    "UPDATE leases SET token = gen_random_uuid(),"
    " expires_at = clock_timestamp() + interval '15 seconds' WHERE mailbox = %(box)s",
    "UPDATE mailboxes SET open_claim = gen_random_uuid() WHERE mailbox = %(box)s",
    "UPDATE inbox SET claim = gen_random_uuid(), attempts = attempts + 1"
    " WHERE event_id = %(event)s",
    "UPDATE members SET department_ids = '{2}', main_department = 2,"
    " fingerprint = fingerprint WHERE corp_pk = %(corp)s AND member_pk = %(pk)s",
    "INSERT INTO journal (corp_pk, cause, decision, key, reason, before, after)"
    " VALUES (%(corp)s, 'mail', 'MoveMember', %(key)s, 'event',"
    """ '{"departments": [1]}', '{"departments": [2]}')""",
    "UPDATE inbox SET claim = NULL, state = 'done', outcome = 'applied',"
    " asked_at = clock_timestamp(), done_at = clock_timestamp()"
    " WHERE event_id = %(event)s",
    "UPDATE mailboxes SET open_claim = NULL WHERE mailbox = %(box)s",
    "UPDATE leases SET token = NULL, expires_at = '-infinity' WHERE mailbox = %(box)s",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """A corp in step whose members can be made to differ from WeCom's answers."""

    corp: Enterprise
    corp_pk: CorpPk
    database: Database
    runtime: Runtime
    own: psycopg.Connection

    @property
    def suite_id(self) -> str:
        """Our suite."""
        return self.runtime.settings.wecom.suite_id

    @property
    def mailbox(self) -> str:
        return f"corp:{self.corp.corp_id}"

    def receive(self, who: int) -> dict[str, object]:
        """An event of a member who is stored in another department; what names it."""
        elsewhere = self.corp.home(who + 1)
        [(member_pk,)] = self.own.execute(
            "UPDATE members SET department_ids = ARRAY[%s::bigint],"
            " main_department = %s WHERE corp_pk = %s AND userid = %s"
            " RETURNING member_pk",
            [elsewhere, elsewhere, self.corp_pk, userid_of(who)],
        ).fetchall()
        home = self.corp.home(who)
        inner = moved(self.corp.corp_id, who=who, department_id=home).replace(
            "$SUITE$", self.suite_id
        )
        post = to_post(
            parse_callback(inner.encode()), inner.encode(), self.runtime.keyring
        )
        with self.own.transaction():
            recorded = record(self.own, post)
        return {
            "box": self.mailbox,
            "event": recorded.event_id,
            "corp": self.corp_pk,
            "pk": member_pk,
            "key": post.key,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """A way to deal with an event, and the connections that it works over."""

    pool: Pool
    work: Callable[[dict[str, object]], object]
    connections: int


def one_event(stage: Stage, *, events: int) -> list[Line]:
    """What so many events cost, each drained before the next one comes.

    Drains and writes by hand take turns: what else the machine does, it does to both.
    """
    with _site(stage, members=2 * (events + _WARM) + 2) as site:
        pool = open_pool(site.database.url, size=1)
        drained, by_hand = _costs_of(
            [
                _Way(
                    pool=site.runtime.pool,
                    work=lambda _: drain(site.runtime, site.mailbox),
                    connections=_CONNECTIONS,
                ),
                _Way(pool=pool, work=partial(_write, pool), connections=1),
            ],
            site,
            events=events,
        )
        pool.close()
        site.receive(2 * (events + _WARM))
        with counted(site.runtime.pool, connections=_CONNECTIONS) as statements:
            drain(site.runtime, site.mailbox)
    cpu = Line(
        name="event_cpu",
        what="CPU of one event of one member, claim to settled",
        held_against="the same writes by hand, one transaction",
        ours=drained * 1000,
        theirs=by_hand * 1000,
        unit="ms",
        budget=3.0,
    )
    return [cpu, *_counts(statements)]


def _counts(statements: Statements) -> list[Line]:
    return [
        Line(
            name="event_statements",
            what="Statements for it, BEGIN and COMMIT apart",
            held_against=str(_MOST_STATEMENTS),
            ours=len(statements.texts),
            theirs=_MOST_STATEMENTS,
            unit="",
            budget=1.0,
        ),
        Line(
            name="event_transactions",
            what="Transactions for it",
            held_against=str(_MOST_TRANSACTIONS),
            ours=statements.transactions,
            theirs=_MOST_TRANSACTIONS,
            unit="",
            budget=1.0,
        ),
    ]


def idle(stage: Stage, *, corps: int, seconds: float) -> list[Line]:
    """What the whole product costs while nothing happens to so many linked corps."""
    enterprises = [
        Enterprise(corp_id=f"wpIdle{n:04d}", members=20, departments=4)
        for n in range(corps)
    ]
    with (
        running(enterprises) as double,
        stage.database(api_url=double.url) as database,
    ):
        read_alike(database, list(database.link(enterprises).values()))
        with running_processes(stage, database, WHOLE_PRODUCT) as pids:
            time.sleep(_CALM_SECONDS)
            _log_statements(stage, "all")
            servers = stage.session.supervisor.pids()
            place = stage.postgres.log.stat().st_size
            began, used = time.monotonic(), _used({**pids, **servers})
            time.sleep(seconds)
            took = time.monotonic() - began
            now = _used({**pids, **servers})
            _log_statements(stage, "none")
        text = stage.postgres.log.read_bytes()[place:].decode(errors="replace")
    shares = {name: (now[name] - used[name]) / took for name in used}
    return [
        Line(
            name="idle_cpu",
            what=f"The idle product, {corps} corps linked, stores included",
            held_against="2 % of a core",
            ours=100 * sum(shares.values()),
            theirs=100 * _MOST_IDLE_CORES,
            unit="%",
            budget=1.0,
            others={name: f"{share:.2%}" for name, share in shares.items()},
        ),
        Line(
            name="idle_statements",
            what="Statements a second of the idle product",
            held_against=f"{_MOST_IDLE_STATEMENTS:g}",
            ours=len(logged(text)) / took,
            theirs=_MOST_IDLE_STATEMENTS,
            unit="/s",
            budget=1.0,
        ),
    ]


@contextmanager
def _site(stage: Stage, *, members: int) -> Iterator[_Site]:
    corp = Enterprise(corp_id="wpOne", members=members, departments=10)
    with running([corp]) as double, stage.database(api_url=double.url) as database:
        corp_pk = database.link([corp])[corp.corp_id]
        run_cost(database.environment, database.request_run(corp_pk))
        runtime = build(
            database.settings,
            broker=StubBroker(),
            pool_size=_CONNECTIONS,
            plans=Plans.ONCE,
        )
        collect_rarely()
        with database.connect() as own:
            yield _Site(
                corp=corp,
                corp_pk=corp_pk,
                database=database,
                runtime=runtime,
                own=own,
            )
        runtime.tallies.write()
        runtime.pool.close()


def _costs_of(ways: Sequence[_Way], site: _Site, *, events: int) -> list[float]:
    """CPU seconds for each event, of this process and the backends it works with."""
    backends = [_backends(each.pool, each.connections) for each in ways]
    ours, theirs = [0.0] * len(ways), [0.0] * len(ways)
    for turn in range(_WARM + events):
        if turn == _WARM:
            ours = [0.0] * len(ways)
            theirs = [sum(map(cpu_seconds, each)) for each in backends]
        for place, way in enumerate(ways):
            named = site.receive(turn * len(ways) + place)
            began = time.process_time()
            way.work(named)
            ours[place] += time.process_time() - began
    return [
        (own + sum(map(cpu_seconds, served)) - before) / events
        for own, served, before in zip(ours, backends, theirs, strict=True)
    ]


def _backends(pool: Pool, connections: int) -> list[int]:
    """The processes of Postgres that serve a pool."""
    with ExitStack() as lent:
        return [
            lent.enter_context(pool.connection()).info.backend_pid
            for _ in range(connections)
        ]


def _write(pool: Pool, named: dict[str, object]) -> None:
    with transaction(pool) as connection:
        for statement in _BY_HAND:
            connection.execute(statement.encode(), named)


def _used(pids: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds of processes with all their children, by name."""
    return {name: sum(map(_own_seconds, _family(pid))) for name, pid in pids.items()}


def _family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _own_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _log_statements(stage: Stage, which: str) -> None:
    url = stage.postgres.url("postgres")
    with connect(url) as connection:
        connection.execute(f"ALTER SYSTEM SET log_statement = '{which}'".encode())
        connection.execute("SELECT pg_reload_conf()")
