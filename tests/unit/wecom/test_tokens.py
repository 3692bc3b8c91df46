"""A token is fetched when it is due, by one, and given up when it is refused."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.unit.wecom.keeping import START, Clock, MemoryStore, MemoryTickets
from wecom.errors import (
    Refused,
    Revoked,
    Throttled,
    TicketMissing,
    TokenExpired,
    Unavailable,
)
from wecom.tokens import HeldTicket, StoredToken, TokenHolder, Tokens, get_ticket
from wecom.wire import Token

OWNER = "corp:wwsuite:1"


class Fetched:
    """Gives new tokens, or fails as told; counts."""

    def __init__(self, *, expires_in: int = 7200) -> None:
        self.count = 0
        self.fails: Exception | None = None
        self.expires_in = expires_in

    def __call__(self) -> Token:
        self.count += 1
        if self.fails is not None:
            raise self.fails
        return Token(value=f"token-{self.count}", expires_in=self.expires_in)


class World:
    """A clock, a store, and what is fetched; waiting calls `on_wait`."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.store = MemoryStore(self.clock)
        self.fetch = Fetched()
        self.waits: list[float] = []
        self.tokens = self.other_process()

    def other_process(self) -> Tokens:
        return Tokens(self.store, now=self.clock.now, wait=self.wait)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.pass_seconds(seconds)

    def value(self) -> str:
        return self.tokens.obtain(OWNER, self.fetch).value

    def holder(self) -> TokenHolder:
        return TokenHolder(self.tokens, owner=OWNER, fetch=self.fetch)


@pytest.fixture
def world() -> World:
    return World()


def test_a_first_token_is_fetched_and_kept_for_its_time(world: World) -> None:
    world.tokens.obtain(OWNER, world.fetch)

    held = world.store.tokens[OWNER]
    assert held.value == "token-1"
    assert (held.expires_at - START).total_seconds() == 7200


def test_another_process_uses_the_token_that_is_kept(world: World) -> None:
    world.value()

    other = world.other_process().obtain(OWNER, world.fetch)

    assert other.value == "token-1"
    assert world.fetch.count == 1


@pytest.mark.parametrize(("seconds", "fetched"), [(6899, 1), (6900, 2), (7200, 2)])
def test_a_token_is_renewed_from_five_minutes_before_its_end(
    world: World, seconds: int, fetched: int
) -> None:
    world.value()
    world.clock.pass_seconds(seconds)

    world.value()

    assert world.fetch.count == fetched


def test_while_one_renews_ahead_the_others_go_on_with_the_old(world: World) -> None:
    world.value()
    world.clock.pass_seconds(7000)
    world.store.claim_refresh(OWNER, seconds=12)

    assert world.value() == "token-1"
    assert world.waits == []


def test_a_renewal_that_gives_a_short_rest_is_tried_once_a_minute(
    world: World,
) -> None:
    world.value()
    world.clock.pass_seconds(7000)
    world.fetch.expires_in = 200

    for _ in range(10):
        world.value()
    world.clock.pass_seconds(61)
    world.value()

    assert world.fetch.count == 3


def test_a_token_that_ends_while_renewal_is_limited_is_fetched_at_once(
    world: World,
) -> None:
    world.fetch.expires_in = 20
    world.value()
    world.clock.pass_seconds(10)
    world.value()
    world.clock.pass_seconds(20)

    assert world.value() == "token-3"
    assert world.waits == []


@pytest.mark.parametrize("failure", [Unavailable(), Throttled(), TicketMissing()])
def test_a_failed_renewal_ahead_of_time_harms_nobody(
    world: World, failure: Exception
) -> None:
    world.value()
    world.clock.pass_seconds(7000)
    world.fetch.fails = failure

    assert world.value() == "token-1"


def test_a_corp_that_is_gone_is_told_though_its_old_token_lasts(world: World) -> None:
    world.value()
    world.clock.pass_seconds(7000)
    world.fetch.fails = Revoked(errcode=40084)

    with pytest.raises(Revoked):
        world.value()


def test_without_a_token_a_failure_is_told_and_the_next_may_try(world: World) -> None:
    world.fetch.fails = Unavailable("down")
    with pytest.raises(Unavailable, match="down"):
        world.value()
    world.fetch.fails = None

    assert world.value() == "token-2"


def test_whoever_waits_for_another_worker_gets_its_token(world: World) -> None:
    world.store.claim_refresh(OWNER, seconds=12)

    def finish(seconds: float) -> None:
        world.wait(seconds)
        expires_at = world.clock.now().replace(hour=11)
        world.store.save(OWNER, token="theirs", expires_at=expires_at)

    tokens = Tokens(world.store, now=world.clock.now, wait=finish)

    assert tokens.obtain(OWNER, world.fetch).value == "theirs"
    assert world.fetch.count == 0


def test_nobody_waits_for_another_worker_longer_than_a_second(world: World) -> None:
    world.store.claim_refresh(OWNER, seconds=12)

    with pytest.raises(Unavailable) as caught:
        world.value()

    assert sum(world.waits) == pytest.approx(1)
    assert caught.value.wait_seconds == 1
    assert world.fetch.count == 0


def test_a_worker_that_died_while_fetching_is_replaced(world: World) -> None:
    world.store.claim_refresh(OWNER, seconds=12)
    world.clock.pass_seconds(12)

    assert world.value() == "token-1"


def test_a_token_saved_between_look_and_claim_is_not_fetched_again(
    world: World,
) -> None:
    class Racing(MemoryStore):
        def claim_refresh(self, owner: str, *, seconds: float) -> UUID | None:
            later = world.clock.now().replace(hour=11)
            self.save(owner, token="theirs", expires_at=later)
            return super().claim_refresh(owner, seconds=seconds)

    tokens = Tokens(Racing(world.clock), now=world.clock.now)

    assert tokens.obtain(OWNER, world.fetch).value == "theirs"
    assert world.fetch.count == 0


def test_a_refused_token_is_replaced_once(world: World) -> None:
    used: list[str] = []

    def request(token: str) -> str:
        used.append(token)
        if token == "token-1":
            raise TokenExpired(errcode=42001)
        return "answer"

    assert world.holder().call(request) == "answer"
    assert used == ["token-1", "token-2"]


def test_a_token_refused_twice_is_told(world: World) -> None:
    def request(token: str) -> str:
        raise TokenExpired(errcode=40014)

    with pytest.raises(TokenExpired):
        world.holder().call(request)

    assert world.fetch.count == 2


def test_a_refused_token_does_not_cost_the_one_another_worker_fetched(
    world: World,
) -> None:
    holder = world.holder()
    holder.call(str)
    later = world.clock.now().replace(hour=11)

    def request(token: str) -> str:
        if token == "token-1":
            world.store.save(OWNER, token="theirs", expires_at=later)
            raise TokenExpired(errcode=40014)
        return token

    assert holder.call(request) == "theirs"
    assert world.fetch.count == 1


class Staggered:
    """Workers that are refused one token, each while another fetches the new one."""

    def __init__(self, world: World, *, workers: int) -> None:
        self.world = world
        self.waiting = [self.other_worker() for _ in range(workers)]
        self.ended: list[str] = []
        for each in self.waiting:
            each.call(str)

    def other_worker(self) -> TokenHolder:
        return TokenHolder(self.world.other_process(), owner=OWNER, fetch=self.fetch)

    def fetch(self) -> Token:
        if self.waiting and self.world.fetch.count:
            self.ask(self.waiting.pop())
        return self.world.fetch()

    def ask(self, worker: TokenHolder) -> None:
        try:
            self.ended.append(worker.call(self.request))
        except Unavailable:
            self.ended.append("waits")

    def request(self, token: str) -> str:
        if token == "token-1":
            raise TokenExpired(errcode=42001)
        return token


@pytest.mark.parametrize("ahead", [False, True])
def test_workers_that_are_refused_while_one_fetches_fetch_nothing(
    world: World, ahead: bool
) -> None:
    staggered = Staggered(world, workers=3)
    first, second = staggered.waiting.pop(), staggered.waiting[0]
    if ahead:
        # The first fetches because the token is old, not because it was refused.
        world.clock.pass_seconds(7000)

    staggered.ask(first)
    staggered.ask(second)

    assert staggered.ended == ["waits", "token-2", "token-2"]
    assert world.fetch.count == 2


def test_a_thread_that_is_refused_late_leaves_the_new_token_in_hand(
    world: World,
) -> None:
    holder = world.holder()
    holder.call(str)

    def late(token: str) -> str:
        if token == "token-1":
            # Meanwhile the other thread of this holder is refused and goes on.
            holder.call(prompt)
            raise TokenExpired(errcode=42001)
        return token

    def prompt(token: str) -> str:
        if token == "token-1":
            raise TokenExpired(errcode=42001)
        return token

    holder.call(late)

    assert world.fetch.count == 2
    asked = world.store.finds
    holder.call(str)
    assert world.store.finds == asked


def test_other_errors_do_not_cost_the_token(world: World) -> None:
    holder = world.holder()

    def request(token: str) -> str:
        raise Refused(errcode=40035)

    with pytest.raises(Refused):
        holder.call(request)

    assert holder.call(str) == "token-1"


def test_a_holder_asks_the_store_again_only_when_the_token_ages(world: World) -> None:
    holder = world.holder()
    holder.call(str)
    asked = world.store.finds

    holder.call(str)
    assert world.store.finds == asked

    world.clock.pass_seconds(6900)
    assert holder.call(str) == "token-2"


@pytest.mark.parametrize("seconds", [0, 1800])
def test_a_ticket_is_good_for_thirty_minutes(world: World, seconds: int) -> None:
    ticket = HeldTicket(value="t", sent_at=START)
    world.clock.pass_seconds(seconds)

    found = get_ticket(MemoryTickets(ticket), "wwsuite", now=world.clock.now())

    assert found is ticket


def test_a_ticket_that_is_older_is_missing(world: World) -> None:
    ticket = HeldTicket(value="t", sent_at=START)
    world.clock.pass_seconds(1801)

    with pytest.raises(TicketMissing):
        get_ticket(MemoryTickets(ticket), "wwsuite", now=world.clock.now())


def test_a_ticket_that_never_came_is_missing(world: World) -> None:
    with pytest.raises(TicketMissing):
        get_ticket(MemoryTickets(None), "wwsuite", now=world.clock.now())


def test_neither_token_nor_ticket_appears_in_a_repr() -> None:
    values = (
        StoredToken(value="hush", expires_at=START),
        HeldTicket(value="hush", sent_at=START),
        Token(value="hush", expires_in=7200),
    )

    assert "hush" not in repr(values)
