"""The two servers every process needs: those that are named, else our own."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from demo.postgres import prepare_postgres
from demo.services import Service
from demo.session import Session
from demo.valkey import prepare_valkey

DATABASE = "tapd_sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Their addresses."""

    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)


def start_servers(session: Session, *, named: Mapping[str, str]) -> Servers:
    """The addresses in DATABASE_URL and REDIS_URL; what is not named is started.

    Raises: NoPostgres, NoValkey, StartFailed.
    """
    database_url, redis_url = named.get("DATABASE_URL"), named.get("REDIS_URL")
    environment = session.environment()
    say = session.progress.say
    services: list[Service] = []
    postgres = valkey = None
    if database_url:
        say("Postgres: the one that DATABASE_URL names")
    else:
        say("Postgres: our own, from the wheel ...")
        postgres = prepare_postgres(session.state, environment=environment)
        services.append(postgres.service())
    if redis_url:
        say("Redis: the one that REDIS_URL names")
    else:
        say("Redis: our own Valkey, from the wheel ...")
        valkey = prepare_valkey(session.state, environment=environment)
        services.append(valkey.service())
    session.supervisor.start(*services)
    if postgres:
        database_url = postgres.ensure_database(DATABASE)
    if valkey:
        redis_url = valkey.url()
    return Servers(database_url=database_url or "", redis_url=redis_url or "")
