"""The product does next to nothing when there is nothing to do."""

import time
from collections import Counter
from collections.abc import Iterator

import psycopg
import pytest

from benchmarks.wire import logged
from demo.machine.leftovers import MARK
from demo.servers import DATABASE
from tests.e2e.office import found
from tests.e2e.product import Product, running
from tests.support.processes.memory import scratch_folder
from tests.support.processes.servers import guard

STATEMENTS_PER_SECOND = 5
# As long as the slowest of the rhythms that say something every minute: each duty of
# the clock has its turn in it once, whenever the minute begins.
LOOK_SECONDS = 60.0


@pytest.fixture
def calm() -> Iterator[Product]:
    """A product of its own, in which one corp is in step and nothing happens."""
    with (
        scratch_folder("idle") as folder,
        guard(folder) as guarded,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.delenv(MARK, raising=False)
        with running(guarded) as product:
            office = found(product)
            office.install()
            office.await_in_step()
            yield product


def let_pass(product: Product, *, seconds: float) -> None:
    """So many seconds in which only the product's processes do anything."""
    product.session.supervisor.wait_until(lambda: False, timeout_seconds=seconds)


def is_calm(product: Product) -> bool:
    """Whether what a start brings is over: no alert stands, no mail and run waits."""
    with psycopg.connect(product.postgres.url(DATABASE)) as connection:
        row = connection.execute(
            "SELECT NOT EXISTS (SELECT FROM alerts WHERE recovered_at IS NULL)"
            " AND NOT EXISTS (SELECT FROM inbox WHERE state = 'pending')"
            " AND EXISTS (SELECT FROM samples)"
        ).fetchone()
    return row is not None and row[0]


def write_down_statements(product: Product) -> None:
    """Have Postgres log every statement from now on."""
    url = product.postgres.url("postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        connection.execute("SELECT pg_reload_conf()")


def sent_since(product: Product, place: int) -> list[str]:
    """What was sent to Postgres since this place of its log, but for borders."""
    return logged(product.postgres.log.read_bytes()[place:].decode(errors="replace"))


# It waits for calm on a machine that others use, and then for its minute.
@pytest.mark.timeout(400)
def test_an_idle_product_makes_fewer_than_five_statements_a_second(
    calm: Product,
) -> None:
    calm.session.supervisor.wait_until(lambda: is_calm(calm), timeout_seconds=120)
    write_down_statements(calm)
    let_pass(calm, seconds=1)
    place, began = calm.postgres.log.stat().st_size, time.monotonic()

    let_pass(calm, seconds=LOOK_SECONDS)

    seconds = time.monotonic() - began
    sent = sent_since(calm, place)
    assert sent
    assert len(sent) / seconds < STATEMENTS_PER_SECOND, Counter(sent).most_common(12)
