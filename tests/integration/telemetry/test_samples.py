"""History is kept by the product itself, bounded, and coarser with age."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.wire import counted
from store.database import open_pool, transaction
from store.health import marks, pace, samples
from store.health.samples import STEPS, Sample
from tests.support.console.desk import Desk, open_desk, words_in
from tests.support.webclient import add_event, insert
from tests.support.workbench import Workbench, workbench
from workers.upkeep import sampling

NOW = datetime.now(UTC)


@pytest.fixture
def bench(database: str, redis_url: str) -> Iterator[Workbench]:
    with workbench(database=database, redis_url=redis_url) as bench:
        yield bench


def sample(seconds: float = 0, **figures: object) -> Sample:
    return Sample(at=NOW + timedelta(seconds=seconds), figures=figures)


def test_a_coarser_sample_keeps_the_worst_and_the_last_of_counters() -> None:
    folded = samples.fold(
        [
            {"events": 3, "events_oldest": None, "arrived": 10, "effects": [1, 0]},
            {"events": 90, "events_oldest": 7.5, "arrived": 20, "effects": [2, 1]},
            {"events": 1, "events_oldest": 2.0, "arrived": 30, "effects": [2, 4]},
        ]
    )

    assert folded == {
        "events": 90,
        "events_oldest": 7.5,
        "arrived": 30,
        "effects": [2, 4],
    }


def test_a_counter_that_began_anew_makes_no_negative_rate() -> None:
    earlier, later = sample(arrived=100, events=0), sample(60, arrived=3, events=0)

    assert pace.difference(earlier, later, "arrived") is None
    assert pace.events_flow(earlier, later) is None


def test_a_queue_that_shrinks_says_when_it_is_empty() -> None:
    earlier = sample(arrived=100, events=500)
    later = sample(60, arrived=160, events=440)

    flow = pace.events_flow(earlier, later)

    assert flow is not None
    assert (flow.arrived, flow.left) == (60.0, 120.0)
    assert flow.eta_seconds == 440.0


def test_a_queue_that_grows_has_no_end() -> None:
    flow = pace.events_flow(
        sample(arrived=0, events=0), sample(60, arrived=60, events=50)
    )

    assert flow is not None
    assert flow.eta_seconds is None


def test_quantiles_are_told_from_what_came_between() -> None:
    early, late = [5] * 14, [5] * 14
    late[0] += 90
    late[4] += 9
    late[13] += 1

    found = pace.quantiles(sample(effects=early), sample(60, effects=late))

    assert found == {0.5: 0.1, 0.95: 1.0, 0.99: 1.0}
    assert pace.quantiles(sample(effects=late), sample(60, effects=late)) is None


@pytest.mark.parametrize(
    ("seconds", "step"),
    [(900, 15), (3_600, 15), (21_600, 120), (604_800, 1_800), (7_776_000, 14_400)],
)
def test_a_range_is_drawn_from_the_finest_step_that_lasts(
    seconds: float, step: int
) -> None:
    found = samples.step_for(seconds)

    assert found.seconds == step
    assert found.kept.total_seconds() >= seconds
    assert seconds / step <= 600


def test_the_clock_keeps_samples_and_takes_the_old_ones_away(bench: Workbench) -> None:
    sampling.take_sample(bench.runtime)
    sampling.take_sample(bench.runtime)
    for step in STEPS:
        bench.rows(
            "INSERT INTO samples VALUES (%s, clock_timestamp() - %s, '{}')",
            step.seconds,
            step.kept + timedelta(minutes=1),
        )
    before = bench.row("SELECT count(*) AS n FROM samples")["n"]

    sampling.prune_samples(bench.runtime)

    after = bench.row("SELECT count(*) AS n FROM samples")["n"]
    assert before - after == len(STEPS)
    # A coarser one may end at the same moment, and has no ledger.
    newest = bench.row(
        "SELECT figures FROM samples WHERE step_seconds = 15 ORDER BY at DESC LIMIT 1"
    )
    assert {"arrived", "events", "effects", "ledger"} <= newest["figures"].keys()


def test_a_sample_is_one_statement_unless_a_coarser_one_is_due(
    bench: Workbench,
) -> None:
    pool = open_pool(bench.runtime.settings.database_url, size=1)
    with counted(pool, connections=1) as first, transaction(pool) as connection:
        samples.keep(connection, {"events": 5})
    bench.rows(
        "UPDATE samples"
        " SET at = date_bin('2 minutes', now(), 'epoch') - interval '1 minute'"
    )

    with counted(pool, connections=1) as second, transaction(pool) as connection:
        samples.keep(connection, {"events": 1})
    pool.close()

    assert len(first.texts) == 1
    assert len(second.texts) > 1
    assert bench.row("SELECT figures FROM samples WHERE step_seconds = 120") == {
        "figures": {"events": 5}
    }


def test_the_rows_of_history_are_bounded_whatever_happens() -> None:
    rows = sum(step.kept.total_seconds() / step.seconds for step in STEPS)

    assert rows < 3_000


def test_other_code_is_marked_as_a_deploy_once(bench: Workbench) -> None:
    for code in ("a", "a", "b", "b", "a"):
        with transaction(bench.runtime.pool) as connection:
            marks.note(connection, code=code, incident=None)

    found = bench.rows(
        "SELECT about, ended_at IS NULL AS open FROM marks ORDER BY began_at"
    )
    assert found == [{"about": each, "open": False} for each in ("a", "b", "a")]


def test_an_incident_of_wecoms_is_one_mark_from_its_begin_to_its_end(
    bench: Workbench,
) -> None:
    with transaction(bench.runtime.pool) as connection:
        for about in ("throttled", "throttled", None, "unavailable"):
            marks.note(connection, code="a", incident=about)

    found = bench.rows(
        "SELECT about, ended_at IS NULL AS open FROM marks"
        " WHERE kind = 'wecom' ORDER BY 1"
    )
    assert found == [
        {"about": "throttled", "open": False},
        {"about": "unavailable", "open": True},
    ]


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    with open_desk(database=database, redis_url=redis_url) as desk:
        yield desk


def test_charts_have_points_for_scripts_and_tables_for_readers(desk: Desk) -> None:
    for number in range(8):
        insert(
            desk.rows,
            "samples",
            step_seconds=15,
            at=NOW - timedelta(seconds=15 * (8 - number)),
            figures={"arrived": 100 * number, "events": number, "stale": 5},
        )
    insert(desk.rows, "gaps", reason="refused")

    points = desk.get("/console/history?range=15m").get_json()
    page = words_in(desk.page("/console/?range=15m"))

    assert points["charts"]["flow"][0] == [400.0] * 7
    assert points["charts"]["waiting"][0] == [1, 2, 3, 4, 5, 6, 7]
    assert [mark["kind"] for mark in points["marks"]] == ["gap"]
    assert len(points["at"]) == 7
    assert "400" in page
    assert desk.get("/console/history?range=2y").status_code == 400


def test_among_many_events_the_ledger_is_the_clocks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.health.balance.MOST_COUNTED", 2)
    for _ in range(5):
        add_event(desk.rows, "corp:wwcorp", "done")
    today = datetime.now(UTC).date().isoformat()
    kept = dict.fromkeys(
        ("folded", "duplicate", "ignored", "pending", "parked", "failed"), 0
    )
    insert(
        desk.rows,
        "samples",
        step_seconds=15,
        at=NOW,
        figures={"ledger": {"day": today, "received": 4, "applied": 4, **kept}},
    )

    assert 'data-figure="received" data-value="4"' in desk.page("/console/")
