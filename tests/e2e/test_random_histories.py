"""Hundreds of random events, repeated, shuffled, delayed and lost, end in the truth."""

from tests.e2e.chance import History
from tests.e2e.office import Install, Office

EVENTS = 300


def shuffle(office: Office) -> None:
    office.fault("duplicate", share=0.3, times=3)
    office.fault("reorder", share=0.5, window=5, seconds=0.5)
    office.fault("delay", share=0.1, seconds=1.5)


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
    install: Install, seed: int
) -> None:
    office = install()
    shuffle(office)

    History(office, seed=seed).go_on(EVENTS)

    office.await_in_step()
    assert {run["cause"] for run in office.runs()} <= {"install", "drain"}
    assert_balanced(office)
    assert_replays(office)


def test_a_history_with_changing_scope_ends_in_the_truth_by_itself(
    install: Install, seed: int
) -> None:
    office = install()
    history = History(office, seed=seed)
    shuffle(office)

    for _ in range(5):
        history.go_on(20)
        history.change_scope()
    history.go_on(20)

    office.await_in_step()
    assert_balanced(office)
    assert_replays(office)


def test_a_history_with_losses_ends_in_the_truth_after_a_resync(
    install: Install, seed: int
) -> None:
    office = install()
    history = History(office, seed=seed)
    shuffle(office)
    office.fault("drop", share=0.3)

    history.go_on(EVENTS // 2)
    history.change_scope()
    history.go_on(EVENTS // 2)
    office.await_rest()
    office.behave()
    run = office.resync()

    office.await_in_step()
    assert run["state"] == "done"
    assert run["calls"] <= 1.05 * run["calls_least"]
    assert_balanced(office)
    assert_replays(office)
