"""What a sync of one person would do: asked for and answered in Redis, for ten minutes.

Redis holds it sealed with the corp's data key, under a name that is no userid. A lost
one is asked for again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from redis import Redis

from store.sealing import DataKey, SealBroken, pseudonym

KEPT_SECONDS = 600
# Three questions of ten seconds each may take that long; then nobody works on it.
ANSWER_SECONDS = 60

_WAITING, _WORKING = b"waiting", b"working"


class PreviewState(StrEnum):
    """How far a preview is."""

    ASKING = "asking"
    ANSWERED = "answered"
    LOST = "lost"  # Asked for, and nobody works on it any more.


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewKey:
    """Whose preview it is; `reference` is what a queue may carry of it."""

    corp_pk: int
    name: str

    @property
    def reference(self) -> str:
        """The corp and the name, in one word."""
        return f"{self.corp_pk}:{self.name}"


def key_of(data_key: DataKey, corp_pk: int, userid: str) -> PreviewKey:
    """Where the preview of a person lies."""
    name = pseudonym(data_key.key, corp_id=str(corp_pk), name=userid)
    return PreviewKey(corp_pk=corp_pk, name=name.partition(":")[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewStep:
    """One decision that a sync would make, or would let wait."""

    name: str
    key: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    reason: str
    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewHold:
    """Why a removal would wait.

    Shape: `plan_state` is `new`, `held` or `rejected`; with it `removals` would be done
        within `hours`, of which `limit` pass without a person.
    """

    key: str
    plan_state: str
    plan_id: str | None
    removals: int
    limit: int
    hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewNotice:
    """A message that somebody would get, or that would be void."""

    userid: str
    kind: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A preview, asked for or answered.

    Shape: `outcome` is what would become of the question (`applied`, `no_difference`,
        `unconfirmed`, …) or what it waits for; `error` names what WeCom said instead.
        `calls` are those of `tracing.call_log`.
    """

    userid: str
    asked_at: datetime
    asked_by: str
    state: PreviewState = PreviewState.ASKING
    began_at: datetime | None = None
    answered_at: datetime | None = None
    outcome: str = ""
    error: str = ""
    wait_seconds: float | None = None
    steps: Sequence[PreviewStep] = ()
    holds: Sequence[PreviewHold] = ()
    notices: Sequence[PreviewNotice] = ()
    calls: Sequence[Mapping[str, Any]] = field(default=())


def ask(
    redis: Redis, data_key: DataKey, key: PreviewKey, *, userid: str, by: str
) -> bool:
    """Put down that somebody wants it; False when it is being answered already.

    Raises: RedisError.
    """
    asked = Preview(userid=userid, asked_at=datetime.now(UTC), asked_by=by)
    is_new = redis.set(_work(key), _WAITING, nx=True, ex=ANSWER_SECONDS)
    if is_new:
        _put(redis, data_key, key, asked)
    return bool(is_new)


def take(redis: Redis, data_key: DataKey, key: PreviewKey) -> Preview | None:
    """What is to be answered; None when nobody wants it, or another is at it.

    Raises: RedisError.
    """
    before = redis.set(_work(key), _WORKING, xx=True, get=True, ex=ANSWER_SECONDS)
    return _read(redis, data_key, key) if before == _WAITING else None


def answer(redis: Redis, data_key: DataKey, key: PreviewKey, answered: Preview) -> None:
    """Keep the answer, in place of the question.

    Raises: RedisError.
    """
    _put(redis, data_key, key, answered)
    redis.delete(_work(key))


def find(redis: Redis, data_key: DataKey, key: PreviewKey) -> Preview | None:
    """The preview of a person, as far as it is; None when none was wanted lately.

    Raises: RedisError.
    """
    found = _read(redis, data_key, key)
    if found is None or found.state is not PreviewState.ASKING:
        return found
    if redis.exists(_work(key)):
        return found
    # Between the two looks it may have been answered.
    again = _read(redis, data_key, key)
    is_lost = again is not None and again.state is PreviewState.ASKING
    return _with_state(again, PreviewState.LOST) if again and is_lost else again


def _with_state(preview: Preview, state: PreviewState) -> Preview:
    return Preview(**{**_fields(preview), "state": state})


def _fields(preview: Preview) -> dict[str, Any]:
    return {name: getattr(preview, name) for name in Preview.__dataclass_fields__}


def _put(redis: Redis, data_key: DataKey, key: PreviewKey, preview: Preview) -> None:
    sealed = data_key.seal(asdict(preview))
    redis.set(_place(key), sealed, ex=KEPT_SECONDS)


def _read(redis: Redis, data_key: DataKey, key: PreviewKey) -> Preview | None:
    sealed = redis.get(_place(key))
    if not isinstance(sealed, bytes):
        return None
    try:
        row = data_key.open(sealed)
    except SealBroken:
        # Asked for before the corp's key was another one.
        return None
    return _opened(row)


def _opened(row: Mapping[str, Any]) -> Preview:
    return Preview(
        userid=row["userid"],
        asked_at=datetime.fromisoformat(row["asked_at"]),
        asked_by=row["asked_by"],
        state=PreviewState(row["state"]),
        began_at=_moment(row["began_at"]),
        answered_at=_moment(row["answered_at"]),
        outcome=row["outcome"],
        error=row["error"],
        wait_seconds=row["wait_seconds"],
        steps=tuple(PreviewStep(**each) for each in row["steps"]),
        holds=tuple(PreviewHold(**each) for each in row["holds"]),
        notices=tuple(PreviewNotice(**each) for each in row["notices"]),
        calls=tuple(row["calls"]),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _place(key: PreviewKey) -> str:
    return f"preview:{key.reference}"


def _work(key: PreviewKey) -> str:
    return f"preview-work:{key.reference}"
