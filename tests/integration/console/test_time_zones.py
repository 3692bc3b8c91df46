"""Times in the zone that somebody chose: on every page alike, and nowhere else."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.support.console.desk import Desk, open_desk
from tests.support.webclient import add_corp, add_event

AT = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    with open_desk(database=database, redis_url=redis_url) as desk:
        add_corp(desk.rows, "wwcorp", last_synced_at=AT)
        add_event(desk.rows, "corp:wwcorp", "failed", received_at=AT)
        yield desk


def titles(page: str) -> set[str]:
    """The whole forms of what the page's stamps say."""
    return set(re.findall(r'<time datetime="[^"]*" title="([^"]*)"', page))


def test_without_a_choice_it_is_the_houses_zone(desk: Desk) -> None:
    page = desk.page("/console/corps")

    assert "2026-03-02 07:30:00 UTC+08:00" in titles(page)
    assert 'data-zone="Asia/Shanghai"' in page


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("UTC", "2026-03-01 23:30:00 UTC+00:00"),
        ("America/New_York", "2026-03-01 18:30:00 UTC-05:00"),
    ],
)
def test_a_zone_holds_on_every_page_and_leads_back(
    desk: Desk, zone: str, told: str
) -> None:
    chosen = desk.get(f"/console/zone?name={zone}&next=/console/events?q=a")

    assert chosen.status_code == 303
    assert chosen.headers["Location"].endswith("/console/events?q=a")
    for path in ("/console/corps", "/console/corps/wwcorp", "/console/events"):
        page = desk.page(path)
        assert told in titles(page), path
        assert f'data-zone="{zone}"' in page
    # What is typed is meant as it is shown.
    hour = told[11:13]
    day = told[:10]
    found = desk.page(f"/console/events?q=since:{day}T{hour}:00 until:{day}T{hour}:59")
    assert "data-event=" in found


def test_programs_and_files_stay_in_utc(desk: Desk) -> None:
    desk.get("/console/zone?name=America/New_York")

    [event] = desk.web.get("/events")["items"]
    taken = desk.post("/console/export/events", format="csv", reason="why")

    assert event["received_at"].startswith("2026-03-01T23:30:00")
    assert "2026-03-01T23:30:00+00:00" in taken.text


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "x" * 65])
def test_what_is_no_zone_is_refused_and_changes_nothing(desk: Desk, name: str) -> None:
    answer = desk.get(f"/console/zone?name={name}")

    assert answer.status_code == 400
    assert "no such time zone" in answer.text
    assert 'data-zone="Asia/Shanghai"' in desk.page("/console/corps")


def test_a_choice_leads_to_no_other_site(desk: Desk) -> None:
    answer = desk.get("/console/zone?name=UTC&next=https://elsewhere.example/")

    assert answer.headers["Location"].endswith("/console/")


def test_a_cookie_that_somebody_made_up_is_no_zone(desk: Desk) -> None:
    desk.web.client.set_cookie("sync-zone", "/etc/passwd")

    assert 'data-zone="Asia/Shanghai"' in desk.page("/console/corps")
