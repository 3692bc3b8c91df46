"""Reads the Procfile, so that the demo runs what a deployment runs."""

import re
from pathlib import Path

RELEASE = "release"


class BadProcfile(Exception):
    """The Procfile cannot be read; the message says where."""


def read_procfile(path: Path) -> dict[str, str]:
    """The commands by process name, in the file's order.

    Raises: BadProcfile.
    """
    commands: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = re.fullmatch(r"([A-Za-z0-9_-]+):\s*(\S.*)", line)
        if match is None:
            raise BadProcfile(f"{path}: {line!r} is not `name: command`.")
        name, command = match.groups()
        if name in commands:
            raise BadProcfile(f"{path}: {name} stands there twice.")
        commands[name] = command
    if RELEASE not in commands:
        raise BadProcfile(f"{path} has no {RELEASE}.")
    return commands


def shell(command: str) -> tuple[str, ...]:
    """The command as Procfile runners start it: by a shell, which it then replaces."""
    return ("/bin/sh", "-c", f"exec {command}")
