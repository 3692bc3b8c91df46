"""Who is cut off when: late clients alone, and nobody else is even looked at."""

from dataclasses import dataclass
from typing import Any, cast

import pytest

from serving.clients import Bounds, Clients

SPREAD_SECONDS = 1.0
BETWEEN_SECONDS, BEGUN_SECONDS = 5.0, 30.0
BOUNDS = Bounds(
    places=8,
    memory_bytes=1_000,
    between_seconds=BETWEEN_SECONDS,
    begun_seconds=BEGUN_SECONDS,
)


class Hours:
    """A clock that is moved by hand."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(eq=False, kw_only=True)
class Client:
    """As much of a connection as decides whether it is late."""

    is_busy: bool = False
    has_begun: bool = False
    looks: int = 0

    @property
    def is_between_requests(self) -> bool:
        """Whether nothing is owed."""
        self.looks += 1
        return not self.has_begun


@pytest.fixture
def hours() -> Hours:
    return Hours()


@pytest.fixture
def clients(hours: Hours) -> Clients:
    return Clients(bounds=BOUNDS, now=hours)


def come(clients: Clients, **about: bool) -> Any:
    client = cast("Any", Client(**about))
    clients.await_request(client)
    return client


def test_who_came_a_moment_ago_is_not_looked_at(clients: Clients, hours: Hours) -> None:
    early = come(clients)
    hours.now += BETWEEN_SECONDS
    newcomers = [come(clients) for _ in range(3)]
    hours.now += SPREAD_SECONDS / 2

    assert list(clients.late()) == [early]
    assert [each.looks for each in newcomers] == [0, 0, 0]


def test_who_has_begun_has_longer_and_who_is_answered_all_the_time(
    clients: Clients, hours: Hours
) -> None:
    silent, begun = come(clients), come(clients, has_begun=True)
    answered = come(clients, is_busy=True)
    hours.now += BETWEEN_SECONDS + SPREAD_SECONDS

    assert list(clients.late()) == [silent]
    hours.now += BEGUN_SECONDS
    assert list(clients.late()) == [silent, begun]
    assert answered.looks == 0


def test_who_went_while_others_were_cut_off_is_not_named(
    clients: Clients, hours: Hours
) -> None:
    first, second = come(clients), come(clients)
    hours.now += BETWEEN_SECONDS + SPREAD_SECONDS
    late = clients.late()

    assert next(late) is first
    clients.let_go(second)
    assert list(late) == []


def test_who_asks_again_has_its_time_anew(clients: Clients, hours: Hours) -> None:
    again = come(clients)
    hours.now += BETWEEN_SECONDS + SPREAD_SECONDS
    clients.await_request(again)

    assert list(clients.late()) == []
