"""python -m demo: everything on one machine, in one command."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click
import requests

from demo import real, show
from demo.company import NotInStep
from demo.machine.postgres import NoPostgres
from demo.machine.procfile import BadProcfile
from demo.machine.state import StateBusy
from demo.machine.supervisor import StartFailed
from demo.machine.valkey import NoValkey
from demo.processes import ROOT
from demo.real import NotConfigured
from demo.session import Session, open_session

FAILURES = (
    BadProcfile,
    NoPostgres,
    NoValkey,
    NotConfigured,
    NotInStep,
    OSError,
    StartFailed,
    StateBusy,
    requests.RequestException,
)

with_parent = click.option(
    "--with-parent",
    "parent",
    flag_value=os.getppid(),
    type=int,
    default=None,
    help="Stop when the program that started this one is gone, as `make` may be.",
)


@click.group()
def main() -> None:
    """Bring up the servers and every process, and stop them again on Ctrl-C."""


@main.command()
@with_parent
def up(parent: int | None) -> None:
    """The demo: a simulated WeCom and TAPD and a company of 600 people."""
    with _session(".demo", parent=parent) as session:
        shown = show.bring_up(session)
        session.progress.box(show.describe(shown))
        _stay(session)


@main.command()
@with_parent
def check(parent: int | None) -> None:
    """The demo, until its company is in step; then stop."""
    with _session(".demo", parent=parent) as session:
        shown = show.bring_up(session)
        session.progress.say(
            f"{shown.company.name} is in step. {show.count_people(shown)} That is all"
        )


@main.command()
@with_parent
def run(parent: int | None) -> None:
    """A real suite: its settings from .env, its data kept in .run."""
    with _session(".run", parent=parent) as session:
        settings = real.bring_up(session)
        session.progress.box(real.describe(settings))
        _stay(session)


@contextmanager
def _session(folder: str, *, parent: int | None) -> Iterator[Session]:
    try:
        with open_session(ROOT / folder, parent=parent) as session:
            yield session
    except FAILURES as error:
        click.echo(f"\n{error}", err=True)
        sys.exit(1)


def _stay(session: Session) -> NoReturn:
    """Look after everything until a signal ends it."""
    while True:
        session.supervisor.pulse()


if __name__ == "__main__":
    main()
