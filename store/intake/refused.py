"""Callbacks that were refused lately: bounded rings in Redis, sealed, soon forgotten.

Not in Postgres: nothing unsigned may write a row there. There is a ring for each fault,
so that a flood of noise pushes out nothing but other noise.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from redis import Redis

from store.sealing import Keyring, SealBroken

_RING = "refused:"
_PLACE = "refused"
MOST_KEPT = 40
MOST_BYTES = 16_384
_LASTS_SECONDS = 7 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCallback:
    """One request as it came; `reason` is the receiver's counter of it.

    Shape: `query` as it was written in the address, `body` cut at 16 KiB.
    """

    refused_id: str
    at: datetime
    path: str
    method: str
    status: int
    reason: str
    query: str
    body: str


def keep(
    redis: Redis, keyring: Keyring, refused: RefusedCallback, *, fault: str
) -> None:
    """Put a request into the ring of its fault.

    Raises: redis.RedisError.
    """
    values = asdict(refused) | {
        "at": refused.at.isoformat(),
        "body": refused.body[:MOST_BYTES],
        "query": refused.query[:MOST_BYTES],
    }
    sealed = keyring.seal(json.dumps(values).encode(), place=_PLACE)
    pipeline = redis.pipeline(transaction=False)
    pipeline.lpush(_RING + fault, sealed)
    pipeline.ltrim(_RING + fault, 0, MOST_KEPT - 1)
    pipeline.expire(_RING + fault, _LASTS_SECONDS)
    pipeline.execute()


def list_kept(
    redis: Redis, keyring: Keyring, *, faults: Iterable[str]
) -> list[RefusedCallback]:
    """What these rings hold, newest first; what no key opens is left out.

    Raises: redis.RedisError.
    """
    pipeline = redis.pipeline(transaction=False)
    for fault in faults:
        pipeline.lrange(_RING + fault, 0, MOST_KEPT - 1)
    rows = [row for ring in pipeline.execute() for row in ring]
    found = [each for each in (_open(keyring, row) for row in rows) if each]
    return sorted(found, key=lambda each: each.at, reverse=True)


def _open(keyring: Keyring, sealed: Any) -> RefusedCallback | None:
    try:
        values = json.loads(keyring.open(bytes(sealed), place=_PLACE))
    except (SealBroken, ValueError):
        return None
    at = datetime.fromisoformat(values.pop("at")).astimezone(UTC)
    return RefusedCallback(at=at, **values)
