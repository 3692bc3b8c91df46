"""Where mail waits while Postgres is away: a Redis list that is confirmed on disk."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from redis import Redis, RedisError, ResponseError
from redis.backoff import NoBackoff
from redis.retry import Retry

from domain.ids import Key
from store.inbox.record import MailState, Post
from store.platform.tickets import SealedTicket
from store.sealing import Keyring

SPILL = "spill"
BROKEN = "spill:broken"
_PROBE = "spill:probe"
_REFUSED = "gap:refused"
_PLACE = "spill"
_CONFIRM_SECONDS = 0.18
_COMMAND_SECONDS = 0.2
_PROBE_LASTS_SECONDS = 10
_LOST_MAIL_LASTS_SECONDS = 7 * 24 * 3600
# What cannot be opened is kept as long as somebody may bring its key back.
_SET_ASIDE_LASTS_SECONDS = 30 * 24 * 3600


class SpillUnavailable(Exception):
    """Redis cannot be reached, or takes nothing."""


class SpillBroken(Exception):
    """An entry of the spill is no mail that this version can read."""


class SpillUnconfirmed(SpillUnavailable):
    """Redis answers, but does not confirm that it wrote to disk."""


class Spill:
    """The list, as a receiver and the mover see it."""

    def __init__(self, redis: Redis, keyring: Keyring) -> None:
        self._redis = redis
        self._keyring = keyring

    def put(self, post: Post) -> None:
        """Add the mail, sealed, and return once it is on Redis' disk.

        Raises: SpillUnavailable; the mail may be in the list all the same.
        """
        sealed = self._keyring.seal(_to_bytes(post), place=_PLACE)
        self._confirmed("RPUSH", SPILL, sealed)

    def probe(self) -> None:
        """Write something that nobody reads, to learn whether mail could be put.

        Raises: SpillUnavailable.
        """
        self._confirmed("SET", _PROBE, b"1", "EX", _PROBE_LASTS_SECONDS)

    def depth(self) -> int:
        """How much mail waits.

        Raises: SpillUnavailable.
        """
        return int(self._ask("LLEN", SPILL))

    def peek(self, limit: int) -> list[bytes]:
        """The oldest entries, still sealed; they stay until they are dropped.

        Raises: SpillUnavailable.
        """
        return list(self._ask("LRANGE", SPILL, 0, limit - 1))

    def open(self, entry: bytes) -> Post:
        """The mail of an entry.

        Raises: SealBroken, SpillBroken.
        """
        try:
            return _from_bytes(self._keyring.open(entry, place=_PLACE))
        except (ValueError, KeyError, TypeError) as error:
            raise SpillBroken(type(error).__name__) from error

    def drop(self, entries: Sequence[bytes]) -> None:
        """Remove entries whose mail is committed elsewhere.

        Repeats: by value, so an entry that is gone already takes no other with it.
        Raises: SpillUnavailable.
        """
        for entry in entries:
            self._ask("LREM", SPILL, 1, entry)

    def set_aside(self, entry: bytes) -> None:
        """Move an entry that cannot be recorded out of the way of the others.

        Raises: SpillUnavailable.
        """
        self._ask("RPUSH", BROKEN, entry)
        self._ask("EXPIRE", BROKEN, _SET_ASIDE_LASTS_SECONDS)
        self.drop([entry])

    def list_all(self) -> Iterator[tuple[str, bytes]]:
        """Every entry with the list that it is in, also those that were set aside.

        Raises: SpillUnavailable.
        """
        for name in (SPILL, BROKEN):
            for entry in self._ask("LRANGE", name, 0, -1):
                yield name, entry

    def exchange(self, name: str, old: bytes, post: Post) -> None:
        """Seal the mail of an entry again, in the entry's place or the spill's order.

        Repeats: an entry that is gone by now stays gone; one that was set aside waits
            with the others again.
        Raises: SpillUnavailable.
        """
        new = self._keyring.seal(_to_bytes(post), place=_PLACE)
        try:
            with self._redis.pipeline(transaction=True) as both:
                if name == SPILL:
                    both.linsert(SPILL, "AFTER", old, new)  # type: ignore[arg-type] # Bytes are as good as text.
                else:
                    both.rpush(SPILL, new)
                both.lrem(name, 1, old)  # type: ignore[arg-type] # The same.
                both.execute()
        except (RedisError, OSError) as error:
            raise SpillUnavailable(type(error).__name__) from error

    def remember_refusal(self) -> None:
        """Note that mail was refused, in case this process does not live to tell.

        Raises: SpillUnavailable.
        """
        self._ask("SET", _REFUSED, b"1", "EX", _LOST_MAIL_LASTS_SECONDS)

    def has_anything(self) -> bool:
        """Whether mail waits or a refusal is noted: what is asked every second.

        Raises: SpillUnavailable.
        """
        return bool(self._ask("EXISTS", SPILL, _REFUSED))

    def has_refusal(self) -> bool:
        """Whether a refusal is noted.

        Raises: SpillUnavailable.
        """
        return bool(self._ask("EXISTS", _REFUSED))

    def forget_refusal(self) -> None:
        """Clear the note, once a gap is open.

        Raises: SpillUnavailable.
        """
        self._ask("DEL", _REFUSED)

    def _ask(self, *command: str | bytes | int) -> Any:
        try:
            # redis leaves this method untyped.
            ask: Callable[..., Any] = self._redis.execute_command
            return ask(*command)
        except (RedisError, OSError) as error:
            raise SpillUnavailable(type(error).__name__) from error

    def _confirmed(self, *command: str | bytes | int) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        # redis leaves this method untyped.
        add: Callable[..., Any] = pipeline.execute_command
        add(*command)
        add("WAITAOF", 1, 0, int(_CONFIRM_SECONDS * 1000))
        try:
            written, confirmation = pipeline.execute(raise_on_error=False)
        except (RedisError, OSError) as error:
            raise SpillUnavailable(type(error).__name__) from error
        if isinstance(written, Exception):
            raise SpillUnavailable(type(written).__name__) from written
        if not self._is_confirmed(confirmation):
            raise SpillUnconfirmed("not confirmed")

    def _is_confirmed(self, confirmation: Any) -> bool:
        if not isinstance(confirmation, ResponseError):
            return int(confirmation[0]) >= 1
        # Before Redis 7.2; then only a server that syncs before it answers will do.
        settings = self._ask("CONFIG", "GET", "append*")
        return _text(settings, "appendonly") == "yes" and (
            _text(settings, "appendfsync") == "always"
        )


def open_spill(redis_url: str, keyring: Keyring) -> Spill:
    """The spill on a client of its own that repeats nothing and waits little."""
    redis = Redis.from_url(
        redis_url,
        socket_timeout=_COMMAND_SECONDS,
        socket_connect_timeout=_COMMAND_SECONDS / 2,
        retry=Retry(NoBackoff(), 0),
        retry_on_error=[],
    )
    return Spill(redis, keyring)


def _text(settings: dict[Any, Any], name: str) -> str:
    value = settings.get(name, settings.get(name.encode(), b""))
    return value.decode() if isinstance(value, bytes) else str(value)


def _to_bytes(post: Post) -> bytes:
    ticket = post.ticket
    value = {
        "digest": _encode(post.digest),
        "mailbox": post.mailbox,
        "kind": post.kind,
        "change": post.change,
        "key": post.key,
        "state": post.state.value,
        "outcome": post.outcome,
        "sent_at": post.sent_at and post.sent_at.timestamp(),
        "hint": dict(post.hint),
        "body": post.body and _encode(post.body),
        "barrier": post.barrier,
        "ticket": ticket and [ticket.suite_id, _encode(ticket.ticket)],
    }
    return json.dumps(value, ensure_ascii=False).encode()


def _from_bytes(text: bytes) -> Post:
    value: dict[str, Any] = json.loads(text)
    sent_at, body, ticket = value["sent_at"], value["body"], value["ticket"]
    return Post(
        digest=b64decode(value["digest"]),
        mailbox=value["mailbox"],
        kind=value["kind"],
        change=value["change"],
        key=Key(value["key"]),
        state=MailState(value["state"]),
        outcome=value["outcome"],
        sent_at=None if sent_at is None else datetime.fromtimestamp(sent_at, UTC),
        hint=value["hint"],
        body=body and b64decode(body),
        barrier=value["barrier"],
        ticket=ticket and SealedTicket(suite_id=ticket[0], ticket=b64decode(ticket[1])),
    )


def _encode(value: bytes) -> str:
    return b64encode(value).decode("ascii")
