"""Processes and stores die in the middle of a burst, and nothing is lost."""

import time

import pytest
import redis

from tests.e2e.chance import History
from tests.e2e.office import Install, Office
from tests.e2e.product import Product

# A lease of the dead lasts 15 s; a queue that lost its worker is looked after in 15 s.
# Leases, supervisors and back-off may all have to run out one after the other.
PATIENCE_SECONDS = 240.0
OUTAGE_SECONDS = 5.0

pytestmark = pytest.mark.timeout(400)
pytestmark = pytest.mark.timeout(3 * PATIENCE_SECONDS)


def refused(office: Office) -> list[object]:
    """Callbacks that were answered otherwise than with success, or not at all."""
    return [each for each in office.pushes() if each["fate"] != "delivered"]


def all_answered(product: Product) -> None:
    product.eventually(
        lambda: not product.control("GET", "pushes/idle?timeout_seconds=0")["idle"]
    )


@pytest.mark.parametrize("process", ["worker", "bulk", "clock"])
def test_a_process_that_is_killed_in_a_burst_loses_nothing(
    product: Product, install: Install, seed: int, process: str
) -> None:
    office = install()
    history = History(office, seed=seed)
    history.go_on(20)
    if process == "bulk":
        history.change_scope()

    product.kill(process)
    product.look_after()
    history.go_on(20)

    office.await_equal(seconds=PATIENCE_SECONDS)
    assert refused(office) == []


def test_a_receiver_that_is_killed_loses_nothing_that_it_acknowledged(
    product: Product, install: Install, seed: int
) -> None:
    office = install()
    history = History(office, seed=seed)
    history.go_on(20)

    product.kill("receiver")
    history.go_on(5)
    product.look_after()
    history.go_on(20)
    all_answered(product)
    if refused(office):
        # WeCom gave up after three attempts: that is what a full read is for.
        office.resync()

    office.await_equal(seconds=PATIENCE_SECONDS)


def test_a_wiped_redis_loses_nothing(
    product: Product, install: Install, seed: int
) -> None:
    office = install()
    history = History(office, seed=seed)
    history.go_on(20)

    with redis.Redis.from_url(product.settings["REDIS_URL"]) as client:
        client.flushall()
    history.go_on(20)
    with redis.Redis.from_url(product.settings["REDIS_URL"]) as client:
        client.flushall()

    office.await_equal(seconds=PATIENCE_SECONDS)
    assert refused(office) == []


def test_events_that_were_acknowledged_without_postgres_arrive(
    product: Product, install: Install, seed: int
) -> None:
    office = install()
    history = History(office, seed=seed)
    history.go_on(10)

    with product.without_postgres():
        began = time.monotonic()
        history.go_on(40)
        all_answered(product)
        product.eventually(lambda: time.monotonic() < began + OUTAGE_SECONDS)
    history.go_on(10)

    office.await_equal(seconds=PATIENCE_SECONDS)
    assert refused(office) == []
