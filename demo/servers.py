"""The two servers every process needs: those that are named, else our own."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import redis

from demo.machine.postgres import Postgres, prepare_postgres
from demo.machine.valkey import Valkey, prepare_valkey
from demo.session import Session

DATABASE = "tapd_sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Their addresses."""

    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What was started of our own; None where somebody else's is named."""

    postgres: Postgres | None
    valkey: Valkey | None


def start_servers(session: Session, *, named: Mapping[str, str]) -> Servers:
    """The addresses in DATABASE_URL and REDIS_URL; what is not named is started.

    Repeats: finds the data of the last time.
    Raises: NoPostgres, NoValkey, StartFailed.
    """
    return _addresses(_start(session, named=named), named=named)


def start_empty_servers(session: Session, *, named: Mapping[str, str]) -> Servers:
    """The same, with nothing in our own; named servers keep what they have.

    Raises: NoPostgres, NoValkey, StartFailed.
    """
    started = _start(session, named=named)
    if started.postgres:
        started.postgres.drop_database(DATABASE)
    if started.valkey:
        with redis.Redis.from_url(started.valkey.url()) as client:
            client.flushall()
    return _addresses(started, named=named)


def _start(session: Session, *, named: Mapping[str, str]) -> Started:
    environment = session.environment()
    say = session.progress.say
    postgres = valkey = None
    if named.get("DATABASE_URL"):
        say("Postgres: the one that DATABASE_URL names")
    else:
        say("Postgres: our own ...")
        postgres = prepare_postgres(session.state, environment=environment)
    if named.get("REDIS_URL"):
        say("Redis: the one that REDIS_URL names")
    else:
        say("Redis: our own Valkey ...")
        valkey = prepare_valkey(session.state, environment=environment)
    session.supervisor.start(*(own.service() for own in (postgres, valkey) if own))
    return Started(postgres=postgres, valkey=valkey)


def _addresses(started: Started, *, named: Mapping[str, str]) -> Servers:
    database_url, redis_url = named.get("DATABASE_URL", ""), named.get("REDIS_URL", "")
    if started.postgres:
        database_url = started.postgres.ensure_database(DATABASE)
    if started.valkey:
        redis_url = started.valkey.url()
    return Servers(database_url=database_url, redis_url=redis_url)
