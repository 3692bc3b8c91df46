"""How long the console's and a company's pages take among a million events."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import quantiles
from time import perf_counter

from flask.testing import FlaskClient

from benchmarks.busy_house import GIANT, House, move_in
from benchmarks.environment import Database, Stage
from benchmarks.table import Line
from web.app import create_app

_BUDGET_SECONDS = 0.2
_AGENT = {"User-Agent": "benchmark", "Accept-Language": "en"}

# Every page that shows what is stored; a test holds it against the routes.
PAGES = (
    "/console/",
    "/console/history",
    "/console/events",
    f"/console/events?q=corp:{GIANT}",
    "/console/events?q=state:failed",
    f"/console/events?q=corp:{GIANT}+person:wg7",
    "/console/events?q=error:60011",
    "/console/events?q=kind:update_user",
    "/console/events?q=person:wg7",
    "/console/events?q=state:folded",
    "/console/events/EVENT",
    "/console/corps",
    "/console/corps?show=blocked",
    f"/console/corps/{GIANT}",
    f"/console/corps/{GIANT}/people",
    f"/console/corps/{GIANT}/people?find=wg77",
    f"/console/corps/{GIANT}/people?link=pending",
    f"/console/corps/{GIANT}/people?link=conflict",
    f"/console/corps/{GIANT}/people?state=removed",
    f"/console/corps/{GIANT}/people?department=7",
    f"/console/corps/{GIANT}/people?link=linked",
    f"/console/corps/{GIANT}/people?find=77",
    f"/console/corps/{GIANT}/people?find=nobody",
    f"/console/corps/{GIANT}/people?department=7&link=pending",
    f"/console/corps/{GIANT}/people/wg7",
    f"/console/corps/{GIANT}/notices",
    "/console/plans",
    "/console/plans/plan-1",
    "/console/runs",
    f"/console/runs?corp={GIANT}",
    "/console/runs/run-7",
    "/console/refused",
    "/console/queues",
    "/console/alerts",
    "/console/operators",
    "/console/audit",
    "/console/audit?actor=operator:n3",
    "/console/audit?target=corp:wpMany7",
    f"/console/search?q={GIANT}",
    "/console/search/words?q=corp:wp",
    f"/company/{GIANT}/",
    f"/company/{GIANT}/?group=linked",
    f"/company/{GIANT}/?group=conflict",
    f"/company/{GIANT}/?group=removed",
    f"/company/{GIANT}/?q=wg77",
    f"/company/{GIANT}/?q=11111100077",
    f"/company/{GIANT}/people/wg7",
    f"/company/{GIANT}/acts",
    f"/company/{GIANT}/items",
)


def pages(stage: Stage, *, house: House, rounds: int) -> list[Line]:
    """The 95th percentile of each page, the slowest first."""
    with stage.database() as database:
        with database.connect() as connection:
            move_in(connection, house)
        with signed_in(database) as client:
            found = {page: _p95(client, page, rounds) for page in filled(database)}
    slowest = sorted(found.items(), key=lambda each: -each[1])
    name, seconds = slowest[0]
    return [
        Line(
            name="pages",
            what=f"The slowest page ({name}) among {house.events:,} events, p95",
            held_against="200 ms",
            ours=seconds * 1000,
            theirs=_BUDGET_SECONDS * 1000,
            unit="ms",
            budget=1.0,
            others={page: f"{each * 1000:.0f} ms" for page, each in slowest[1:9]},
        )
    ]


def filled(database: Database) -> list[str]:
    """The pages, with an event that there is."""
    with database.connect() as connection:
        row = connection.execute("SELECT max(event_id) FROM inbox").fetchone()
    assert row is not None  # noqa: S101 - an aggregate always returns its row.
    return [page.replace("EVENT", str(row[0])) for page in PAGES]


@contextmanager
def signed_in(database: Database) -> Iterator[FlaskClient]:
    """A browser at the web, in which an admin is signed in."""
    settings = database.settings
    app = create_app(settings)
    client = app.test_client()
    form = client.get("/console/sign-in", headers=_AGENT).text
    found = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert found is not None  # noqa: S101 - the form has its token.
    client.post(
        "/console/sign-in",
        data={"token": settings.api_token, "csrf_token": found[1]},
        headers=_AGENT,
    )
    yield client
    app.extensions["sync-services"].pool.close()


def _p95(client: FlaskClient, page: str, rounds: int) -> float:
    client.get(page, headers=_AGENT)
    taken = [_seconds(client, page) for _ in range(rounds)]
    return quantiles(taken, n=20)[-1]


def _seconds(client: FlaskClient, page: str) -> float:
    began = perf_counter()
    answer = client.get(page, headers=_AGENT)
    taken = perf_counter() - began
    assert answer.status_code < 400, f"{page}: {answer.status}"  # noqa: S101 - or nothing is measured.
    return taken
