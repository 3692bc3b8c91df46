"""The receiver as the Procfile runs it, and clients that do not behave."""

import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from demo.ports import LOOPBACK, free_port
from demo.processes import answers
from demo.procfile import read_procfile, shell
from tests.support.receiving import KEY, PROVIDER, SUITE, TOKEN, rows_of, wait_until

ROOT = Path(__file__).parents[2]
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
    with _running(command, "PORT", environment=environment, log=log) as port:
        beats = "SELECT receiver FROM receivers"
        assert wait_until(lambda: len(rows_of(database, beats)) == 2, seconds=60)
        yield port


@contextmanager
def running_web(*, database: str, redis_url: str, log: Path) -> Iterator[int]:
    """The port of a web of two processes."""
    command = read_procfile(ROOT / "Procfile")["web"]
    environment = _environment(database=database, redis_url=redis_url)
    with _running(command, "WEB_PORT", environment=environment, log=log) as port:
        ready = answers(f"http://{LOOPBACK}:{port}/healthz")
        assert wait_until(ready, seconds=60)
        yield port


@contextmanager
def _running(
    command: str, setting: str, *, environment: Mapping[str, str], log: Path
) -> Iterator[int]:
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
            yield port
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
