"""What was pushed and what was answered, kept for people and for tests."""

import itertools
import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

KEPT_RECORDS = 20_000
KEPT_ANSWER_CHARS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One delivery of one callback.

    Shape: `body` is the answer as text; `success` is exact to the byte.
    """

    at: float
    milliseconds: float
    status: int | None
    body: str
    success: bool
    error: str | None


@dataclass(slots=True, kw_only=True)
class PushRecord:
    """A callback from the moment it was due.

    Shape: `fate` is `queued`, `delivered`, `refused` (another answer than success),
    `failed` (three times unreachable) or `dropped`.
    """

    push_id: int
    at: float
    channel: str
    name: str
    corp_id: str | None
    xml: str
    fate: str = "queued"
    faults: tuple[str, ...] = ()
    attempts: list[Attempt] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call to the API.

    Shape: `errcode` is None when the answer was spoilt beyond having one.
    """

    call_id: int
    at: float
    milliseconds: float
    corp_id: str | None
    endpoint: str
    method: str
    status: int
    errcode: int | None
    fault: str | None
    query: dict[str, str]
    request: Any
    answer: str


class Logs:
    """Bounded logs, and counters that are only reset on request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._push_ids = itertools.count(1)
        self._call_ids = itertools.count(1)
        self._pushes: deque[PushRecord] = deque(maxlen=KEPT_RECORDS)
        self._calls: deque[CallRecord] = deque(maxlen=KEPT_RECORDS)
        self._counters: Counter[tuple[str, str, str]] = Counter()

    def open_push(
        self, *, at: float, channel: str, name: str, corp_id: str | None, xml: str
    ) -> PushRecord:
        """A new line in the push log."""
        with self._lock:
            record = PushRecord(
                push_id=next(self._push_ids),
                at=at,
                channel=channel,
                name=name,
                corp_id=corp_id,
                xml=xml,
            )
            self._pushes.append(record)
        return record

    def next_call_id(self) -> int:
        """An unused number for a call."""
        return next(self._call_ids)

    def add_call(self, record: CallRecord) -> None:
        """Keep and count one call."""
        key = (record.corp_id or "", record.endpoint, _outcome(record))
        with self._lock:
            self._calls.append(record)
            self._counters[key] += 1

    def list_pushes(
        self, *, corp_id: str | None, name: str | None, since: int
    ) -> list[PushRecord]:
        """Pushes after number `since`, oldest first."""
        with self._lock:
            return [
                one
                for one in self._pushes
                if one.push_id > since
                and corp_id in (None, one.corp_id)
                and name in (None, one.name)
            ]

    def list_calls(
        self, *, corp_id: str | None, endpoint: str | None, since: int
    ) -> list[CallRecord]:
        """Calls after number `since`, oldest first."""
        with self._lock:
            return [
                one
                for one in self._calls
                if one.call_id > since
                and corp_id in (None, one.corp_id)
                and endpoint in (None, one.endpoint)
            ]

    def counters(self, *, corp_id: str | None) -> dict[str, dict[str, int]]:
        """Calls by endpoint, then by errcode (or fault, where there was none)."""
        found: dict[str, dict[str, int]] = {}
        with self._lock:
            for (of, endpoint, outcome), number in self._counters.items():
                if corp_id in (None, of):
                    row = found.setdefault(endpoint, {})
                    row[outcome] = row.get(outcome, 0) + number
        return found

    def reset_calls(self) -> None:
        """Forget calls and their counters."""
        with self._lock:
            self._calls.clear()
            self._counters.clear()

    def reset_pushes(self) -> None:
        """Forget pushes; those under way finish unseen."""
        with self._lock:
            self._pushes.clear()


def _outcome(record: CallRecord) -> str:
    if record.errcode is None:
        return record.fault or f"http {record.status}"
    return str(record.errcode)
