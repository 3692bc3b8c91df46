"""The ids of an event's trace: computed from the event's own, so that none is carried.

A trace passes a row of Postgres, a ring in Redis and minutes of waiting. Whoever knows
an event's id knows its trace: no column, no message and no statement more is needed.
"""

import hashlib
from dataclasses import dataclass

_TRACE_BYTES = 16
_SPAN_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceIds:
    """A trace, and the span in it that everything about the event stands below."""

    trace_id: int
    root_id: int


def ids_of_event(house: str, event_id: int) -> TraceIds:
    """The trace of an event in the inbox.

    Shape: `house` tells deployments apart that share a collector: PUBLIC_URL.
    """
    return _ids(f"{house}\x00event\x00{event_id}".encode())


def ids_of_mail(house: str, digest: bytes) -> TraceIds:
    """The trace of mail that has no number yet: it waits in the spill."""
    return _ids(f"{house}\x00mail\x00".encode() + digest)


def _ids(content: bytes) -> TraceIds:
    digest = hashlib.sha256(content).digest()
    # All zeros would mean that there is none.
    return TraceIds(
        trace_id=int.from_bytes(digest[:_TRACE_BYTES]) or 1,
        root_id=int.from_bytes(digest[_TRACE_BYTES:][:_SPAN_BYTES]) or 1,
    )
