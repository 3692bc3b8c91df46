"""The receiver as the Procfile runs it, and clients that do not behave."""

import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.machine.ports import LOOPBACK, free_port
from demo.machine.procfile import read_procfile, shell
from demo.processes import answers
from tests.support.processes.jammed import HOLDS, JAM, LOCK, locked
from tests.support.receiving import KEY, PROVIDER, SUITE, TOKEN, rows_of, wait_until

ROOT = Path(__file__).parents[3]
SECRET_KEY = "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="


@contextmanager
def running_receiver(
    *, database: str, redis_url: str, log: Path, places: int = 4096
) -> Iterator[int]:
    """The port of a receiver of two processes, both of which beat.

    Shape: `places` is how many clients each process keeps; the Procfile says 4096.
    """
    command = read_procfile(ROOT / "Procfile")["receiver"].replace("4096", str(places))
    environment = _environment(database=database, redis_url=redis_url)
    with _running(command, "PORT", environment=environment, log=log) as (port, _):
        beats = "SELECT receiver FROM receivers"
        assert wait_until(lambda: len(rows_of(database, beats)) == 2, seconds=60)
        yield port


@contextmanager
def running_web(*, database: str, redis_url: str, log: Path) -> Iterator[int]:
    """The port of a web of two processes."""
    command = read_procfile(ROOT / "Procfile")["web"]
    environment = _environment(database=database, redis_url=redis_url)
    with _running(command, "WEB_PORT", environment=environment, log=log) as (port, _):
        ready = answers(f"http://{LOOPBACK}:{port}/healthz")
        assert wait_until(ready, seconds=60)
        yield port


@dataclass(frozen=True, slots=True, kw_only=True)
class Jammable:
    """A server of one process whose threads can be held: see tests.support.jammed."""

    port: int
    lock: Path
    holds: Path
    process: subprocess.Popen[bytes]

    @contextmanager
    def jammed(self, *, threads: int) -> Iterator[list[socket.socket]]:
        """The clients that hold all its threads while the block runs."""
        before = self._held()
        with locked(self.lock), ExitStack() as stack:
            clients = []
            for _ in range(threads):
                client = socket.create_connection((LOOPBACK, self.port), timeout=60)
                client.sendall(f"GET {JAM} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                clients.append(stack.enter_context(client))
            all_held = before + threads
            assert wait_until(lambda: self._held() == all_held, seconds=60)
            yield clients

    def _held(self) -> int:
        return self.holds.stat().st_size if self.holds.exists() else 0


@contextmanager
def running_jammable(
    name: str,
    *,
    database: str,
    redis_url: str,
    folder: Path,
    worker: str | None = None,
) -> Iterator[Jammable]:
    """One process of the receiver or the web, with a worker of its own if named."""
    lock, holds = folder / "lock", folder / "holds"
    lock.touch()
    command = read_procfile(ROOT / "Procfile")[name].replace("-w 2", "-w 1")
    command = command.replace(
        f"{name}.app:create_app()", f"tests.support.processes.jammed:create_{name}()"
    )
    if worker:
        class_name = {"receiver": "ReceiverWorker", "web": "WebWorker"}[name]
        command = command.replace(f"{name}.worker.{class_name}", worker)
    environment = {
        **_environment(database=database, redis_url=redis_url),
        LOCK: str(lock),
        HOLDS: str(holds),
        "PYTHONPATH": str(ROOT),
    }
    setting = {"receiver": "PORT", "web": "WEB_PORT"}[name]
    with _running(
        command, setting, environment=environment, log=folder / f"{name}.log"
    ) as (port, process):
        ready = answers(f"http://{LOOPBACK}:{port}/healthz")
        assert wait_until(ready, seconds=60)
        yield Jammable(port=port, lock=lock, holds=holds, process=process)


@contextmanager
def _running(
    command: str, setting: str, *, environment: Mapping[str, str], log: Path
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_port(0)
    with log.open("wb") as stream:
        process = subprocess.Popen(  # noqa: S603 - our own Procfile.
            shell(command),
            cwd=ROOT,
            env={**environment, setting: str(port)},
            stdout=stream,
            stderr=stream,
        )
        try:
            yield port, process
        finally:
            process.terminate()
            process.wait(timeout=20)


def send(port: int, data: bytes, *, timeout_seconds: float = 10.0) -> bytes:
    """What is answered to these bytes, until the receiver closes or says no more."""
    with socket.create_connection((LOOPBACK, port), timeout=timeout_seconds) as client:
        client.sendall(data)
        return read_all(client)


def read_all(client: socket.socket) -> bytes:
    """Everything until the other side closes, resets or says nothing in time."""
    found = b""
    try:
        while part := client.recv(65_536):
            found += part
    except OSError:
        pass
    return found


def reset(client: socket.socket) -> None:
    """Close as a crashed machine does: with a reset instead of an end."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()


def _environment(*, database: str, redis_url: str) -> Mapping[str, str]:
    bin_folder = ROOT / ".venv" / "bin"
    return {
        **os.environ,
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "BIND": LOOPBACK,
        "DATABASE_URL": database,
        "REDIS_URL": redis_url,
        "PUBLIC_URL": "https://sync.example.com",
        "SECRET_KEYS": SECRET_KEY,
        "API_TOKEN": "t" * 32,
        "WECOM_SUITE_ID": SUITE,
        "WECOM_SUITE_SECRET": "s",
        "WECOM_TOKEN": TOKEN,
        "WECOM_ENCODING_AES_KEY": KEY,
        "WECOM_PROVIDER_CORP_ID": PROVIDER,
        "WECOM_PROVIDER_SECRET": "s",
        "TAPD_CLIENT_ID": "",
        "TAPD_CLIENT_SECRET": "",
    }
