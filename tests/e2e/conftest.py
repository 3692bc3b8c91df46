"""One product for all journeys, and companies that nobody else touches."""

import secrets
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from demo.machine.leftovers import MARK
from tests.e2e.office import Install, InstallAll, Office, found
from tests.e2e.product import Product, running
from tests.support.processes.memory import scratch_folder
from tests.support.processes.servers import guard


# Not for the session: a process that has gone on to other tests would keep it running.
@pytest.fixture(scope="package")
def product() -> Iterator[Product]:
    """The product, running; removals are never held."""
    with (
        scratch_folder("product") as folder,
        guard(folder) as guarded,
        pytest.MonkeyPatch.context() as patch,
    ):
        # Between tests the mark of the other servers stands there.
        patch.delenv(MARK, raising=False)
        with running(guarded, GUARD="off") as product:
            yield product


@pytest.fixture
def install(product: Product) -> Install:
    """Founds a company whose admin installs the app, and waits until it is in step."""

    def found_and_install(**given: Any) -> Office:
        office = found(product)
        office.install(**given)
        office.await_in_step()
        return office

    return found_and_install


@pytest.fixture(scope="package")
def install_all(product: Product) -> InstallAll:
    """The same for one company per test of a module, side by side to save time."""

    def found_and_install_all(names: Iterable[str]) -> dict[str, Office]:
        offices = {name: found(product) for name in names}
        for office in offices.values():
            office.install()
        for office in offices.values():
            office.await_in_step()
        return offices

    return found_and_install_all


@pytest.fixture
def seed() -> int:
    """What a random history starts from; pytest shows it when the test fails."""
    return _throw()


@pytest.fixture(scope="module")
def module_seed() -> int:
    """The same for a module whose histories run side by side."""
    return _throw()


def _throw() -> int:
    seed = secrets.randbelow(10**6)
    print(f"seed {seed}")  # noqa: T201 - to be repeated by whoever looks into it
    return seed
