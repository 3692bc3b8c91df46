"""The Procfile's processes as services, with their environment and readiness."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import requests

from demo.machine.ports import LOOPBACK
from demo.machine.procfile import RELEASE, read_procfile, shell
from demo.machine.services import Service, always
from demo.session import Session

ROOT = Path(__file__).resolve().parents[1]
_PROBE_SECONDS = 2.0
# What dramatiq says when a process has loaded every actor.
_BOOTED = "ready for action"


def answers(url: str) -> Callable[[], bool]:
    """Whether a GET is answered with 200 now."""

    def probe() -> bool:
        try:
            return requests.get(url, timeout=_PROBE_SECONDS).status_code == 200
        except requests.RequestException:
            return False

    return probe


def wrote(log: Path, text: str) -> Callable[[], bool]:
    """Ready once its log says so: for programs that answer nobody but tell."""

    def probe() -> bool:
        return log.exists() and text in log.read_text("utf-8", errors="replace")

    return probe


def release(session: Session, *, settings: Mapping[str, str]) -> None:
    """Run what the Procfile wants done before its processes start.

    Raises: BadProcfile, StartFailed.
    """
    command = read_procfile(ROOT / "Procfile")[RELEASE]
    session.progress.say(f"{RELEASE}: {command}")
    environment = process_environment(session, settings=settings)
    session.supervisor.run(
        service(session, RELEASE, shell(command), environment=environment)
    )


def start_processes(session: Session, *, settings: Mapping[str, str]) -> None:
    """Start every process of the Procfile and return when all answer.

    Raises: BadProcfile, StartFailed.
    """
    commands = read_procfile(ROOT / "Procfile")
    commands.pop(RELEASE)
    environment = process_environment(session, settings=settings)
    ready = {
        "receiver": answers(f"http://{LOOPBACK}:{settings['PORT']}/readyz"),
        "web": answers(f"http://{LOOPBACK}:{settings['WEB_PORT']}/healthz"),
        **{name: wrote(session.log(name), _BOOTED) for name in ("worker", "bulk")},
    }
    session.progress.say(f"starting {', '.join(commands)} ...")
    session.supervisor.start(
        *(
            service(
                session,
                name,
                shell(command),
                environment=environment,
                ready=ready.get(name, always),
            )
            for name, command in commands.items()
        )
    )


def service(
    session: Session,
    name: str,
    command: tuple[str, ...],
    *,
    environment: Mapping[str, str],
    ready: Callable[[], bool] = always,
) -> Service:
    """A program of this repository, run from its root."""
    return Service(
        name=name,
        command=command,
        folder=ROOT,
        log=session.log(name),
        environment=environment,
        ready=ready,
    )


def process_environment(
    session: Session, *, settings: Mapping[str, str]
) -> dict[str, str]:
    """Ours and the settings, with this interpreter's programs first on the path."""
    environment = {**session.environment(), **settings}
    programs = str(Path(sys.executable).parent)
    environment["PATH"] = programs + os.pathsep + environment.get("PATH", os.defpath)
    # A log line is there when it is written, not when 8 KiB have gathered.
    environment["PYTHONUNBUFFERED"] = "1"
    return environment
