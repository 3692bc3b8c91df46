"""Doors that were tried too often: who is refused, who never is, and what they read."""

from dataclasses import replace
from typing import Any

import pytest
from limits.strategies import FixedWindowRateLimiter
from psycopg_pool import ConnectionPool

from store.database import transaction
from store.installs import intents, oauth_states
from tests.support.people.visiting import WECOM, Visit, csrf_of, let_time_pass, query_of
from tests.support.webclient import API_TOKEN, add_corp, add_member, open_web
from web import limits
from web.install import tickets
from web.limits import Door
from web.services import Services

OFFICE = "127.0.0.1"


@pytest.fixture(autouse=True)
def office(visit: Visit) -> None:
    """A corp with two people."""
    corp_pk = add_corp(visit.web.rows, "wwcorp")
    for userid in ("zhang", "li"):
        add_member(visit.web.rows, corp_pk, userid)


class Watching(FixedWindowRateLimiter):
    """The limiter, and how many connections were in use whenever it was asked."""

    def __init__(self, services: Services) -> None:
        super().__init__(services.limiter.storage)
        self.asked: list[tuple[str, int]] = []
        assert isinstance(services.pool, ConnectionPool)
        self._pool = services.pool

    def test(self, *args: Any, **kwargs: Any) -> bool:
        self._note("test")
        return super().test(*args, **kwargs)

    def hit(self, *args: Any, **kwargs: Any) -> bool:
        self._note("hit")
        return super().hit(*args, **kwargs)

    def _note(self, question: str) -> None:
        stats = self._pool.get_stats()
        in_use = stats["pool_size"] - stats["pool_available"]
        self.asked.append((question, in_use))


def use_up(visit: Visit, door: Door, who: str, *, but: int = 0) -> None:
    """All that the door allows, but so many."""
    services: Services = visit.web.app.extensions["sync-services"]
    services.limiter.hit(door.allowed, door.name, who, cost=door.allowed.amount - but)


def other_browser(visit: Visit) -> Visit:
    """The same web and another browser, in the same office."""
    client = visit.web.app.test_client()
    return replace(visit, web=replace(visit.web, client=client))


def member_key(visit: Visit, userid: str) -> str:
    """How a member is counted."""
    [row] = visit.web.rows.execute(
        "SELECT corp_pk || ':' || member_pk FROM members WHERE userid = %s", [userid]
    )
    return str(row[0])


def edition_form(visit: Visit) -> dict[str, str]:
    """What `/register` sends."""
    token = csrf_of(visit.client.get("/register").text)
    return {"edition": "standard", "csrf_token": token}


def wish(visit: Visit) -> tuple[str, dict[str, str]]:
    """An intent of this browser as its address bears it, and a form's fields."""
    form = edition_form(visit)
    chosen = visit.client.post("/register", data=form)
    visit.client.get(chosen.headers["Location"])
    return query_of(chosen)["intent"], form


def intent_id_of(visit: Visit, ticket: str) -> str:
    """The intent that an address bears."""
    with visit.web.app.app_context():
        read = tickets.read(ticket)
    assert read is not None
    return read.intent_id


def company_intent(visit: Visit) -> str:
    """An intent for a company that exists, as its address bears it."""
    services: Services = visit.web.app.extensions["sync-services"]
    with transaction(services.pool) as connection:
        intent_id = intents.make_for_company(
            connection, company_id="company-wwcorp-linked", admin_account_id="1"
        )
    with visit.web.app.app_context():
        return query_of(tickets.address_of(intent_id))["intent"]


def test_made_up_states_are_counted_and_then_refused(visit: Visit) -> None:
    door = limits.SIGN_IN
    services: Services = visit.web.app.extensions["sync-services"]
    services.limiter.hit(door.allowed, door.name, OFFICE, cost=door.allowed.amount - 1)

    statuses = [
        visit.client.get("/login/done?code=c&state=made-up").status_code
        for _ in range(2)
    ]

    assert statuses == [400, 429]


def test_who_made_up_states_keeps_nobody_of_their_address_out(visit: Visit) -> None:
    use_up(visit, limits.SIGN_IN, OFFICE)
    spent = {"errcode": 40029, "errmsg": "invalid code"}
    browser = other_browser(visit)

    again = browser.come_back(browser.begin("/me")["state"], spent)
    signed_in = browser.sign_in("wwcorp", "zhang")
    made_up = visit.client.get("/login/done?code=c&state=made-up")

    assert (again.status_code, signed_in.status_code) == (400, 303)
    assert signed_in.headers["Location"] == "/me"
    assert made_up.status_code == 429


def test_who_comes_back_late_or_twice_is_told_so_and_not_counted(visit: Visit) -> None:
    use_up(visit, limits.SIGN_IN, OFFICE)
    state = visit.begin("/me")["state"]
    let_time_pass(visit, state)

    late = visit.client.get(f"/login/done?code=c&state={state}")
    services: Services = visit.web.app.extensions["sync-services"]
    with transaction(services.pool) as connection:
        oauth_states.use(connection, state, purpose="sign_in", seconds=0)
    again = visit.client.get(f"/login/done?code=c&state={state}")

    assert (late.status_code, again.status_code) == (400, 400)


def test_an_office_that_signs_in_at_once_meets_no_limit(visit: Visit) -> None:
    for _ in range(2 * limits.NOTICE.allowed.amount):
        client = visit.web.app.test_client()
        assert client.get("/link/anything", headers=WECOM).status_code == 303
    for userid in ("zhang", "li"):
        answer = other_browser(visit).sign_in("wwcorp", userid)
        assert answer.status_code == 303

    services: Services = visit.web.app.extensions["sync-services"]

    assert services.redis.keys("LIMITS:*") == []


def test_a_member_who_makes_up_notices_is_refused_alone(visit: Visit) -> None:
    use_up(visit, limits.NOTICE, member_key(visit, "zhang"))
    found = {}

    for userid in ("zhang", "li"):
        browser = other_browser(visit)
        browser.sign_in("wwcorp", userid)
        found[userid] = browser.client.get("/link/made-up").status_code

    assert found == {"zhang": 429, "li": 404}


def test_no_connection_is_held_while_redis_is_asked(visit: Visit) -> None:
    visit.sign_in("wwcorp", "zhang")
    services: Services = visit.web.app.extensions["sync-services"]
    watching = Watching(services)
    visit.web.app.extensions["sync-services"] = replace(services, limiter=watching)

    status = visit.client.get("/link/made-up").status_code

    assert status == 404
    assert watching.asked == [("test", 0), ("hit", 0)]


@pytest.mark.parametrize(
    ("language", "words"), [("zh-CN", "请等 10 分钟再试"), ("en", "Wait 10 minutes")]
)
def test_the_page_says_when_to_try_again(
    visit: Visit, language: str, words: str
) -> None:
    use_up(visit, limits.SIGN_IN, OFFICE)

    answer = visit.client.get("/login/done", headers={"Accept-Language": language})

    assert answer.status_code == 429
    assert words in answer.text
    assert 0 < int(answer.headers["Retry-After"]) <= 600


def test_addresses_of_installs_that_were_made_up_count_together(visit: Visit) -> None:
    made_up = ("/install?intent=made-up", "/install/done?state=made-up")
    statuses = [visit.client.get(path).status_code for path in made_up]
    services: Services = visit.web.app.extensions["sync-services"]
    left = services.limiter.get_window_stats(
        limits.INTENT.allowed, limits.INTENT.name, OFFICE
    )
    use_up(visit, limits.INTENT, OFFICE)

    refused = [visit.client.get(path).status_code for path in made_up]

    assert (statuses, refused) == ([404, 400], [429, 429])
    assert left.remaining == limits.INTENT.allowed.amount - 2


def test_a_new_company_is_counted_try_by_try_whatever_the_wish(visit: Visit) -> None:
    use_up(visit, limits.REGISTER, OFFICE, but=2)

    statuses = []
    for _ in range(4):
        intent, form = wish(visit)
        confirmed = visit.client.post("/install", data={**form, "intent": intent})
        statuses.append(confirmed.status_code)

    # WeCom gives no code here, and is not asked for the last two.
    assert statuses == [503, 503, 429, 429]


def test_confirming_a_company_that_exists_is_counted_by_the_intent_alone(
    visit: Visit,
) -> None:
    form = edition_form(visit)
    intent, other = company_intent(visit), company_intent(visit)
    use_up(visit, limits.REGISTER, OFFICE)
    use_up(visit, limits.CONFIRM, intent_id_of(visit, intent))

    statuses = [
        visit.client.post("/install", data={**form, "intent": each}).status_code
        for each in (intent, other)
    ]

    # WeCom is not asked for the first; for the second it gives no code here.
    assert statuses == [429, 503]


def test_who_made_up_addresses_of_installs_stops_no_install(visit: Visit) -> None:
    intent, form = wish(visit)
    use_up(visit, limits.INTENT, OFFICE)
    visit.platform.will(
        {"errcode": 0, "errmsg": "ok", "pre_auth_code": "p", "expires_in": 1200}
    )
    away = visit.client.post("/install", data={**form, "intent": intent})
    state = [query_of(away)["state"]]

    opened = visit.client.get(f"/install?intent={intent}")
    register = visit.client.get("/register")
    back = visit.client.get(f"/install/done?state={state[0]}&auth_code=code")

    assert (opened.status_code, register.status_code) == (200, 200)
    assert back.status_code == 303
    tied = visit.web.rows.execute(
        "SELECT FROM install_intents WHERE state = %s AND code_hash IS NOT NULL", state
    )
    assert tied.rowcount == 1


def test_the_right_token_is_not_counted_at_the_console(visit: Visit) -> None:
    statuses = set()

    for _ in range(limits.TOKEN.allowed.amount + 1):
        browser = other_browser(visit).client
        token = csrf_of(browser.get("/console/sign-in").text)
        form = {"token": API_TOKEN, "csrf_token": token}
        statuses.add(browser.post("/console/sign-in", data=form).status_code)

    assert statuses == {303}


def test_without_redis_nobody_is_kept_out(module_database: str) -> None:
    with open_web(database=module_database, redis_url="redis://127.0.0.1:9/0") as web:
        token = csrf_of(web.client.get("/register").text)

        chosen = web.client.post(
            "/register", data={"edition": "standard", "csrf_token": token}
        )
        strange = web.client.get("/login/done?code=c&state=made-up")

    assert (chosen.status_code, strange.status_code) == (303, 400)


@pytest.mark.parametrize(
    ("proxies", "sent", "counted"),
    [
        ("0", "203.0.113.7", OFFICE),
        ("1", "203.0.113.7", "203.0.113.7"),
        ("1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("2", "198.51.100.1, 203.0.113.7", "198.51.100.1"),
        ("1", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("1", "::ffff:203.0.113.7", "203.0.113.7"),
        ("1", "203.0.113.7:49152", "203.0.113.7"),
        ("1", "[2001:db8:1:2:3::4]:49152", "2001:db8:1:2::/64"),
        ("1", "[2001:db8:1:2:3::4]", "2001:db8:1:2::/64"),
        ("1", "2001:db8:1:2:3::4%eth0", "2001:db8:1:2::/64"),
        ("1", "[::ffff:203.0.113.7]:1", "203.0.113.7"),
        ("1", "203.0.113.7:x", "unknown"),
        ("1", "somebody", "unknown"),
        ("1", "203.0.113.7, ", "unknown"),
        ("2", '203.0.113.7, "x, 198.51.100.1', "unknown"),
        ("1", '"203.0.113.9, 203.0.113.7', "203.0.113.7"),
    ],
)
def test_as_many_proxies_are_believed_as_are_trusted(
    module_database: str, redis_url: str, proxies: str, sent: str, counted: str
) -> None:
    with open_web(
        database=module_database, redis_url=redis_url, TRUSTED_PROXIES=proxies
    ) as web:
        web.client.get("/install?intent=x", headers={"X-Forwarded-For": sent})
        services: Services = web.app.extensions["sync-services"]

        left = services.limiter.get_window_stats(
            limits.INTENT.allowed, limits.INTENT.name, counted
        )

    assert left.remaining == limits.INTENT.allowed.amount - 1
