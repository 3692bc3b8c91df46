"""The calls of one piece of work are counted, and nobody else's."""

import threading
from collections.abc import Callable, Mapping

from wecom.payload import Payload
from wecom.transport import Answer, Transport
from workers.calls.call_count import CallCount, CountedTransport, add_call


class Inner(Transport):
    """Makes the call, then one for a token, as the client does."""

    def get(
        self,
        endpoint: str,
        read: Callable[[Payload], Answer],
        *,
        query: Mapping[str, str],
        corp_id: str | None = None,
        recognise: Callable[[bytes], Answer | None] | None = None,
    ) -> Answer:
        add_call("service/get_corp_token")
        add_call(endpoint)
        return read({})


def ask(transport: Transport) -> None:
    transport.get("user/get", lambda payload: payload, query={})


def test_calls_are_counted_by_endpoint_without_those_for_tokens() -> None:
    count = CallCount()
    transport = CountedTransport(Inner("https://example.com"), count)

    for _ in range(3):
        ask(transport)

    assert count.by_endpoint == {"user/get": 3}
    assert count.total == 3


def test_calls_outside_the_work_are_not_counted() -> None:
    count = CallCount()
    inner = Inner("https://example.com")
    ask(CountedTransport(inner, count))

    ask(inner)

    assert count.total == 1


def test_work_within_work_counts_for_itself_alone() -> None:
    outer, nested = CallCount(), CallCount()

    with outer.counting():
        with nested.counting():
            add_call("user/get")
        add_call("tag/get")

    assert (outer.by_endpoint, nested.by_endpoint) == ({"tag/get": 1}, {"user/get": 1})


def test_threads_that_work_at_once_do_not_mix_their_counts() -> None:
    counts = [CallCount() for _ in range(4)]
    together = threading.Barrier(len(counts))

    def work(count: CallCount) -> None:
        with count.counting():
            together.wait()
            for _ in range(100):
                add_call("user/get")

    threads = [threading.Thread(target=work, args=(count,)) for count in counts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [count.total for count in counts] == [100] * 4
