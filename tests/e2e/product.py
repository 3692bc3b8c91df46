"""The product as it is deployed: every process of the Procfile, and WeCom in a box."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from demo.machine.leftovers import list_leftovers
from demo.machine.ports import LOOPBACK
from demo.machine.postgres import Postgres, prepare_postgres
from demo.machine.supervisor import Supervisor
from demo.machine.valkey import prepare_valkey
from demo.processes import (
    ROOT,
    answers,
    process_environment,
    release,
    service,
    start_processes,
)
from demo.servers import DATABASE, Servers
from demo.session import Progress, Session
from demo.synthetic import choose_ports, load_secrets, synthetic_settings
from tests.support.processes.servers import Guarded

ANSWER_SECONDS = 30.0
PATIENCE_SECONDS = 45.0
COMMAND_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 0.8
# The leap day: no test is to meet the nightly full read by chance.
_NEVER = "0 0 29 2 *"

Row = dict[str, Any]
Finding = object


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A running product; it is looked after only while a test waits for something."""

    session: Session
    servers: Supervisor
    postgres: Postgres
    settings: Mapping[str, str]
    simulator: str
    receiver: str
    api: str

    def ask(self, method: str, path: str, **given: Any) -> requests.Response:
        """One answer of the JSON API, whatever its status."""
        headers = {"Authorization": f"Bearer {self.settings['API_TOKEN']}"}
        headers |= given.pop("headers", {})
        url = f"{self.api}/api/v1/{path}"
        return requests.request(
            method, url, headers=headers, timeout=ANSWER_SECONDS, **given
        )

    def read(self, path: str, **parameters: Any) -> Row:
        """The body of a GET that must succeed."""
        answer = self.ask("GET", path, params=parameters)
        answer.raise_for_status()
        body: Row = answer.json()
        return body

    def rows(self, path: str, **parameters: Any) -> Iterator[Row]:
        """Every row of a list, page after page."""
        cursor: Row = {}
        while True:
            page = self.read(path, limit=1000, **parameters, **cursor)
            yield from page["items"]
            if page["next"] is None:
                return
            cursor = {"cursor": page["next"]}

    def control(self, method: str, path: str, given: Row | None = None) -> Row:
        """Have the simulator do something, or tell what only it knows."""
        answer = requests.request(
            method,
            f"{self.simulator}/control/{path}",
            json=given or {},
            timeout=ANSWER_SECONDS,
        )
        assert answer.status_code < 300, f"{path}: {answer.text}"
        body: Row = answer.json()
        return body

    def eventually(
        self, find: Callable[[], Finding], *, seconds: float = PATIENCE_SECONDS
    ) -> None:
        """Wait until nothing is found any more; fails with what was found last."""
        found: list[Finding] = ["never asked"]
        pauses = _pauses()
        asks_at = time.monotonic()

        def nothing_found() -> bool:
            nonlocal asks_at
            if time.monotonic() < asks_at:
                return False
            try:
                found[0] = find()
            except requests.RequestException as error:
                # A process that was killed is being started again.
                found[0] = f"{type(error).__name__}: {error}"
            asks_at = time.monotonic() + next(pauses)
            return not found[0]

        met = self.session.supervisor.wait_until(nothing_found, timeout_seconds=seconds)
        assert met, f"after {seconds:g} s still: {found[0]}"

    def look_after(self) -> None:
        """Let the supervisor see who has died, as it does all the time."""
        self.session.supervisor.pulse()

    def kill(self, name: str) -> None:
        """End a process and all its children at once, without a word."""
        os.killpg(self.session.supervisor.pids()[name], signal.SIGKILL)

    @contextmanager
    def without_postgres(self) -> Iterator[None]:
        """Postgres is stopped for as long as the block lasts."""
        self.servers.stop()
        try:
            yield
        finally:
            self.servers.start(self.postgres.service("fsync=off"))

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What the operator's command line says and how it ends."""
        return subprocess.run(  # noqa: S603 - our own commands
            (sys.executable, "manage.py", *arguments),
            cwd=ROOT,
            env=process_environment(self.session, settings=self.settings),
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def logs(self) -> dict[str, str]:
        """What every process has written so far, by file."""
        folder = self.session.state.logs
        return {
            path.name: path.read_text("utf-8", errors="replace")
            for path in sorted(folder.glob("*.log"))
        }


@contextmanager
def running(guarded: Guarded, **settings: str) -> Iterator[Product]:
    """The product on servers and ports of its own; afterwards no process is left.

    Shape: `settings` are put over the synthetic ones.
    """
    stores = Supervisor(say=_nothing, leash=guarded.leash)
    caches = Supervisor(say=_nothing, leash=guarded.leash)
    progress = Progress()
    processes = Supervisor(say=progress.say, leash=guarded.leash)
    session = Session(state=guarded.state, supervisor=processes, progress=progress)
    postgres = prepare_postgres(guarded.state, environment=guarded.environment())
    valkey = prepare_valkey(guarded.state, environment=guarded.environment())
    try:
        stores.start(postgres.service("fsync=off"))
        caches.start(valkey.service())
        servers = Servers(
            database_url=postgres.ensure_database(DATABASE), redis_url=valkey.url()
        )
        yield _start(session, stores, postgres, servers=servers, settings=settings)
    finally:
        for supervisor in (processes, caches, stores):
            supervisor.stop()
    assert list_leftovers(guarded.state.folder) == []


def _start(
    session: Session,
    stores: Supervisor,
    postgres: Postgres,
    *,
    servers: Servers,
    settings: Mapping[str, str],
) -> Product:
    ports = choose_ports({"PORT": "0", "WEB_PORT": "0", "SIMULATOR_PORT": "0"})
    known = load_secrets(session.state.folder)
    chosen = synthetic_settings(servers=servers, ports=ports, secrets=known)
    chosen |= {"RESYNC_CRON": _NEVER, **settings}
    product = Product(
        session=session,
        servers=stores,
        postgres=postgres,
        settings=chosen,
        simulator=f"http://{LOOPBACK}:{ports.simulator}",
        receiver=f"http://{LOOPBACK}:{ports.receiver}",
        api=f"http://{LOOPBACK}:{ports.web}",
    )
    _start_simulator(product)
    release(session, settings=chosen)
    start_processes(session, settings=chosen)
    # The first ticket was pushed before there was a receiver to take it.
    product.control("POST", "ticket")
    product.control("GET", "pushes/idle?timeout_seconds=10")
    return product


def _start_simulator(product: Product) -> None:
    session = product.session
    environment = {
        **process_environment(session, settings=product.settings),
        "SIMULATOR_PORT": product.simulator.rpartition(":")[2],
        "SIMULATOR_COMMAND_URL": f"{product.receiver}/wecom/command",
        "SIMULATOR_DATA_URL": f"{product.receiver}/wecom/data",
        "SIMULATOR_SYNC_URL": product.api,
    }
    simulator = service(
        session,
        "simulator",
        (sys.executable, "-m", "simulator"),
        environment=environment,
        ready=answers(f"{product.simulator}/control/healthz"),
    )
    session.supervisor.start(simulator)


def _pauses() -> Iterator[float]:
    """How long to let the product work before it is asked again, in seconds.

    To answer costs it as much as to work: asked ten times in a second, it would work
    for the test half of the time.
    """
    pause = 0.1
    while True:
        yield pause
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)


def _nothing(text: str) -> None:
    """Tests have no terminal to report to."""
