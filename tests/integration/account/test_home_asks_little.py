"""Home asks TAPD little, waits for it not at all, and says what it did not get."""

from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from redis import Redis

from tests.integration.account.test_workbench import (
    asked,
    good,
    grant,
    serve_items,
    tokens,
)
from tests.support.people.linking_rows import Member, add_linked, add_signed_in
from tests.support.people.visiting import Visit, csrf_of, data_actions
from tests.support.receiving import wait_until
from tests.unit.wecom.scripted import says
from web.account.items import open_items
from web.services import services

REFUSED = {"status": 403, "data": "", "info": "no permission"}


@pytest.fixture
def member(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> Member:
    """A member who has granted that their items are read."""
    monkeypatch.setattr(open_items, "PAGE_SECONDS", 60.0)
    visit.web.rows.execute("DELETE FROM item_notices")
    member = add_signed_in(visit)
    add_linked(visit, member)
    grant(visit)
    return member


@pytest.fixture
def silence(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """TAPD answers once the event is set, and the page does not wait for that."""
    speaks = Event()
    monkeypatch.setattr(open_items, "PAGE_SECONDS", 0.01)
    yield speaks
    speaks.set()


def home(visit: Visit) -> str:
    page = visit.client.get("/enter")
    assert page.status_code == 200
    return str(page.text)


def test_what_was_told_a_moment_ago_is_not_asked_for_again(
    visit: Visit, member: Member
) -> None:
    serve_items(visit)

    first, second = home(visit), home(visit)

    assert "Sign &lt;b&gt;in&lt;/b&gt;" in first
    assert "Sign &lt;b&gt;in&lt;/b&gt;" in second
    assert len(asked(visit, "get_user_todo_")) == 3
    assert len(asked(visit, "user_participant_projects")) == 1


def test_what_is_kept_is_sealed_and_over_soon(visit: Visit, member: Member) -> None:
    serve_items(visit)
    home(visit)

    redis = redis_of(visit)
    kept = list(redis.scan_iter("open_*"))
    assert len(kept) == 2
    for name in kept:
        assert "Sign" not in str(redis.get(name))
        assert 0 < redis.ttl(name) <= 3_600


def test_after_a_minute_the_items_are_asked_for_and_the_projects_are_not(
    visit: Visit, member: Member
) -> None:
    serve_items(visit)
    home(visit)
    forget_kept(visit, "open_items:*")

    home(visit)

    assert len(asked(visit, "get_user_todo_")) == 6
    assert len(asked(visit, "user_participant_projects")) == 1


def test_signing_out_destroys_what_is_kept(visit: Visit, member: Member) -> None:
    serve_items(visit)
    home(visit)
    assert list(redis_of(visit).scan_iter("open_items:*")) != []

    form = csrf_of(visit.client.get("/me").text)
    visit.client.post("/me/sign-out", data={"csrf_token": form})

    assert list(redis_of(visit).scan_iter("open_items:*")) == []


def test_the_page_is_there_before_tapd_has_answered_and_says_so(
    visit: Visit, member: Member, silence: Event
) -> None:
    serve_items(visit, speaks=silence)

    page = home(visit)

    # TAPD has not answered anything yet.
    assert not silence.is_set()
    assert 'data-items="slow"' in page
    assert "TAPD 还没有应答" in page
    assert tokens(visit) != [None]


def test_a_page_that_is_reloaded_meanwhile_asks_nothing_more_and_shows_it_then(
    visit: Visit, member: Member, silence: Event
) -> None:
    serve_items(visit, speaks=silence)

    for _ in range(5):
        assert 'data-items="slow"' in home(visit)
    silence.set()
    assert wait_until(lambda: "Sign &lt;b&gt;in&lt;/b&gt;" in home(visit))

    assert len(asked(visit, "user_participant_projects")) == 1
    assert len(asked(visit, "get_user_todo_")) == 3


def test_members_beyond_so_many_readings_are_told_at_once(
    visit: Visit, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def acquire(self, *, blocking: bool) -> bool:
            return blocking

    monkeypatch.setattr(open_items, "_READINGS", Full())
    serve_items(visit)

    assert 'data-items="slow"' in home(visit)
    assert asked(visit, "user_participant_projects") == []


@pytest.mark.parametrize(
    "answer",
    [
        REFUSED,
        {"status": 500, "info": "overload"},
        {"status": 429, "info": "To many requests"},
        good("Hello world from TAPD API, hello again!"),
        good("nonsense"),
    ],
)
def test_what_tapd_refuses_is_said_and_not_asked_for_at_each_look(
    visit: Visit, member: Member, answer: Any
) -> None:
    serve_items(visit, todo=answer)

    page, again = home(visit), home(visit)

    if answer == good("nonsense"):
        assert "没有待办" in page
    else:
        assert 'data-items="failed"' in page
        assert 'data-items="failed"' in again
    assert len(asked(visit, "get_user_todo_")) <= 3
    assert "grant-items" not in data_actions(page)


def test_our_own_credentials_that_tapd_refuses_take_no_grant_from_a_member(
    visit: Visit, member: Member
) -> None:
    visit.platform.forget()
    visit.platform.will(*[says({"status": 401, "info": "401 Unauthorized"})] * 4)

    page = home(visit)

    assert 'data-items="failed"' in page
    assert tokens(visit) != [None]


def forget_kept(visit: Visit, pattern: str) -> None:
    """The time is over for which it was kept."""
    for name in redis_of(visit).scan_iter(pattern):
        redis_of(visit).delete(name)


def redis_of(visit: Visit) -> Redis:
    """What the web keeps it in."""
    with visit.web.app.app_context():
        return services().redis
