"""`make run`: a real suite's settings, our own servers where none are named."""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

import settings as product_settings
from configuration.env_file import read_env_file
from demo.machine.ports import is_free
from demo.machine.services import NOTHING
from demo.machine.supervisor import StartFailed
from demo.processes import (
    ROOT,
    process_environment,
    release,
    service,
    start_processes,
)
from demo.servers import start_servers
from demo.session import Session


class NotConfigured(Exception):
    """The settings do not let it start; the message says what to change."""


def bring_up(session: Session) -> Mapping[str, str]:
    """Settings checked, servers, doctor, processes; returns what they were told.

    Raises: NotConfigured, and whatever keeps a server or process from coming up.
    """
    named = read_settings(ROOT / ".env")
    # Before any server starts: a missing name is the likeliest fault of a first start.
    _refuse_faulty(named)
    _refuse_taken(named)
    servers = start_servers(session, named=named)
    settings = {
        **named,
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
    }
    release(session, settings=settings)
    _consult_doctor(session, settings=settings)
    start_processes(session, settings=settings)
    return settings


def read_settings(path: Path) -> dict[str, str]:
    """What `.env` and the environment say, the environment winning.

    Raises: NotConfigured.
    """
    file = read_env_file(path)
    if file.faults:
        raise NotConfigured(str(product_settings.SettingsError(list(file.faults))))
    both = {**file.values, **os.environ}
    ports = {
        "PORT": both.get("PORT") or "8000",
        "WEB_PORT": both.get("WEB_PORT") or "8080",
    }
    return {**both, **ports}


def describe(settings: Mapping[str, str]) -> list[str]:
    """Where it answers, what WeCom must be told, how to examine it and to stop."""
    return [
        f"console     http://127.0.0.1:{settings['WEB_PORT']}/console/",
        f"  outside   {settings['PUBLIC_URL']}/console/",
        f"callbacks   http://127.0.0.1:{settings['PORT']}/wecom/command, /wecom/data",
        f"examine it  {_doctor(settings)}",
        "",
        "Ctrl-C stops everything; data stays in .run/. Logs: .run/logs/",
    ]


def _doctor(settings: Mapping[str, str]) -> str:
    """The command that examines this run; nobody else knows our own servers."""
    named = read_settings(ROOT / ".env")
    ours = [
        f"{name}={shlex.quote(settings[name])}"
        for name in _PLACES
        if named.get(name) != settings[name]
    ]
    return " ".join([*ours, ".venv/bin/python manage.py doctor"])


# Stand-ins for the two settings that may be missing here and nowhere else.
_PLACES = {"DATABASE_URL": "postgresql://our-own/", "REDIS_URL": "redis://our-own"}


def _refuse_faulty(named: Mapping[str, str]) -> None:
    missing = {name: place for name, place in _PLACES.items() if not named.get(name)}
    try:
        product_settings.load({**named, **missing})
    except product_settings.SettingsError as error:
        raise NotConfigured(str(error)) from error


def _refuse_taken(named: Mapping[str, str]) -> None:
    taken = [
        f"{name}={named[name]}"
        for name in ("PORT", "WEB_PORT")
        if not is_free(int(named[name]))
    ]
    if taken:
        raise NotConfigured(
            f"Somebody listens already: {', '.join(taken)}. Set another in .env."
        )


def _consult_doctor(session: Session, *, settings: Mapping[str, str]) -> None:
    """Show all that it finds; it is told and does not stop the start.

    What makes a start impossible was refused before. The whole of it is examined by
    `manage.py doctor` while the processes run: a suite_ticket comes only then.
    """
    session.progress.say("doctor ...")
    doctor = service(
        session,
        "doctor",
        (sys.executable, "manage.py", "doctor", "--before-start"),
        environment=process_environment(session, settings=settings),
    )
    said = "what must be there is there:"
    try:
        session.supervisor.run(doctor)
    except StartFailed:
        said = "something is to be mended; the start goes on:"
    session.progress.say(f"doctor: {said}")
    session.progress.box(doctor.log.read_text("utf-8").splitlines() or [NOTHING])
