"""One enterprise: its contacts now and before, its tie to the app, its phones."""

import random
import string
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from simulator.org.directory import Directory

ID_ALPHABET = string.ascii_letters + string.digits + "_-"
# More than an hour's allowance, so that the hourly limit can be counted on it.
KEPT_MESSAGES = 1200


class Minter:
    """Ids that look like WeCom's ciphertext, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        # Ids have to be repeatable, not unguessable.
        self.dice = random.Random(seed)  # noqa: S311 — see above.
        self.seed = seed
        self._departments = 1
        self._tags = 0

    def opaque(self, prefix: str) -> str:
        """A case-sensitive id of 32 characters."""
        return prefix + "".join(self.dice.choices(ID_ALPHABET, k=30))

    def department_id(self) -> int:
        """The next department id; every eighth does not fit 31 bits."""
        self._departments += 1
        big = self._departments % 8 == 0
        return 2_315_041_299 + self._departments if big else self._departments

    def tag_id(self) -> int:
        """The next tag id."""
        self._tags += 1
        return self._tags


@dataclass(slots=True, kw_only=True)
class Message:
    """One message as a phone shows it."""

    message_id: str
    at: float
    msgtype: str
    sent: dict[str, Any]
    shown: dict[str, Any]
    recalled: bool = False


@dataclass(slots=True, kw_only=True)
class Agent:
    """The app inside one corp."""

    agent_id: int
    permanent_code: str
    state: str
    closed: bool = False
    suspended: bool = False


@dataclass(slots=True, kw_only=True)
class Corp:
    """An enterprise.

    Shape: `before` is the state before the last change, kept only while a rule asks
    for late answers; `plain_ids` marks a corp authorised before 2021-11-17;
    `tells_details` one whose app still gets names, mobiles and e-mails.
    """

    corp_id: str
    name: str
    minter: Minter
    plain_ids: bool = False
    tells_open_userid: bool = True
    tells_installer: bool = True
    tells_details: bool = False
    installer: str | None = None
    user_max: int = 200
    now: Directory = field(default_factory=Directory)
    before: Directory | None = None
    changed_at: float = 0.0
    agent: Agent | None = None
    installs: int = 0
    admins: dict[str, int] = field(default_factory=dict)
    phones: dict[str, deque[Message]] = field(default_factory=dict)
    sent_bodies: dict[bytes, tuple[str, float]] = field(default_factory=dict)
    discarded: int = 0
    lookups_missed: int = 0

    @contextmanager
    def changing(self, *, at: float, keep: bool) -> Iterator[Directory]:
        """The state to change; `keep` saves the one before for late answers."""
        self.before = self.now.copy() if keep else None
        self.changed_at = at
        yield self.now

    def phone(self, userid: str) -> deque[Message]:
        """A member's messages, oldest first."""
        return self.phones.setdefault(userid, deque(maxlen=KEPT_MESSAGES))

    def drop_messages(self, wanted: Callable[[Message], bool]) -> int:
        """Mark messages as recalled on every phone; how many."""
        hits = [m for phone in self.phones.values() for m in phone if wanted(m)]
        for message in hits:
            message.recalled = True
        return len(hits)
