"""What is said of a store that cannot be used, and what mends it."""

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg.conninfo import conninfo_to_dict

from store.connecting import connect, places_of
from store.faults import StoreFault, postgres_fault
from store.redis_address import redis_place
from texts.catalogue import CHINESE, ENGLISH, find, say
from workers.doctor.verdicts import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreTrouble:
    """A cause in a sentence, and its remedy in another."""

    fault: StoreFault
    said: Words
    advice: Words


def tell_postgres(fault: StoreFault, database_url: str) -> StoreTrouble:
    """What is the matter with Postgres; of the address all but the password."""
    parts = {k: str(v) for k, v in conninfo_to_dict(database_url).items()}
    places = [f"{host}:{port}" for host, port in places_of(database_url)]
    user = parts.get("user", "of this process")
    values = {
        "place": ", ".join(places) or parts.get("host", "the usual folder"),
        "user": user,
        "database": parts.get("dbname", user),
    }
    return _told("postgres", fault, values)


def tell_redis(fault: StoreFault, redis_url: str) -> StoreTrouble:
    """What is the matter with Redis; of the address all but the password."""
    place = redis_place(redis_url)
    shown = f"{place[0]}:{place[1]}" if place else "the path of REDIS_URL"
    return _told("redis", fault, {"place": shown})


def find_postgres_trouble(database_url: str) -> StoreTrouble | None:
    """What keeps us from a session with Postgres; None when nothing does."""
    try:
        connect(database_url).close()
    except psycopg.Error as error:
        return tell_postgres(postgres_fault(error), database_url)
    return None


def _told(store: str, fault: StoreFault, values: Mapping[str, str]) -> StoreTrouble:
    key = f"store.{store}.{fault.value}"
    if find(ENGLISH, f"{key}.said") is None:
        key = f"store.{store}.{StoreFault.OTHER.value}"

    def words(part: str) -> Words:
        return Words(
            en=say(ENGLISH, f"{key}.{part}", **values),
            zh=say(CHINESE, f"{key}.{part}", **values),
        )

    return StoreTrouble(fault=fault, said=words("said"), advice=words("advice"))
