"""However a run ends, none of its processes outlives it, and its data does."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
import psycopg
import pytest

from demo.machine.leftovers import MARK, end_leftovers, list_leftovers
from demo.processes import ROOT

PATIENCE_SECONDS = 30
ELSEWHERE = {"DATABASE_URL": "postgresql://elsewhere/", "REDIS_URL": "redis://there"}

# A run of a program whose child ignores every polite request, with servers or without.
# Whoever runs these tests under nohup passes an ignored SIGHUP on to it.
RUN = """
import json, os, signal, sys
from pathlib import Path
from demo.processes import service
from demo.servers import start_servers
from demo.session import open_session

signal.signal(signal.SIGHUP, signal.SIG_DFL)
stubborn = "trap '' TERM INT HUP; sleep 600 & wait"
parent = os.getppid() if sys.argv[2] == "with-parent" else None
with open_session(Path(sys.argv[1]), parent=parent) as session:
    servers = start_servers(session, named=json.loads(sys.argv[3]))
    session.supervisor.start(service(
        session, "stubborn", ("/bin/sh", "-c", f"({stubborn}) & wait"),
        environment=session.environment(),
    ))
    print("ready", servers.database_url, flush=True)
    session.supervisor.wait_until(lambda: False, timeout_seconds=600)
"""


def command(
    folder: Path, *, parent: str = "alone", named: Mapping[str, str]
) -> list[str]:
    """The manager's command line."""
    return [sys.executable, "-c", RUN, str(folder), parent, json.dumps(named)]


def run_with_servers(folder: Path) -> "Run":
    """A run that brings its own Postgres and Valkey."""
    return Run(folder, command(folder, named={}))


def run_without_servers(folder: Path) -> "Run":
    """A run that is told to use servers elsewhere, so it starts none."""
    return Run(folder, command(folder, named=ELSEWHERE))


def run_under_a_shell(folder: Path) -> "Run":
    """A run that was started by another program, as `make` does."""
    manager = command(folder, parent="with-parent", named={})
    return Run(folder, ["/bin/sh", "-c", '"$@"; true', "sh", *manager])


class Run:
    """A manager in a process of its own, and what it started."""

    def __init__(self, folder: Path, command: list[str]) -> None:
        self.folder = folder
        self.process = subprocess.Popen(  # noqa: S603 - our own commands
            command,
            cwd=ROOT,
            env={k: v for k, v in os.environ.items() if k != MARK},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self._lines = self.process.stdout
        ready = next(line for line in self._lines if line.startswith("ready"))
        self.database_url = ready.split()[1]
        self.started = list_leftovers(folder.resolve())

    def leash(self) -> psutil.Process:
        """The second process that watches over the first."""
        return next(
            child
            for child in psutil.Process(self.process.pid).children()
            if "demo.machine.leash" in child.cmdline()
        )

    def wait(self) -> int:
        """The exit code; also reads the rest of what it said."""
        code = self.process.wait(PATIENCE_SECONDS)
        self._lines.close()
        return code

    def survivors(self) -> list[psutil.Process]:
        """What still runs of what it had started, after a fair time."""
        _, alive = psutil.wait_procs(self.started, timeout=PATIENCE_SECONDS)
        return [*alive, *list_leftovers(self.folder.resolve())]


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="run-") as folder:
        yield Path(folder)
        end_leftovers(Path(folder).resolve())


def names(run: Run) -> set[str]:
    return {process.name() for process in run.started}


def test_a_run_has_servers_with_children_of_their_own(folder: Path) -> None:
    run = run_with_servers(folder)

    seen = names(run)

    run.process.terminate()
    assert run.wait() == 0
    assert {"postgres", "valkey-server", "sleep"} <= seen


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_told_to_stop_ends_well(
    folder: Path, number: signal.Signals
) -> None:
    run = run_without_servers(folder)

    run.process.send_signal(number)

    assert run.wait() == 0
    assert run.survivors() == []


def test_a_killed_run_leaves_nothing_behind(folder: Path) -> None:
    run = run_with_servers(folder)

    run.process.kill()

    assert run.wait() == -signal.SIGKILL
    assert run.survivors() == []


def test_a_run_whose_make_was_killed_leaves_nothing_behind(folder: Path) -> None:
    run = run_under_a_shell(folder)

    run.process.kill()

    assert run.wait() == -signal.SIGKILL
    assert run.survivors() == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a death signal")
def test_servers_stop_when_run_and_leash_are_killed_at_once(folder: Path) -> None:
    run = run_with_servers(folder)
    servers = [p for p in run.started if p.name() in {"postgres", "valkey-server"}]

    run.leash().kill()
    run.process.kill()

    run.wait()
    _, alive = psutil.wait_procs(servers, timeout=PATIENCE_SECONDS)
    assert alive == []


def test_the_next_run_ends_what_two_kills_left(folder: Path) -> None:
    killed = run_with_servers(folder)
    killed.leash().kill()
    killed.process.kill()
    killed.wait()

    run = run_with_servers(folder)

    run.process.terminate()
    assert run.wait() == 0
    assert killed.survivors() == []


def test_data_outlives_a_kill(folder: Path) -> None:
    killed = run_with_servers(folder)
    with psycopg.connect(killed.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    killed.process.kill()
    killed.wait()

    run = run_with_servers(folder)
    with psycopg.connect(run.database_url) as connection:
        kept = connection.execute("SELECT number FROM kept").fetchone()

    run.process.terminate()
    assert run.wait() == 0
    assert kept == (7,)


def test_a_killed_leash_is_replaced(folder: Path) -> None:
    run = run_without_servers(folder)
    first = run.leash()
    first.kill()
    first.wait(PATIENCE_SECONDS)
    manager = psutil.Process(run.process.pid)
    while not any(
        "demo.machine.leash" in child.cmdline() for child in manager.children()
    ):
        assert manager.is_running()

    run.process.kill()

    run.wait()
    assert run.survivors() == []


def test_a_second_run_in_the_same_folder_is_refused(folder: Path) -> None:
    run = run_without_servers(folder)

    second = subprocess.run(  # noqa: S603 - our own commands
        command(folder, named=ELSEWHERE),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )

    run.process.terminate()
    assert run.wait() == 0
    assert f"is in use by process {run.process.pid}" in second.stderr
