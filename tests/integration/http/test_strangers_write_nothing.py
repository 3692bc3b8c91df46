"""Whoever is not signed in fills no table, whichever route they call how often."""

import json
from datetime import UTC, datetime, timedelta

from store.database import transaction
from store.installs import intents
from tests.support.contents import contents
from tests.support.driving import drive
from tests.support.people.visiting import Visit, csrf_of, named, query_of
from tests.support.webclient import add_corp, add_member
from web.services import Services

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
NAMES = {"corp_id": "wwcorp", "userid": "boss", "tag": "en", "filename": "console.css"}


def test_no_route_writes_a_row_for_a_stranger(visit: Visit) -> None:
    add_member(visit.web.rows, add_corp(visit.web.rows, "wwcorp"), "boss")
    client = visit.web.app.test_client()
    mark = csrf_of(client.get("/register").text)
    before = contents(visit.web.rows)

    calls = [
        call
        for browser in (client, visit.web.app.test_client())
        for call in drive(
            visit.web.app, browser, methods=METHODS, names=NAMES, mark=mark
        )
    ]

    assert {call.endpoint for call in calls} == {
        rule.endpoint for rule in visit.web.app.url_map.iter_rules()
    }
    assert contents(visit.web.rows) == before
    assert max(call.answer.status_code for call in calls) <= 503


def test_ways_out_and_back_with_made_up_codes_write_nothing(visit: Visit) -> None:
    before = contents(visit.web.rows)

    for _ in range(3):
        asked = visit.begin("/me")
        visit.come_back(asked["state"], {"errcode": 40029, "errmsg": "invalid code"})

    assert contents(visit.web.rows) == before


def test_a_sign_in_writes_the_state_that_was_used_and_a_session(visit: Visit) -> None:
    add_member(visit.web.rows, add_corp(visit.web.rows, "wwcorp"), "zhang")
    before = contents(visit.web.rows)

    visit.sign_in("wwcorp", "zhang")

    after = contents(visit.web.rows)
    changed = {table for table, content in after.items() if content != before[table]}
    assert changed == {"journeys", "member_sessions"}


def test_a_wish_for_a_new_company_is_a_row_only_once_it_is_confirmed(
    visit: Visit,
) -> None:
    before = contents(visit.web.rows)
    mark = csrf_of(visit.client.get("/register").text)

    chosen = visit.client.post(
        "/register", data={"edition": "standard", "csrf_token": mark}
    )
    opened = visit.client.get(chosen.headers["Location"])

    assert opened.status_code == 200
    assert contents(visit.web.rows) == before
    visit.platform.will(
        {"errcode": 0, "errmsg": "ok", "pre_auth_code": "p", "expires_in": 1200}
    )
    ticket = query_of(chosen)["intent"]
    away = visit.client.post("/install", data={"intent": ticket, "csrf_token": mark})
    assert away.headers["Location"].startswith("https://open.work.weixin.qq.com/")
    assert _wishes(visit) == 1


def test_wishes_that_lead_nowhere_push_each_other_out(visit: Visit) -> None:
    visit.web.rows.execute(
        "INSERT INTO install_intents"
        " (intent_id, edition, state, created_at, expires_at)"
        " SELECT n::text, 'standard', n::text, now() - interval '1 hour', now()"
        " FROM generate_series(1, %s) AS given (n)",
        [intents.MOST_WISHES],
    )
    wired: Services = visit.web.app.extensions["sync-services"]
    now = datetime.now(UTC)
    wish = intents.wish_for(
        "standard", intent_id="new", expires_at=now + timedelta(minutes=5), now=now
    )

    with transaction(wired.pool) as connection:
        intents.keep_wish(connection, wish)

    assert _wishes(visit) == intents.MOST_WISHES
    with transaction(wired.pool) as connection:
        assert intents.find(connection, "new") is not None


def test_what_the_browser_carries_is_sealed_small_and_few(visit: Visit) -> None:
    marker = "/link/marker-of-a-notice"
    for number in range(40):
        visit.begin(f"{marker}?n={number}&" + "x" * 300)

    jar = [(each.key, each.value) for each in (visit.client._cookies or {}).values()]

    ways = [value for name, value in jar if name.startswith("sync-way-")]
    assert 0 < len(ways) <= 6
    assert sum(map(len, ways)) <= 3_600
    assert "marker" not in json.dumps(jar)


def test_a_page_too_long_to_carry_leads_back_to_where_ways_end(visit: Visit) -> None:
    add_member(visit.web.rows, add_corp(visit.web.rows, "wwcorp"), "zhang")

    answer = visit.sign_in("wwcorp", "zhang", "/me?x=" + "x" * 1_900)

    assert answer.headers["Location"] == "/me"


def test_two_pages_that_lead_out_at_once_both_come_back(visit: Visit) -> None:
    add_member(visit.web.rows, add_corp(visit.web.rows, "wwcorp"), "zhang")
    ways = {path: visit.begin(path)["state"] for path in ("/me?a=1", "/me?b=2")}

    led = {
        path: visit.come_back(state, named("wwcorp", "zhang")).headers["Location"]
        for path, state in ways.items()
    }

    assert led == {path: path for path in ways}


def _wishes(visit: Visit) -> int:
    found = visit.web.rows.execute("SELECT count(*) FROM install_intents").fetchall()
    return int(found[0][0])
