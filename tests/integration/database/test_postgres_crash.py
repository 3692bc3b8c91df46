"""Postgres is killed in the middle of a full read: what staging lost is read again."""

import os
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.machine.leftovers import MARK
from demo.machine.postgres import Postgres, prepare_postgres
from demo.machine.supervisor import Supervisor
from store.migrate import migrate
from tests.support.org.histories import TEAM, company
from tests.support.org.pipeline import Bench, Tenant
from tests.support.processes.servers import guard
from wecom.errors import Unavailable

CORP = "wpCorpA"
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A Postgres of this module's own, which may be killed."""

    postgres: Postgres
    supervisor: Supervisor
    url: str

    def crash(self) -> None:
        """Kill it and wait until it has recovered."""
        os.killpg(self.supervisor.pids()["postgres"], signal.SIGKILL)
        gone = self.supervisor.wait_until(
            lambda: not self.postgres.answers(), timeout_seconds=PATIENCE_SECONDS
        )
        back = self.supervisor.wait_until(
            self.postgres.answers, timeout_seconds=PATIENCE_SECONDS
        )
        assert gone
        assert back


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with (
        tempfile.TemporaryDirectory(prefix="crash-") as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        # The session's servers bear the mark that stands there.
        patch.delenv(MARK, raising=False)
        with guard(Path(folder)) as guarded:
            postgres = prepare_postgres(
                guarded.state, environment=guarded.environment()
            )
            supervisor = Supervisor(say=lambda text: None, leash=guarded.leash)
            try:
                supervisor.start(postgres.service("fsync=off"))
                url = postgres.ensure_database("crash")
                migrate(url)
                yield Server(postgres=postgres, supervisor=supervisor, url=url)
            finally:
                supervisor.stop()


def reopened(server: Server, redis_url: str, tenant: Tenant) -> Bench:
    """The workers of another process, with the same WeCom before them."""
    bench = Bench(server.url, redis_url)
    bench.runtime.worlds[tenant.world.corp_id] = tenant.world
    return bench


@pytest.mark.parametrize("asked_last", [f"list:{TEAM}", "auth_info"])
def test_a_read_whose_staging_a_crash_emptied_is_not_believed(
    server: Server, redis_url: str, asked_last: str
) -> None:
    before = Bench(server.url, redis_url)
    tenant = before.link(f"{CORP}{asked_last}", company())
    run_id = before.request_run(tenant)
    if asked_last == "auth_info":
        # Complete but for the last look at the scope.
        asked = iter((False, True))
        tenant.world.watch = lambda question: _fail_at(tenant, question, asked)
    else:
        tenant.world.faults[asked_last] = Unavailable("HTTP 502")
    before.work_on(run_id)
    [[staged]] = before.execute("SELECT count(*) FROM staging")
    # Benches do not wait for the disk; what a worker has committed is on it.
    before.execute("CHECKPOINT")
    before.close()

    server.crash()
    tenant.world.faults.clear()
    tenant.world.watch = lambda question: None
    after = reopened(server, redis_url, tenant)
    [[left]] = after.execute("SELECT count(*) FROM staging")
    after.settle(tenant)
    state, org = after.run(run_id)["state"], after.org(tenant)
    after.close()

    assert staged > 0
    assert left == 0
    assert tenant.world.asked("departments") == 2
    assert state == "done"
    assert org == tenant.world.truth.org()


def _fail_at(tenant: Tenant, question: str, asked: Iterator[bool]) -> None:
    if question == "auth_info" and next(asked, False):
        tenant.world.faults["auth_info"] = Unavailable("HTTP 502")
