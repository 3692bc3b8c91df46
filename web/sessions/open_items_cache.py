"""What TAPD last told of a member's open items, kept in Redis for a short while.

Sealed, and known by the hash of the session's id: whoever signs out has it destroyed,
and nobody else could ask for it. Without Redis TAPD is simply asked each time.
"""

import hashlib
import logging
from enum import StrEnum
from typing import Any

import orjson
from redis import Redis, RedisError

from store.sealing import Keyring, SealBroken

# Long enough for going to and fro, short enough for nobody to take it for wrong.
ITEMS_SECONDS = 60
# What went wrong is shown again for so long: a page that is reloaded asks no more.
TROUBLE_SECONDS = 5
# In which projects somebody works changes seldom, and costs a call of all companies'.
PROJECTS_SECONDS = 3_600
# Longer than a reading takes.
READING_SECONDS = 30

_AWAY = (RedisError, OSError)

log = logging.getLogger(__name__)


class Kept(StrEnum):
    """What is kept: the items of a session, or the projects of a person."""

    ITEMS = "items"
    PROJECTS = "projects"


class OpenItemsCache:
    """The cache as the web has it; safe to share between threads."""

    def __init__(self, redis: Redis, keyring: Keyring) -> None:
        self._redis = redis
        self._keyring = keyring

    def find(self, kept: Kept, owner: str) -> Any:
        """What is kept of an owner; None for nothing that can be read."""
        name = _name(kept, owner)
        try:
            sealed = self._redis.get(name)
            if isinstance(sealed, bytes):
                return orjson.loads(self._keyring.open(sealed, place=name))
        except _AWAY as error:
            _tell(error)
        except (SealBroken, ValueError):
            pass
        return None

    def keep(self, kept: Kept, owner: str, told: object, *, seconds: int) -> None:
        """Keep it for so long."""
        name = _name(kept, owner)
        sealed = self._keyring.seal(orjson.dumps(told), place=name)
        try:
            self._redis.set(name, sealed, ex=seconds)
        except _AWAY as error:
            _tell(error)

    def begin(self, owner: str) -> bool:
        """Whether nobody reads the items of this session already."""
        name = f"{_name(Kept.ITEMS, owner)}:reading"
        try:
            return bool(self._redis.set(name, "1", nx=True, ex=READING_SECONDS))
        except _AWAY as error:
            _tell(error)
            return True

    def end(self, owner: str) -> None:
        """The reading is over."""
        self._delete(f"{_name(Kept.ITEMS, owner)}:reading")

    def forget(self, owner: str) -> None:
        """Destroy the items of a session."""
        self._delete(_name(Kept.ITEMS, owner))

    def _delete(self, name: str) -> None:
        try:
            self._redis.delete(name)
        except _AWAY as error:
            _tell(error)


def _name(kept: Kept, owner: str) -> str:
    digest = hashlib.sha256(owner.encode()).hexdigest()
    return f"open_{kept}:{digest}"


def _tell(error: Exception) -> None:
    log.info("open items not kept", extra={"error": type(error).__name__})
