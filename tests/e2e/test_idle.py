"""The product does next to nothing when there is nothing to do."""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from benchmarks.wire import logged
from demo.leftovers import MARK
from tests.e2e.office import found
from tests.e2e.product import Product, running
from tests.support.servers import guard

STATEMENTS_PER_SECOND = 5
# What a first read has left to do is done by then; long enough for every slow clock
# that ticks within half a minute.
CALM_SECONDS, LOOK_SECONDS = 10.0, 20.0


@pytest.fixture
def calm() -> Iterator[Product]:
    """A product of its own, in which one corp is in step and nothing happens."""
    with (
        tempfile.TemporaryDirectory(prefix="idle-") as folder,
        guard(Path(folder)) as guarded,
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


def write_down_statements(product: Product) -> None:
    """Have Postgres log every statement from now on."""
    url = product.postgres.url("postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        connection.execute("SELECT pg_reload_conf()")


def sent_since(product: Product, place: int) -> list[str]:
    """What was sent to Postgres since this place of its log, but for borders."""
    return logged(product.postgres.log.read_bytes()[place:].decode(errors="replace"))


def test_an_idle_product_makes_fewer_than_five_statements_a_second(
    calm: Product,
) -> None:
    let_pass(calm, seconds=CALM_SECONDS)
    write_down_statements(calm)
    let_pass(calm, seconds=1)
    place, began = calm.postgres.log.stat().st_size, time.monotonic()

    let_pass(calm, seconds=LOOK_SECONDS)

    seconds = time.monotonic() - began
    sent = sent_since(calm, place)
    assert sent
    assert len(sent) / seconds < STATEMENTS_PER_SECOND, Counter(sent).most_common(12)
