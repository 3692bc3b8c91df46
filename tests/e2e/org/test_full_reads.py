"""Full reads on request: they are joined, named by a key, and cost what they must."""

from tests.e2e.office import Install, Office


def request(office: Office, key: str | None = None) -> str:
    headers = {} if key is None else {"Idempotency-Key": key}
    path = f"corps/{office.corp_id}/resync"
    answer = office.product.ask("POST", path, headers=headers)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["run_id"])


def test_requests_join_the_run_that_waits_and_open_at_most_one_more(
    install: Install,
) -> None:
    office = install()
    before = {run["run_id"] for run in office.runs()}
    office.fault("trickling", seconds=2, count=1, match="department/simplelist")

    asked = [request(office) for _ in range(10)]

    office.await_in_step()
    made = {run["run_id"] for run in office.runs()} - before
    assert set(asked) == made
    assert len(made) <= 2


def test_the_same_key_names_the_same_run_even_when_that_has_ended(
    install: Install,
) -> None:
    office = install()

    first = request(office, "2024-inventory")
    office.await_in_step()
    second = request(office, "2024-inventory")
    other = request(office, "2025-inventory")

    assert second == first
    assert other != first
    office.await_in_step()


def test_a_resync_of_the_truth_changes_nothing_and_asks_the_least(
    install: Install,
) -> None:
    office = install()
    lines = office.decisions()

    run = office.resync()

    assert (run["state"], run["decisions"]) == ("done", {})
    assert run["calls"] == run["calls_least"]
    assert office.decisions() == lines
