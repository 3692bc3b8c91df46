"""Hundreds of random events, repeated, shuffled, delayed and lost, end in the truth."""

import pytest

from tests.e2e.chance import History
from tests.e2e.office import InstallAll, Office

EVENTS = 300
PATIENCE_SECONDS = 90.0
pytestmark = pytest.mark.timeout(3 * PATIENCE_SECONDS)

LOSSLESS, SCOPES, LOSSES = "without loss", "with changing scope", "with losses"


@pytest.fixture(scope="module")
def offices(install_all: InstallAll, module_seed: int) -> dict[str, Office]:
    """Three companies in which everything happens at once: most of it is waiting."""
    offices = install_all([LOSSLESS, SCOPES, LOSSES])
    histories = {}
    for place, (name, office) in enumerate(offices.items()):
        office.fault("duplicate", share=0.3, times=3)
        office.fault("reorder", share=0.5, window=5, seconds=0.5)
        office.fault("delay", share=0.1, seconds=1.5)
        histories[name] = History(office, seed=module_seed + place)
    offices[LOSSES].fault("drop", share=0.3)
    histories[LOSSLESS].go_on(EVENTS)
    for name in (SCOPES, LOSSES):
        for _ in range(3):
            histories[name].go_on(EVENTS // 6)
            histories[name].change_scope()
        histories[name].go_on(EVENTS // 6)
    return offices


def assert_balanced(office: Office) -> None:
    """Every delivery that was answered with success is accounted for, once."""
    sums = office.read("/ledger")
    rest = {k: v for k, v in sums.items() if k not in {"day", "received"}}
    assert sums["received"] == sum(rest.values())
    assert sums["pending"] == sums["parked"] == sums["failed"] == 0
    assert sums["received"] == office.acknowledged()


def assert_replays(office: Office) -> None:
    """Folding the journal from empty gives the org."""
    done = office.product.manage("replay", office.corp_id)
    assert done.returncode == 0, done.stdout


def test_a_history_without_loss_ends_in_the_truth_by_itself(
    offices: dict[str, Office],
) -> None:
    office = offices[LOSSLESS]

    office.await_in_step(seconds=PATIENCE_SECONDS)

    assert {run["cause"] for run in office.runs()} <= {"install", "drain"}
    assert_balanced(office)
    assert_replays(office)


def test_a_history_with_changing_scope_ends_in_the_truth_by_itself(
    offices: dict[str, Office],
) -> None:
    office = offices[SCOPES]

    office.await_in_step(seconds=PATIENCE_SECONDS)

    by_itself = {"install", "drain", "scope", "scope_probe"}
    assert {run["cause"] for run in office.runs()} <= by_itself
    assert_balanced(office)
    assert_replays(office)


def test_a_history_with_losses_ends_in_the_truth_after_a_resync(
    offices: dict[str, Office],
) -> None:
    office = offices[LOSSES]
    office.await_rest(seconds=PATIENCE_SECONDS)
    office.behave()

    run = office.resync()

    office.await_in_step()
    assert run["state"] == "done"
    assert run["calls"] <= 1.05 * run["calls_least"]
    assert_balanced(office)
    assert_replays(office)
