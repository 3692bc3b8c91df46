"""Every process of ours under small corps' traffic, and what came of each event."""

import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psycopg

from benchmarks.dataset import Enterprise
from benchmarks.environment import Database, Stage
from benchmarks.load import percentile
from benchmarks.probes import run_cost
from benchmarks.traffic import Pace, Sent, Town, Traffic, open_town
from demo.machine.ports import LOOPBACK
from demo.machine.procfile import read_procfile, shell
from demo.machine.supervisor import Supervisor
from demo.processes import ROOT, answers, service, wrote
from domain.ids import CorpPk

ANSWER_SECONDS = 0.05
MET_BY_EVENTS = ("receiver", "worker", "bulk", "clock")
WHOLE_PRODUCT = (*MET_BY_EVENTS, "web")
_SETTLE_SECONDS = 60.0
# Processes that have just started fetch every corp's token and plan every statement.
_COLD_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """Seconds from each event to its effect, and what WeCom's side cost."""

    seconds: list[float]
    lost: int
    cpu_share: float
    cold_p95: float = 0.0

    @property
    def p95(self) -> float:
        """The 95th percentile; what never took effect counts as forever."""
        return percentile([*self.seconds, *[_SETTLE_SECONDS] * self.lost], 0.95)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Small corps that are in step, and the processes that keep them so."""

    small: Sequence[Enterprise]
    corp_pks: dict[str, CorpPk]
    town: Town
    database: Database
    port: int

    def measure(self, paces: Sequence[Pace], *, seconds: float) -> Effects:
        """The effects of events to processes that have worked for a few seconds."""
        # Long enough for each corp to have sent something.
        once = max(1 / each.per_second for each in paces)
        cold = self._push(paces, seconds=max(_COLD_SECONDS, once))
        return replace(self._push(paces, seconds=seconds), cold_p95=cold.p95)

    def _push(self, paces: Sequence[Pace], *, seconds: float) -> Effects:
        """Push, wait until the small corps' mail is settled, and look it up."""
        names = [f"corp:{each.corp_id}" for each in self.small]
        with self.database.connect() as connection:
            after = _newest(connection)
            traffic = self.town.push(
                paces, port=self.port, settings=self.database.settings, seconds=seconds
            )
            deadline = time.monotonic() + _SETTLE_SECONDS
            while _pending(connection, names) and time.monotonic() < deadline:
                time.sleep(0.2)
            return _effects(connection, names, traffic, after=after)


def _newest(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT coalesce(max(event_id), 0) FROM inbox").fetchone()
    return int(row[0]) if row else 0


def _pending(connection: psycopg.Connection, mailboxes: Sequence[str]) -> bool:
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM inbox WHERE mailbox = ANY(%s)"
        " AND state = 'pending')",
        [list(mailboxes)],
    ).fetchone()
    return bool(row and row[0])


def _effects(
    connection: psycopg.Connection,
    mailboxes: Sequence[str],
    traffic: Traffic,
    *,
    after: int,
) -> Effects:
    rows = connection.execute(
        "SELECT mailbox, key, extract(epoch FROM done_at)::float8 FROM inbox"
        " WHERE mailbox = ANY(%s) AND event_id > %s ORDER BY event_id",
        [list(mailboxes), after],
    ).fetchall()
    done: dict[tuple[str, str], deque[float | None]] = defaultdict(deque)
    for mailbox, key, at in rows:
        done[mailbox, key].append(at)
    looked_at = set(mailboxes)
    wanted = [each for each in traffic.sent if f"corp:{each.corp_id}" in looked_at]
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
def open_scene(
    stage: Stage,
    small: Sequence[Enterprise],
    *,
    others: Sequence[Enterprise] = (),
    asks_tapd: bool = True,
) -> Iterator[Scene]:
    """Small corps, alike and in step, and others beside them that were never read."""
    with (
        open_town([*small, *others], seconds=ANSWER_SECONDS) as town,
        stage.database(api_url=town.url) as created,
    ):
        database = created if asks_tapd else created.without_tapd()
        corp_pks = database.link([*small, *others])
        like = [each for each in (*small, *others) if each.members == small[0].members]
        read_alike(database, [corp_pks[each.corp_id] for each in like])
        with _processes(stage, database) as port:
            yield Scene(
                small=small,
                corp_pks=corp_pks,
                town=town,
                database=database,
                port=port,
            )


def read_alike(database: Database, corps: Sequence[CorpPk]) -> None:
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
    with running_processes(stage, database, MET_BY_EVENTS):
        yield int(database.environment["PORT"])


@contextmanager
def running_processes(
    stage: Stage, database: Database, names: Sequence[str]
) -> Iterator[dict[str, int]]:
    """These processes of the Procfile, ready; their process ids by name."""
    environment = stage.process_environment(database.environment)
    commands = read_procfile(ROOT / "Procfile")
    ready = {
        "receiver": answers(f"http://{LOOPBACK}:{environment['PORT']}/readyz"),
        "web": answers(f"http://{LOOPBACK}:{environment['WEB_PORT']}/healthz"),
        "clock": lambda: True,
    }
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
                    ready=ready.get(name) or wrote(stage.session.log(name), booted),
                )
                for name in names
            )
        )
        yield supervisor.pids()
    finally:
        supervisor.stop()


class NoLeash:
    """The stage's own leash ends whatever bears its mark."""

    def renew(self) -> None:
        """Nothing to renew."""


def _nothing(text: str) -> None:
    """Benchmarks report figures, not steps."""
