"""What a full read costs: applying it, finding nothing, asking, and memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from benchmarks.copying import copy_seconds, load_tables
from benchmarks.dataset import Enterprise
from benchmarks.environment import Database, Stage
from benchmarks.fake_wecom import Running, running
from benchmarks.naive_sync import sync_as_usual
from benchmarks.probes import Cost, fetch_cost, run_cost
from benchmarks.table import Line
from domain.ids import CorpPk, RunId

CORP = "wpBench"
_ORG = ("departments", "members", "aliases", "journal", "links", "notices")
_MOST_MIB = 100.0
_MOST_DEPARTMENTS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One corp of a given size, a WeCom that shows it, and a database."""

    enterprise: Enterprise
    double: Running
    database: Database
    corp_pk: CorpPk

    def run(self) -> tuple[RunId, Cost]:
        """One full read, from the wish to its end."""
        run_id = self.database.request_run(self.corp_pk)
        return run_id, run_cost(self.database.environment, run_id)

    def apply_seconds(self, run_id: RunId) -> float:
        """From the last page read to the end of the run, by Postgres' clock."""
        with self.database.connect() as connection:
            row = connection.execute(
                "SELECT extract(epoch FROM ended_at - read_ended_at)::float8,"
                " state, error FROM runs WHERE run_id = %s",
                [run_id],
            ).fetchone()
        assert row is not None  # noqa: S101 - the run was requested above
        assert row[1] in {"done", "held"}, row  # noqa: S101 - else nothing was measured
        return float(row[0])

    def calls(self, run_id: RunId) -> tuple[int, int]:
        """The calls of a run, and the least that it could have made."""
        with self.database.connect() as connection:
            row = connection.execute(
                "SELECT calls, calls_least FROM runs WHERE run_id = %s", [run_id]
            ).fetchone()
        assert row is not None  # noqa: S101 - the run was requested above
        return int(row[0]), int(row[1])

    def writes(self) -> int:
        """Rows written to org, journal and outbox since the server started."""
        with self.database.connect() as connection:
            connection.execute("SELECT pg_stat_force_next_flush()")
            row = connection.execute(
                "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)"
                " FROM pg_stat_user_tables WHERE relname = ANY(%s)"
                " OR relname LIKE 'journal%%'",
                [list(_ORG)],
            ).fetchone()
        return int(row[0]) if row else 0


@contextmanager
def scene(stage: Stage, *, members: int, departments: int) -> Iterator[Scene]:
    """A linked corp that was never read."""
    enterprise = Enterprise(corp_id=CORP, members=members, departments=departments)
    with (
        running([enterprise]) as double,
        stage.database(api_url=double.url) as database,
    ):
        yield Scene(
            enterprise=enterprise,
            double=double,
            database=database,
            corp_pk=database.link([enterprise])[CORP],
        )


def full_reads(
    stage: Stage, *, members: int, departments: int, rounds: int
) -> list[Line]:
    """First sync, the same again without a difference, calls and memory."""
    with scene(stage, members=members, departments=departments) as corp:
        run_id, cost = corp.run()
        applied = corp.apply_seconds(run_id)
        copied = _copied(stage, corp.database, rounds=rounds)
        calls, least = corp.calls(run_id)
        lines = [
            Line(
                name="apply",
                what=f"Apply a first sync of {members:,} members",
                held_against="COPY of the very rows of all tables",
                ours=applied,
                theirs=copied,
                unit="s",
                budget=2.5,
                others={"whole run": f"{cost.seconds:.1f} s"},
            ),
            Line(
                name="calls_run",
                what="WeCom calls of that run",
                held_against="the least possible",
                ours=calls,
                theirs=least,
                unit="",
                budget=1.05,
            ),
            _memory(cost, members),
        ]
        return [*lines, _quiet(corp, departments=departments, rounds=rounds)]


def _copied(stage: Stage, database: Database, *, rounds: int) -> float:
    tables = load_tables(database.url)
    took = []
    for _ in range(rounds):
        with stage.database() as empty:
            took.append(copy_seconds(empty.url, tables))
    return median(took)


def _memory(cost: Cost, members: int) -> Line:
    return Line(
        name="memory",
        what=f"Memory of a run over {members:,} members above an idle worker",
        held_against="100 MiB",
        ours=cost.peak_mib - cost.idle_mib,
        theirs=_MOST_MIB,
        unit="MiB",
        budget=1.0,
        others={"idle": f"{cost.idle_mib:.0f} MiB"},
    )


def _quiet(corp: Scene, *, departments: int, rounds: int) -> Line:
    ratios: list[tuple[float, float, float]] = []
    before = corp.writes()
    simulated = corp.double.cpu_seconds()
    seconds = 0.0
    for _ in range(rounds):
        _, cost = corp.run()
        seconds += cost.seconds
        floor = fetch_cost(
            corp.database.environment, corp_id=CORP, departments=departments
        )
        ratios.append(
            (cost.cpu_seconds / floor.cpu_seconds, cost.cpu_seconds, floor.cpu_seconds)
        )
    _, ours, theirs = sorted(ratios)[len(ratios) // 2]
    simulated = corp.double.cpu_seconds() - simulated
    return Line(
        name="quiet",
        what="Quiet resync of the same corp, CPU of the worker",
        held_against="CPU of fetching and parsing the same answers",
        ours=ours,
        theirs=theirs,
        unit="s",
        budget=1.3,
        others={
            "rows written to org, journal, outbox": str(corp.writes() - before),
            "whole run": f"{seconds / rounds:.1f} s",
            "CPU of the double, runs and yardstick": f"{simulated:.1f} s",
        },
    )


def usual_sync(stage: Stage, *, members: int, departments: int) -> list[Line]:
    """What a user would have instead: every department asked with its children."""
    with scene(stage, members=members, departments=departments) as corp:
        _, cost = corp.run()
        calls = corp.double.calls()
        with stage.database(api_url=corp.double.url) as other:
            theirs = sync_as_usual(
                other.url,
                corp.double.url,
                corp_id=CORP,
                departments=departments,
            )
        asked = corp.double.calls().total() - calls.total()
    return [
        Line(
            name="usual",
            what=f"First sync of {members:,} members, from wish to end",
            held_against="each department with its children, a statement per row",
            ours=cost.seconds,
            theirs=theirs,
            unit="s",
            budget=None,
            others={"their calls": str(asked), "our calls": str(calls.total())},
        )
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A first sync and a quiet one at one size."""

    members: int
    first_seconds: float
    quiet_seconds: float
    peak_mib: float


def growth(stage: Stage, *, members: int) -> Growth:
    """What one size costs; ten members in a department, until there are many of them.

    The tree is held whole, about a KiB for each department: it is the members that
    must not be seen in the memory of a run.
    """
    departments = min(members // 10, _MOST_DEPARTMENTS)
    with scene(stage, members=members, departments=departments) as corp:
        _, first = corp.run()
        _, quiet = corp.run()
    return Growth(
        members=members,
        first_seconds=first.seconds,
        quiet_seconds=quiet.seconds,
        peak_mib=first.peak_mib - first.idle_mib,
    )
