"""A session is a random id that is known here: it ends everywhere, and by itself."""

import base64
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from store.database import transaction
from store.platform import operators
from store.sessions import member_sessions, operator_sessions
from store.sessions.ids import IDLE_HOURS, LONGEST_HOURS, MOST_OF_ONE, hash_of
from tests.support.people.visiting import (
    WECOM,
    Visit,
    csrf_of,
    named,
    open_visit,
    query_of,
)
from tests.support.webclient import (
    API_TOKEN,
    SECRET_KEY,
    add_corp,
    add_member,
    cookies_of,
    web_settings,
)
from web.app import create_app
from web.http.cookies import Cookie
from web.services import Services

TOKEN = "x" * 43
OLD_KEY = base64.b64encode(SECRET_KEY).decode()
NEW_KEY = base64.b64encode(bytes(32)).decode()
WAYS_OUT = {"sync-operator": "/console/sign-out", "sync-member": "/me/sign-out"}
PAGES = {"sync-operator": "/console/", "sync-member": "/me"}
TABLES = {"sync-operator": "operator_sessions", "sync-member": "member_sessions"}


@pytest.fixture(autouse=True)
def both(visit: Visit) -> None:
    """A member and an operator who are signed in in one browser."""
    visit.web.rows.execute("DELETE FROM operators")
    add_member(visit.web.rows, add_corp(visit.web.rows, "wwcorp"), "zhang")
    visit.sign_in("wwcorp", "zhang")
    as_operator(visit.client, API_TOKEN)


def as_operator(client: FlaskClient, token: str) -> int:
    """Give a token to the console; the status of its answer."""
    mark = csrf_of(client.get("/console/sign-in?next=/console/").text)
    form = {"token": token, "csrf_token": mark}
    return client.post("/console/sign-in", data=form).status_code


def is_in(client: FlaskClient, cookie: str) -> bool:
    """Whether the page behind a session opens."""
    return client.get(PAGES[cookie], headers=WECOM).status_code == 200


def copied(visit: Visit) -> FlaskClient:
    """Another browser with all that this one keeps."""
    thief = visit.web.app.test_client()
    for name, value in cookies_of(visit.client).items():
        thief.set_cookie(name, value)
    return thief


def age(visit: Visit, column: str, hours: float) -> None:
    """Let time pass for every session."""
    for table in TABLES.values():
        earlier = f"UPDATE {table} SET {column} = {column} - make_interval(mins => %s)"  # noqa: S608 - constants of this module
        visit.web.rows.execute(earlier.encode(), [int(hours * 60)])


@pytest.mark.parametrize("cookie", WAYS_OUT)
def test_signing_out_ends_the_session_wherever_it_was_copied_to(
    visit: Visit, cookie: str
) -> None:
    thief = copied(visit)
    assert is_in(thief, cookie)
    mark = csrf_of(visit.client.get("/me").text)

    visit.client.post(WAYS_OUT[cookie], data={"csrf_token": mark})

    [other] = WAYS_OUT.keys() - {cookie}
    assert not is_in(thief, cookie)
    assert is_in(thief, other)
    assert visit.client.get_cookie(cookie) is None


@pytest.mark.parametrize("cookie", WAYS_OUT)
def test_neither_session_opens_the_pages_of_the_other(
    visit: Visit, cookie: str
) -> None:
    kept = cookies_of(visit.client)
    [other] = WAYS_OUT.keys() - {cookie}
    swapped = visit.web.app.test_client()
    swapped.set_cookie(other, kept[cookie])

    assert not is_in(swapped, other)


@pytest.mark.parametrize("cookie", WAYS_OUT)
def test_a_new_process_knows_who_is_signed_in(
    visit: Visit, module_database: str, redis_url: str, cookie: str
) -> None:
    app = create_app(web_settings(database=module_database, redis_url=redis_url))
    client = app.test_client()
    for name, value in cookies_of(visit.client).items():
        client.set_cookie(name, value)

    status = client.get(PAGES[cookie]).status_code

    app.extensions["sync-services"].pool.close()
    app.extensions["sync-services"].redis.close()
    assert status == 200


@pytest.mark.parametrize(
    ("column", "hours"), [("began_at", LONGEST_HOURS), ("seen_at", IDLE_HOURS)]
)
@pytest.mark.parametrize("cookie", WAYS_OUT)
def test_a_session_ends_by_itself(
    visit: Visit, cookie: str, column: str, hours: int
) -> None:
    age(visit, column, hours - 0.2)
    assert is_in(visit.client, cookie)

    age(visit, column, 0.2 if column == "began_at" else hours)

    assert not is_in(visit.client, cookie)


@pytest.mark.parametrize("cookie", WAYS_OUT)
def test_whoever_uses_a_session_is_not_idle(visit: Visit, cookie: str) -> None:
    for _ in range(2):
        age(visit, "seen_at", IDLE_HOURS - 0.2)
        assert is_in(visit.client, cookie)


def test_a_page_writes_no_session_within_the_same_minute(visit: Visit) -> None:
    def written() -> list[tuple[object, ...]]:
        return [
            row
            for table in TABLES.values()
            for row in visit.web.rows.execute(
                f"SELECT xmin::text, seen_at FROM {table}".encode()  # noqa: S608 - constants of this module
            ).fetchall()
        ]

    before = written()

    assert is_in(visit.client, "sync-member")
    assert is_in(visit.client, "sync-operator")

    assert written() == before


def test_signing_in_again_ends_the_session_before(visit: Visit) -> None:
    thief = copied(visit)

    visit.sign_in("wwcorp", "zhang", "/login")
    as_operator(visit.web.app.test_client(), API_TOKEN)
    visit.client.get("/console/")
    mark = csrf_of(visit.client.get("/me").text)
    visit.client.post("/console/sign-out", data={"csrf_token": mark})
    as_operator(visit.client, API_TOKEN)

    assert not is_in(thief, "sync-member")
    assert not is_in(thief, "sync-operator")
    assert is_in(visit.client, "sync-member")
    assert is_in(visit.client, "sync-operator")


def test_nobody_keeps_more_sessions_than_a_person_has_browsers(visit: Visit) -> None:
    wired: Services = visit.web.app.extensions["sync-services"]
    token_hash = operators.hash_of(TOKEN)
    with transaction(wired.pool) as connection:
        operators.create(connection, "li", token=TOKEN)
        [[corp_pk, member_pk]] = connection.execute(
            "SELECT corp_pk, member_pk FROM members"
        ).fetchall()
        for _ in range(MOST_OF_ONE + 5):
            newest = operator_sessions.open_named(connection, token_hash)
            member_sessions.open_for(connection, corp_pk, member_pk)

    counts = visit.web.rows.execute(
        "SELECT (SELECT count(*) FROM operator_sessions WHERE operator_name = 'li'),"
        " (SELECT count(*) FROM member_sessions)"
    ).fetchall()

    assert counts == [(MOST_OF_ONE, MOST_OF_ONE)]
    with transaction(wired.pool) as connection:
        assert newest is not None
        assert operator_sessions.find(connection, newest, marks=()) is not None


def test_the_cookies_hold_nothing_but_what_we_can_look_up(visit: Visit) -> None:
    kept = cookies_of(visit.client)

    hashes = {
        bytes(row[0])
        for table in TABLES.values()
        for row in visit.web.rows.execute(
            f"SELECT session_hash FROM {table}".encode()  # noqa: S608 - constants of this module
        ).fetchall()
    }

    assert hashes == {hash_of(kept["sync-operator"]), hash_of(kept["sync-member"])}
    assert all(len(kept[name]) == 43 for name in TABLES)


def test_a_copy_of_the_database_lets_nobody_check_the_token(visit: Visit) -> None:
    [[mark]] = visit.web.rows.execute("SELECT token_mark FROM operator_sessions")

    wired: Services = visit.web.app.extensions["sync-services"]

    assert bytes(mark) in wired.operator_marks
    assert bytes(mark) != operators.hash_of(API_TOKEN)


@pytest.mark.parametrize(
    ("setting", "value", "stays"),
    [
        ("API_TOKEN", "another-synthetic-token-of-32-characters", False),
        ("SECRET_KEYS", f"{NEW_KEY},{OLD_KEY}", True),
        ("SECRET_KEYS", NEW_KEY, False),
    ],
)
def test_an_operator_stays_in_while_the_token_is_the_same_under_a_known_key(
    visit: Visit, module_database: str, redis_url: str, setting: str, value: str,
    stays: bool,
) -> None:  # fmt: skip
    settings = web_settings(
        database=module_database, redis_url=redis_url, **{setting: value}
    )
    app = create_app(settings)
    client = app.test_client()
    for name, kept in cookies_of(visit.client).items():
        client.set_cookie(name, kept)

    found = is_in(client, "sync-operator"), is_in(client, "sync-member")

    app.extensions["sync-services"].pool.close()
    app.extensions["sync-services"].redis.close()
    assert found == (stays, True)


def test_over_https_every_cookie_is_this_hosts_alone(
    database: str, redis_url: str
) -> None:
    secure = {"PUBLIC_URL": "https://sync.example"}
    with open_visit(database=database, redis_url=redis_url, **secure) as visit:
        add_member(visit.web.rows, add_corp(visit.web.rows, "wwcorp"), "zhang")
        answers = [*_walk(visit)]

    cookies = [each for one in answers for each in one.headers.getlist("Set-Cookie")]
    assert len({each.partition("=")[0] for each in cookies}) == len(Cookie)
    for cookie in cookies:
        assert cookie.startswith("__Host-sync-")
        parts = set(cookie.split("; "))
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= parts
        assert not any(part.startswith("Domain") for part in parts)
    for answer in answers:
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_over_http_nothing_asks_for_https(visit: Visit) -> None:
    answer = visit.client.get("/console/sign-in")

    assert "Strict-Transport-Security" not in answer.headers


def _walk(visit: Visit) -> Iterator[TestResponse]:
    """Everything that sets a cookie, in a browser that comes by https."""
    base = "https://sync.example"
    client = visit.client
    away = client.get("/me", headers=WECOM, base_url=base)
    yield away
    visit.platform.will(named("wwcorp", "zhang"))
    back = {"code": "c", "state": query_of(away)["state"]}
    yield client.get("/login/done", query_string=back, base_url=base)
    form = client.get("/console/sign-in", base_url=base)
    yield form
    given = {"token": API_TOKEN, "csrf_token": csrf_of(form.text)}
    # A form that came by https has to say from where.
    yield client.post(
        "/console/sign-in", data=given, base_url=base, headers={"Referer": base}
    )
    yield client.get("/language/en", base_url=base)
    yield client.get("/console/theme/dark", base_url=base)
    yield client.get("/console/zone?name=UTC", base_url=base)
