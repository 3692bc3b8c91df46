"""Follows a run until it has ended, and shows its pages while they are read."""

import sys
import time
from collections.abc import Generator

import click

from commands.session import Failed
from commands.terminal import echo
from store.database import Pool, transaction
from store.summaries.runs.runs import RunSummary, find_run

_LOOK_SECONDS = 0.5
_PATIENCE_SECONDS = 30.0
_ENDED = {"done", "held", "failed", "cancelled"}


def follow(pool: Pool, run_id: str) -> RunSummary:
    """The run once it has ended; its pages are shown while they are read."""
    show = _show_bar() if sys.stdout.isatty() else _show_lines()
    next(show)
    began = time.monotonic()
    while True:
        with transaction(pool) as connection:
            run = find_run(connection, run_id)
        if run is None:
            raise Failed(f"Run {run_id} is gone.")
        show.send(run)
        if run.state in _ENDED:
            show.close()
            return run
        if run.state == "queued" and time.monotonic() - began > _PATIENCE_SECONDS:
            echo("No worker takes it; is `bulk` running? See: manage.py doctor")
            began = float("inf")
        time.sleep(_LOOK_SECONDS)


def report(run: RunSummary) -> None:
    """How a run ended.

    Raises: Failed unless it ended well.
    """
    changes = ", ".join(f"{name} {n}" for name, n in sorted(run.decisions.items()))
    echo(f"{run.state}: {changes or 'no differences'}")
    echo(f"calls {run.calls}, least possible {run.calls_least}")
    if run.state == "held":
        echo(f"Removals wait for approval: plan {run.plan_id}.")
    if run.state not in {"done", "held"}:
        raise Failed(run.error or f"The run was {run.state}.")


def _show_lines() -> Generator[None, RunSummary, None]:
    last = None
    while True:
        run = yield
        line = f"{run.state}, pages {run.pages_read} of {run.pages_of or '?'}"
        if line != last:
            echo(line)
        last = line


def _show_bar() -> Generator[None, RunSummary, None]:
    run = yield
    while not run.pages_of:
        run = yield
    with click.progressbar(length=run.pages_of, label="pages") as bar:
        while True:
            # Whether a page leads to more pages is known only when it is read.
            bar.length = max(run.pages_of or 0, run.pages_read)
            bar.update(run.pages_read - bar.pos)
            run = yield
