"""Real programs start in order, come back when they exit, and stop in reverse."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from demo.machine.services import Service, always
from demo.machine.supervisor import ParentGone, StartFailed, Supervisor

POLITE = "trap 'echo {name} stopped >> story; exit' TERM; "
LIVE = "while :; do sleep 0.02; done"


class NoLeash:
    """These tests clean up by themselves."""

    def renew(self) -> None:
        """There is none."""


class Stage:
    """A supervisor in a folder in which its programs write one story."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.supervisor = Supervisor(say=self.said.append, leash=NoLeash())

    def story(self) -> list[str]:
        path = self.folder / "story"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def has(self, line: str) -> Callable[[], bool]:
        return lambda: line in self.story()

    def service(
        self,
        name: str,
        script: str,
        *,
        ready: Callable[[], bool] = always,
        grace_seconds: float = 10,
    ) -> Service:
        return Service(
            name=name,
            command=("/bin/sh", "-c", script.replace("{name}", name)),
            folder=self.folder,
            log=self.folder / f"{name}.log",
            environment=os.environ,
            ready=ready,
            grace_seconds=grace_seconds,
        )

    def server(self, name: str, *, slow: str = "") -> Service:
        script = f"{POLITE}{slow}echo {{name}} ready >> story; {LIVE}"
        return self.service(name, script, ready=self.has(f"{name} ready"))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.supervisor.hurry()
    stage.supervisor.stop()


def test_the_next_starts_only_when_the_one_before_is_ready(stage: Stage) -> None:
    stage.supervisor.start(stage.server("database", slow="sleep 0.5; "))
    stage.supervisor.start(stage.server("web"))

    assert stage.story() == ["database ready", "web ready"]


def test_they_stop_in_reverse_each_waiting_for_the_one_after(stage: Stage) -> None:
    stage.supervisor.start(stage.server("database"))
    stage.supervisor.start(stage.server("web"))

    stage.supervisor.stop()

    assert stage.story()[2:] == ["web stopped", "database stopped"]


def test_one_that_is_killed_starts_again(stage: Stage) -> None:
    stage.supervisor.start(stage.server("web"))
    first = stage.supervisor.pids()["web"]

    os.kill(first, signal.SIGKILL)

    came_back = stage.supervisor.wait_until(
        lambda: stage.story().count("web ready") == 2, timeout_seconds=10
    )
    assert came_back
    assert stage.supervisor.pids()["web"] != first
    assert f"web exited with -{signal.SIGKILL:d}" in stage.said[0]


def test_each_restart_waits_twice_as_long(stage: Stage) -> None:
    stage.supervisor.start(stage.service("flapping", "sleep 0.3; exit 3"))

    stage.supervisor.wait_until(lambda: len(stage.said) == 3, timeout_seconds=20)

    pauses = [text.split(" again in ")[1].split(" s ")[0] for text in stage.said]
    assert pauses == ["0.5", "1", "2"]


def test_children_of_a_dead_program_do_not_stay(stage: Stage) -> None:
    script = f"(echo $$ > pid; {LIVE}) & sleep 600 & echo $! > child; wait"
    stage.supervisor.start(
        stage.service("master", script, ready=(stage.folder / "child").exists)
    )
    child = psutil.Process(int((stage.folder / "child").read_text(encoding="ascii")))

    os.kill(stage.supervisor.pids()["master"], signal.SIGKILL)

    stage.supervisor.wait_until(lambda: bool(stage.said), timeout_seconds=10)
    gone, _ = psutil.wait_procs([child], timeout=10)
    assert gone == [child]


def test_one_that_keeps_exiting_fails_the_start_with_its_last_words(
    stage: Stage,
) -> None:
    broken = stage.service("web", "echo no such module; exit 1", ready=lambda: False)

    with pytest.raises(StartFailed, match=r"web keeps exiting(.|\n)*no such module"):
        stage.supervisor.start(broken)


def test_one_that_is_never_ready_fails_the_start(stage: Stage) -> None:
    silent = stage.service("web", LIVE, ready=lambda: False)

    with pytest.raises(StartFailed, match="web is not ready in time"):
        stage.supervisor.start(silent, timeout_seconds=0.3)


def test_one_that_ignores_the_stop_is_killed_after_its_grace(stage: Stage) -> None:
    script = f"trap '' TERM; echo up >> story; {LIVE}"
    stage.supervisor.start(
        stage.service("deaf", script, ready=stage.has("up"), grace_seconds=0.3)
    )
    process = psutil.Process(stage.supervisor.pids()["deaf"])

    stage.supervisor.stop()

    assert not process.is_running()
    assert stage.said == ["deaf did not stop by itself and is killed"]


def test_whoever_hurries_waits_for_nobody(stage: Stage) -> None:
    script = f"trap '' TERM; echo up >> story; {LIVE}"
    stage.supervisor.start(
        stage.service("deaf", script, ready=stage.has("up"), grace_seconds=60)
    )
    started_at = time.monotonic()

    stage.supervisor.hurry()
    stage.supervisor.stop()

    assert time.monotonic() - started_at < 30


def test_a_command_that_fails_says_why(stage: Stage) -> None:
    failing = stage.service("release", "echo the schema is broken; exit 2")

    with pytest.raises(StartFailed, match=r"exited with 2(.|\n)*schema is broken"):
        stage.supervisor.run(failing)


def test_a_command_runs_to_its_end(stage: Stage) -> None:
    stage.supervisor.run(stage.service("release", "echo {name} done >> story"))

    assert stage.story() == ["release done"]


def test_it_notices_that_its_parent_is_gone() -> None:
    said: list[str] = []
    orphaned = Supervisor(say=said.append, leash=NoLeash(), parent=os.getpid())

    with pytest.raises(ParentGone):
        orphaned.pulse()
