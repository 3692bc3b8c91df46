"""A plan says what a resync would do: over HTTP, with nothing lost on the way there."""

from tests.e2e.chance import History
from tests.e2e.office import Install, Office
from tests.e2e.product import Row

SEED = 20_261_125


def plan(office: Office) -> Row:
    answer = office.product.ask("POST", f"corps/{office.corp_id}/plan")
    assert answer.status_code == 200, answer.text
    told: Row = answer.json()
    return told


def state(office: Office) -> list[Row]:
    """All that the API shows of the org, its past and what is to be sent."""
    corp = f"corps/{office.corp_id}"
    return [
        row
        for path in ("departments", "members", "journal", "notices")
        for row in office.product.rows(f"{corp}/{path}")
    ]


def said(row: Row, *, name: str) -> Row:
    """What a line of the journal and a decision of a plan have in common."""
    after = dict(row["after"])
    if row[name] == "CreateAccount":
        # Only the account that is made has an id.
        after["link"] = {**after["link"], "account_id": None}
    return {
        "name": row[name],
        "key": row["key"],
        "before": row["before"],
        "after": after,
        "reason": row["reason"],
    }


def test_a_resync_does_exactly_what_the_plan_before_it_said(install: Install) -> None:
    office = install()
    office.await_in_step()
    office.await_rest()
    # Nobody tells us what happens: only a full read finds it.
    office.fault("drop")
    History(office, seed=SEED).go_on(40)
    before = state(office)

    told = plan(office)
    printed = office.product.manage("plan", office.corp_id)
    unchanged = state(office)
    run = office.resync()
    differing = office.product.manage(
        "diff", office.corp_id, "--from", told["made_at"], "--lang", "zh"
    )

    assert unchanged == before
    lines = office.product.rows(f"corps/{office.corp_id}/journal", run_id=run["run_id"])
    planned = [each for each in told["decisions"] if not each["held"]]
    assert planned
    assert [said(each, name="decision") for each in lines] == [
        said(each, name="name") for each in planned
    ]
    assert run["calls"] == told["cost"]["calls_resync"]
    assert f"hash {told['hash']}" in printed.stdout
    assert differing.stdout.count("\n") > 1
    assert differing.returncode == 0, differing.stderr
    assert all(each["held"] for each in plan(office)["decisions"])
