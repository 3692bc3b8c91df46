"""Counts the calls of one piece of work, a run's say, exactly as they are made."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from wecom.payload import Payload
from wecom.transport import Answer, Transport

_TOKEN_ENDPOINTS = frozenset(
    {
        "service/get_provider_token",
        "service/get_suite_token",
        "service/get_corp_token",
    }
)

# Per thread: a call begins and ends in one thread, whoever waits for it.
_work = threading.local()


class CallCount:
    """The calls of one piece of work, by endpoint; token calls are left out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count the calls that this thread makes within the block."""
        before: CallCount | None = getattr(_work, "count", None)
        _work.count = self
        try:
            yield
        finally:
            _work.count = before

    def add(self, endpoint: str) -> None:
        """Count a call that is made now."""
        if endpoint not in _TOKEN_ENDPOINTS:
            with self._lock:
                self._calls[endpoint] += 1

    @property
    def by_endpoint(self) -> Mapping[str, int]:
        """How often each endpoint was called."""
        with self._lock:
            return dict(self._calls)

    @property
    def total(self) -> int:
        """All calls together."""
        with self._lock:
            return self._calls.total()


class CountedTransport(Transport):
    """Another transport, its connections too, with the calls counted for one work."""

    def __init__(self, transport: Transport, count: CallCount) -> None:
        self._transport = transport
        self._count = count

    def get(
        self,
        endpoint: str,
        read: Callable[[Payload], Answer],
        *,
        query: Mapping[str, str],
        corp_id: str | None = None,
        recognise: Callable[[bytes], Answer | None] | None = None,
    ) -> Answer:
        """What the other transport answers."""
        with self._count.counting():
            return self._transport.get(
                endpoint, read, query=query, corp_id=corp_id, recognise=recognise
            )

    def post(
        self,
        endpoint: str,
        read: Callable[[Payload], Answer],
        *,
        body: Mapping[str, object],
        query: Mapping[str, str] | None = None,
        corp_id: str | None = None,
    ) -> Answer:
        """What the other transport answers."""
        with self._count.counting():
            return self._transport.post(
                endpoint, read, body=body, query=query, corp_id=corp_id
            )


def add_call(endpoint: str) -> None:
    """Count a call for the work that this thread does, if that is counted at all."""
    count: CallCount | None = getattr(_work, "count", None)
    if count is not None:
        count.add(endpoint)
