"""A worker at its work in one process: real stores, and a WeCom over real HTTP."""

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg.rows import dict_row
from werkzeug.serving import make_server

from domain.ids import CorpPk
from receiver.posts import to_post
from settings import Settings, load
from simulator.admin import admin_app
from simulator.config import Config, SuiteKey, TapdApp
from simulator.control_corps import seed
from simulator.faults import Fault, Kind
from simulator.org.corp import Corp as Enterprise
from simulator.org.directory import ROOT
from simulator.org.grant import Grant, Scope
from simulator.server import create_app
from simulator.world import World
from store.database import transaction
from store.inbox.record import record
from store.org import corps
from store.org.corps import Corp
from tests.support.processes.lending import Lent
from wecom.callbacks import parse_callback
from workers.inbox.drain import drain
from workers.queue.broker import make_broker
from workers.runtime import Runtime, build, put_together

SUITE_ID = "wwsuite00000000001"
_TOKEN = "tapdSuiteTok3n"
_AES_KEY = "2Eut3QUGh0BF89r8Bh4rCgvfGpGE2Ou66CO6dMtvsnQ"
_POOL_SIZE = 6
_NOWHERE = "http://127.0.0.1:9/"


def environment_for(
    *, database: str, redis_url: str, api_url: str = _NOWHERE, **others: str
) -> dict[str, str]:
    """The settings of a worker on these stores; all secrets are synthetic."""
    return {
        "DATABASE_URL": database,
        "REDIS_URL": redis_url,
        "PUBLIC_URL": "https://sync.example.com",
        "SECRET_KEYS": base64.b64encode(b"k" * 32).decode(),
        "API_TOKEN": "t" * 32,
        "WECOM_API_URL": api_url,
        "WECOM_SUITE_ID": SUITE_ID,
        "WECOM_SUITE_SECRET": "suite-secret",
        "WECOM_TOKEN": _TOKEN,
        "WECOM_ENCODING_AES_KEY": _AES_KEY,
        "WECOM_PROVIDER_CORP_ID": "wwprovider0000001",
        "WECOM_PROVIDER_SECRET": "provider-secret",
        "TAPD_CLIENT_ID": "c",
        "TAPD_CLIENT_SECRET": "s",
        "TAPD_API_URL": f"{api_url.rstrip('/')}/tapd-api",
        # Small corps change by halves here; the guard has tests of its own.
        "GUARD": "off",
        **others,
    }


def settings_for(
    *, database: str, redis_url: str, api_url: str = _NOWHERE, **others: str
) -> Settings:
    """The same, read."""
    return load(
        environment_for(
            database=database, redis_url=redis_url, api_url=api_url, **others
        )
    )


class Workbench:
    """WeCom's side, our side, and what a test looks at."""

    def __init__(self, world: World, runtime: Runtime) -> None:
        self.world = world
        self.runtime = runtime
        self._delivered = 0

    def found(self, *, members: int = 5, departments: int = 3) -> Enterprise:
        """A new enterprise that has not installed the app."""
        number = len(self.world.corps) + 1
        return seed(
            self.world,
            {"members": members, "departments": departments, "seed": number},
        )

    def install(self, enterprise: Enterprise) -> str:
        """Install from the market for the whole enterprise; the auth code."""
        grant = Grant(scope=Scope(allow_party=(ROOT,)))
        return admin_app.install_from_market(
            self.world, enterprise, grant=grant, quiet=True
        )

    def link(self, enterprise: Enterprise) -> Corp:
        """Install, deliver and exchange; the corp as linked."""
        self.install(enterprise)
        self.deliver_and_drain()
        return self.corp(enterprise)

    def corp(self, enterprise: Enterprise) -> Corp:
        """The live corp of an enterprise."""
        with transaction(self.runtime.pool) as connection:
            corp = corps.find_live(connection, enterprise.corp_id)
        assert corp is not None
        return corp

    def deliver(self) -> list[str]:
        """Record what WeCom has pushed since the last time; the mailboxes, in order."""
        pushes = self.world.logs.list_pushes(
            corp_id=None, name=None, since=self._delivered
        )
        filled: dict[str, None] = {}
        for push in pushes:
            filled[self._receive(push.xml.encode())] = None
            self._delivered = push.push_id
        return list(filled)

    def repeat(self, name: str) -> None:
        """Record the last push of this name once more, byte for byte."""
        pushes = self.world.logs.list_pushes(corp_id=None, name=name, since=0)
        self._receive(pushes[-1].xml.encode())

    def _receive(self, message: bytes) -> str:
        post = to_post(parse_callback(message), message, self.runtime.keyring)
        with transaction(self.runtime.pool) as connection:
            record(connection, post)
        return post.mailbox

    def deliver_and_drain(self) -> None:
        """Deliver, and drain each mailbox once."""
        for mailbox in self.deliver():
            drain(self.runtime, mailbox)

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """What a query finds."""
        with (
            transaction(self.runtime.pool) as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            cursor.execute(query.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def row(self, query: str, *values: object) -> dict[str, Any]:
        """The one row that a query finds."""
        (found,) = self.rows(query, *values)
        return found

    def post(
        self,
        *,
        mailbox: str = "corp:wpA",
        state: str = "pending",
        age: str = "3 seconds",
        kind: str = "change_contact",
    ) -> int:
        """A row of the inbox, by default pending for three seconds; its id."""
        row = self.row(
            "INSERT INTO inbox (mailbox, kind, key, state, received_at, done_at)"
            " VALUES (%s, %s, 'corp', %s, clock_timestamp() - %s::interval,"
            " clock_timestamp() - %s::interval) RETURNING event_id",
            mailbox,
            kind,
            state,
            age,
            age,
        )
        return int(row["event_id"])

    def add_corp(self, corp_id: str = "wpA", *, state: str = "linked") -> CorpPk:
        """A corp without anything, with a company of its own."""
        self.rows(
            "INSERT INTO companies (company_id, name, origin) VALUES (%s, 'c', 'tapd')",
            corp_id,
        )
        row = self.row(
            "INSERT INTO corps (corp_id, state, company_id) VALUES (%s, %s, %s)"
            " RETURNING corp_pk",
            corp_id,
            state,
            corp_id,
        )
        return CorpPk(row["corp_pk"])

    def calls(self, endpoint: str) -> int:
        """How often WeCom was asked at this endpoint."""
        found = self.world.logs.list_calls(corp_id=None, endpoint=endpoint, since=0)
        return len(found)

    def misbehave(self, kind: Kind, *, match: str, **rule: Any) -> None:
        """Have answers go wrong from now on."""
        faults = self.world.faults
        faults.add(Fault(fault_id=faults.next_id(), kind=kind, match=match, **rule))


@contextmanager
def workbench(
    *, database: str, redis_url: str, lent: Lent | None = None, **others: str
) -> Iterator[Workbench]:
    """A workbench whose suite has a ticket."""
    world = World(
        Config(
            command_url=_NOWHERE,
            data_url=_NOWHERE,
            token=_TOKEN,
            encoding_aes_key=_AES_KEY,
            suite=SuiteKey(suite_id=SUITE_ID, secret="suite-secret"),
            provider_corp_id="wwprovider0000001",
            provider_secret="provider-secret",
            tapd_app=TapdApp(client_id="c", secret="s"),
        )
    )
    server = make_server("127.0.0.1", 0, create_app(world), threaded=True)
    serving = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    serving.start()
    settings = settings_for(
        database=database,
        redis_url=redis_url,
        api_url=f"http://127.0.0.1:{server.server_port}",
        **others,
    )
    broker = make_broker(redis_url, receiver=False)
    runtime = (
        put_together(settings, broker=broker, pool=lent.pool(size=_POOL_SIZE))
        if lent is not None
        else build(settings, broker=broker, pool_size=_POOL_SIZE)
    )
    bench = Workbench(world, runtime)
    world.push_ticket()
    bench.deliver()
    try:
        yield bench
    finally:
        # A timer would write into the next test's Redis.
        runtime.tallies.write()
        if lent is None:
            runtime.pool.close()
        server.shutdown()
        server.server_close()
        serving.join()
