"""What WeCom's own bytes may hold: odd rows, pages of proxies, ids in another case."""

import pytest

from domain.ids import RunId
from simulator.admin import admin_members
from simulator.admin.admin_members import NewMember
from simulator.faults import Kind
from simulator.org.corp import Corp as Enterprise
from tests.support.workbench import Workbench
from workers.runs.run import work_on


@pytest.fixture
def enterprise(simulated: Workbench) -> Enterprise:
    found = simulated.found(members=6, departments=2)
    simulated.link(found)
    read_all(simulated)
    return found


def read_all(bench: Workbench) -> None:
    """Work on every open run until none is left, or ten times."""
    for _ in range(10):
        bench.rows("UPDATE runs SET not_before = clock_timestamp()")
        found = bench.rows(
            "SELECT run_id FROM runs WHERE state IN ('queued','running')"
        )
        for row in found:
            work_on(bench.runtime, RunId(str(row["run_id"])))


def resync(bench: Workbench, enterprise: Enterprise) -> None:
    corp_pk = bench.corp(enterprise).corp_pk
    bench.rows(
        "INSERT INTO runs (run_id, corp_pk, cause)"
        " VALUES (gen_random_uuid()::text, %s, 'operator')",
        corp_pk,
    )


def newest_run(bench: Workbench) -> dict[str, object]:
    return bench.row("SELECT state, error FROM runs ORDER BY created_at DESC LIMIT 1")


@pytest.mark.parametrize(
    ("field", "value"),
    [("status", "on"), ("department", "2"), ("open_userid", 7), ("userid", ["x"])],
)
def test_an_odd_row_of_a_list_costs_a_run_that_row_alone(
    simulated: Workbench, enterprise: Enterprise, field: str, value: object
) -> None:
    odd = sorted(enterprise.now.members)[-1]
    simulated.misbehave(Kind.ODD, match="user/*", key=odd, field=field, value=value)
    admin_members.hire(
        simulated.world, enterprise, NewMember(name="n", userid="newHere")
    )

    resync(simulated, enterprise)
    read_all(simulated)

    run = newest_run(simulated)
    assert run["state"] == "done"
    assert odd in str(run["error"])
    active = "SELECT userid FROM members WHERE state = 'active'"
    assert {odd, "newHere"} <= {each["userid"] for each in simulated.rows(active)}


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Kind.REDIRECT, "HTTP 301 (a redirect, an HTML page)"),
        (Kind.HTML, "HTTP 200 with an HTML page instead of a JSON object"),
        (Kind.BLANK, "HTTP 200 with an empty body instead of a JSON object"),
        (Kind.HTTP_500, "HTTP 500"),
    ],
)
def test_a_run_that_waits_says_where_and_for_what(
    simulated: Workbench, enterprise: Enterprise, kind: Kind, said: str
) -> None:
    simulated.misbehave(kind, match="department/simplelist")
    resync(simulated, enterprise)

    read_all(simulated)

    run = newest_run(simulated)
    assert run["state"] == "running"
    assert "department/simplelist" in str(run["error"])
    assert said in str(run["error"])
