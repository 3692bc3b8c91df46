"""Work in a process of its own, which says what it cost: time, CPU and memory."""

import gc
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import click
import psutil
import requests

from demo.processes import ROOT
from domain.ids import RunId
from wecom import answers
from wecom.transport import Transport
from workers.inbox.drain import drain
from workers.runs import run as runs
from workers.runtime import Runtime

_LOOK_SECONDS = 0.02
_PROBE_SECONDS = 900.0
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a piece of work cost its process; memory in MiB of resident pages."""

    seconds: float
    cpu_seconds: float
    idle_mib: float
    peak_mib: float


def run_cost(environment: Mapping[str, str], run_id: RunId) -> Cost:
    """The cost of one run, from its wish to its end, to a worker."""
    return _probe("run", run_id, environment=environment)


def drain_cost(environment: Mapping[str, str], mailbox: str) -> Cost:
    """The cost of draining a mailbox until nothing is due in it."""
    return _probe("drain", mailbox, environment=environment)


def fetch_cost(
    environment: Mapping[str, str], *, corp_id: str, departments: int
) -> Cost:
    """The cost of asking the same questions by the same client, and of reading JSON."""
    return _probe("fetch", corp_id, str(departments), environment=environment)


def _probe(*arguments: str, environment: Mapping[str, str]) -> Cost:
    done = subprocess.run(  # noqa: S603 - our own module
        (sys.executable, "-m", "benchmarks.probes", *arguments),
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
        timeout=_PROBE_SECONDS,
        check=True,
    )
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


@click.group()
def main() -> None:
    """Do one piece of work and print its cost as JSON."""


@main.command()
@click.argument("run_id")
def run(run_id: str) -> None:
    """Work on a run until it has ended, turn after turn."""
    runtime = _runtime()
    with _costed():
        while _is_open(runtime, run_id):
            runs.work_on(runtime, RunId(run_id))


@main.command(name="drain")
@click.argument("mailbox")
def drain_all(mailbox: str) -> None:
    """Drain a mailbox until nothing in it is pending."""
    runtime = _runtime()
    with _costed():
        while _is_pending(runtime, mailbox):
            drain(runtime, mailbox)


@main.command()
@click.argument("corp_id")
@click.argument("departments", type=int)
def fetch(corp_id: str, departments: int) -> None:
    """Fetch what a full read fetches, eight at a time, and read each answer."""
    from workers import actors  # noqa: F401 - the same process, as heavy as a worker's

    at_once = 8
    transport = Transport(os.environ["WECOM_API_URL"])

    def ask(department_id: int) -> int:
        query = {"access_token": corp_id, "department_id": str(department_id)}
        return len(transport.get("user/list", answers.members, query=query))

    with _costed(), ThreadPoolExecutor(at_once) as pool:
        url = f"{os.environ['WECOM_API_URL']}/cgi-bin/department/simplelist"
        requests.get(url, params={"access_token": corp_id}, timeout=30).json()
        people = sum(pool.map(ask, range(1, departments + 1)))
    assert people  # noqa: S101 - a yardstick that measured nothing is none


def _runtime() -> Runtime:
    # The module that a worker process loads, so that idle means the same.
    from workers import actors

    return actors._runtime()


def _is_open(runtime: Runtime, run_id: str) -> bool:
    with runtime.pool.connection() as connection:
        row = connection.execute(
            "SELECT state IN ('queued', 'running') FROM runs WHERE run_id = %s",
            [run_id],
        ).fetchone()
    return bool(row and row[0])


def _is_pending(runtime: Runtime, mailbox: str) -> bool:
    with runtime.pool.connection() as connection:
        row = connection.execute(
            "SELECT EXISTS (SELECT 1 FROM inbox WHERE mailbox = %s"
            " AND state = 'pending')",
            [mailbox],
        ).fetchone()
    return bool(row and row[0])


@contextmanager
def _costed() -> Iterator[None]:
    gc.collect()
    resident = psutil.Process().memory_info
    idle = resident().rss
    began, cpu = time.monotonic(), _cpu_seconds()
    with _watched(lambda: resident().rss) as peak:
        yield
    cost = Cost(
        seconds=time.monotonic() - began,
        cpu_seconds=_cpu_seconds() - cpu,
        idle_mib=idle / _MEBIBYTE,
        peak_mib=max(peak) / _MEBIBYTE,
    )
    click.echo(json.dumps(asdict(cost)))


@contextmanager
def _watched(look: Callable[[], int]) -> Iterator[list[int]]:
    """The largest value seen so far, looked at all the while."""
    peak, over = [look()], threading.Event()

    def watch() -> None:
        while not over.wait(_LOOK_SECONDS):
            peak[0] = max(peak[0], look())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()
        peak[0] = max(peak[0], look())


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
