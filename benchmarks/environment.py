"""Servers, databases and corps for the benchmarks, started once and cleaned up."""

import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import redis
from psycopg import sql

from benchmarks.dataset import Enterprise
from demo.machine.ports import LOOPBACK
from demo.machine.postgres import Postgres, prepare_postgres
from demo.machine.valkey import prepare_valkey
from demo.processes import process_environment
from demo.servers import Servers
from demo.session import Session, open_session
from demo.synthetic import Ports, choose_ports, load_secrets, synthetic_settings
from domain.ids import CorpPk, RunId
from settings import Settings, load
from store.connecting import connect
from store.migrate import migrate
from store.platform.tickets import keep_ticket, seal_ticket
from store.runs import requests
from store.sealing import Keyring, new_data_key
from workers.calls.client import permanent_code_place
from workers.runtime import data_key_place

_TEMPLATE = "bench_template"
# The leap day: no benchmark is to meet the nightly full read by chance.
_NEVER = "0 0 29 2 *"
# Limits are not what is measured here; how they are kept has tests of its own.
_UNLIMITED = "9999999"


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A fresh database with the newest schema, and the settings of a process on it."""

    url: str
    environment: dict[str, str]

    @property
    def settings(self) -> Settings:
        """The settings, read."""
        return load(self.environment)

    def without_tapd(self) -> "Database":
        """The same for processes that have no credentials of TAPD's."""
        none = {"TAPD_CLIENT_ID": "", "TAPD_CLIENT_SECRET": ""}
        return replace(self, environment=self.environment | none)

    def connect(self) -> psycopg.Connection:
        """A connection in autocommit, for what no process of ours does."""
        return connect(self.url)

    def link(self, enterprises: Sequence[Enterprise]) -> dict[str, CorpPk]:
        """Each enterprise as a corp that is linked and was never read."""
        keyring = Keyring(self.settings.secret_keys)
        with self.connect() as connection, connection.transaction():
            self._keep_ticket(connection, keyring)
            return {
                each.corp_id: _link(connection, keyring, each.corp_id)
                for each in enterprises
            }

    def request_run(self, corp_pk: CorpPk) -> RunId:
        """A wish for a full read."""
        with self.connect() as connection, connection.transaction():
            return requests.request_run(connection, corp_pk, cause="operator")

    def _keep_ticket(self, connection: psycopg.Connection, keyring: Keyring) -> None:
        suite_id = self.settings.wecom.suite_id
        ticket = seal_ticket(keyring, suite_id=suite_id, ticket="ticket")
        keep_ticket(connection, ticket, sent_at=datetime.now(UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Servers that run as a deployment's would: durable, with their own defaults."""

    session: Session
    postgres: Postgres
    redis_url: str

    @contextmanager
    def database(self, *, api_url: str = "http://127.0.0.1:9") -> Iterator[Database]:
        """A database of its own, and an empty Redis; dropped when the block ends."""
        name = f"bench_{secrets.token_hex(6)}"
        with redis.Redis.from_url(self.redis_url) as client:
            client.flushall()
        self._create(name, template=_TEMPLATE)
        try:
            url = self.postgres.url(name)
            yield Database(url=url, environment=self._environment(url, api_url))
        finally:
            self.postgres.drop_database(name)

    def process_environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        """The environment of a process of the Procfile with these settings."""
        return process_environment(self.session, settings=settings)

    def _create(self, name: str, *, template: str) -> None:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        with connect(self.postgres.url("postgres")) as admin:
            admin.execute(
                statement.format(sql.Identifier(name), sql.Identifier(template))
            )

    def _environment(self, url: str, api_url: str) -> dict[str, str]:
        servers = Servers(database_url=url, redis_url=self.redis_url)
        given = {"PORT": "0", "WEB_PORT": "0", "SIMULATOR_PORT": "0"}
        ports: Ports = choose_ports(given)
        known = load_secrets(self.session.state.folder)
        chosen = synthetic_settings(servers=servers, ports=ports, secrets=known)
        return chosen | {
            "WECOM_API_URL": api_url,
            "BIND": LOOPBACK,
            "RESYNC_CRON": _NEVER,
            "WECOM_CORP_CALLS_PER_MINUTE": _UNLIMITED,
            "WECOM_PROVIDER_CALLS_PER_MINUTE": _UNLIMITED,
        }


@contextmanager
def open_stage() -> Iterator[Stage]:
    """Postgres and Valkey of our own, ended with whatever else was started."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        open_session(Path(folder), parent=None) as session,
    ):
        environment = session.environment()
        postgres = prepare_postgres(session.state, environment=environment)
        valkey = prepare_valkey(session.state, environment=environment)
        session.supervisor.start(postgres.service(), valkey.service())
        migrate(postgres.ensure_database(_TEMPLATE))
        yield Stage(session=session, postgres=postgres, redis_url=valkey.url())


def _link(connection: psycopg.Connection, keyring: Keyring, corp_id: str) -> CorpPk:
    connection.execute(
        "INSERT INTO companies (company_id, name, origin) VALUES (%s, %s, 'wecom')",
        [corp_id, corp_id],
    )
    row = connection.execute(
        "INSERT INTO corps (corp_id, state, company_id, linked_at)"
        " VALUES (%s, 'linked', %s, clock_timestamp()) RETURNING corp_pk",
        [corp_id, corp_id],
    ).fetchone()
    assert row is not None  # noqa: S101 - INSERT without conflict always returns
    corp_pk = CorpPk(row[0])
    code = keyring.seal(b"code", place=permanent_code_place(corp_pk))
    data_key = keyring.seal(new_data_key(), place=data_key_place(corp_pk))
    connection.execute(
        "UPDATE corps SET permanent_code = %s, data_key = %s WHERE corp_pk = %s",
        [code, data_key, corp_pk],
    )
    return corp_pk
