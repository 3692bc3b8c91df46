"""The simulated TAPD signs its people in here: a relying party of its own writing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import requests
from werkzeug.serving import make_server

from simulator.server import create_app
from simulator.world import World
from tests.support.people.live_web import Live, live_web
from tests.support.people.relying import Party, add_party, add_subject
from tests.support.webclient import web_settings
from tests.unit.simulator.staging import CONFIG
from workers.oidc import logouts
from workers.queue.broker import make_broker
from workers.runtime import build


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """The product's web, and TAPD beside it."""

    live: Live
    party: Party
    tapd: str

    def get(self, path: str) -> requests.Response:
        """A page of TAPD's in the member's browser."""
        return self.live.browser.get(
            f"{self.tapd}{path}", allow_redirects=False, timeout=10
        )

    def sign_in(self, to: str = "", said: str = "confirm") -> requests.Response:
        """TAPD's page at the end of a whole sign-in."""
        away = self.get(f"/tapd/wecom?{urlencode({'to': to})}")
        back = self.live.walk(away.headers["Location"], said)
        return self.get(path_of(back))


def path_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


@pytest.fixture
def both(database: str, redis_url: str) -> Iterator[Both]:
    """A linked member, and a TAPD that was told of the issuer."""
    world = World(CONFIG)
    with (
        live_web(database=database, redis_url=redis_url) as live,
        served(create_app(world)) as tapd,
    ):
        add_subject(live.visit)
        world.tapd.register(account_id="1001", nick="zhang.tapd")
        party = introduce(live, tapd)
        yield Both(live=live, party=party, tapd=tapd)


@contextmanager
def served(app: Any) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    serving.join()
    server.server_close()


def introduce(live: Live, tapd: str) -> Party:
    """An operator makes TAPD a client, and tells it what it has to know."""
    control = f"{tapd}/control/tapd/issuer"
    own = requests.get(control, timeout=10).json()
    party = add_party(
        live.visit,
        redirect=own["redirect_uri"],
        back_channel=own["back_channel_uri"],
    )
    told = {"issuer": live.url, "client_id": party.client_id}
    given = {**told, "client_secret": party.secret}
    requests.post(control, json=given, timeout=10)
    return party


def test_a_member_signs_in_to_tapd_with_wecom_and_lands_where_they_wanted(
    both: Both,
) -> None:
    offered = both.get("/tapd/login").text

    landed = both.sign_in("/tapd/20001/prong/stories/view/9")

    assert 'data-action="sign-in-wecom"' in offered
    assert landed.headers["Location"] == "/tapd/20001/prong/stories/view/9"
    assert "zhang.tapd" in both.get("/tapd/").text


def test_whoever_says_no_is_not_signed_in(both: Both) -> None:
    refused = both.sign_in(said="deny")

    assert refused.status_code == 400
    assert both.get("/tapd/").status_code == 302


def test_a_way_back_of_another_browser_or_issuer_is_not_believed(both: Both) -> None:
    away = both.get("/tapd/wecom")
    back = both.live.walk(away.headers["Location"])

    stranger = requests.get(back, allow_redirects=False, timeout=10)
    mixed = both.get(path_of(back).replace("iss=http", "iss=httpx"))

    assert (stranger.status_code, mixed.status_code) == (400, 400)


def test_tapd_ends_its_session_when_the_member_signs_out_here(
    both: Both, database: str, redis_url: str
) -> None:
    both.sign_in()
    inside = both.get("/tapd/").text
    page = both.live.browser.get(f"{both.live.url}/oidc/logout", timeout=10)
    both.live.answer(page, "confirm")
    runtime = build(
        web_settings(database=database, redis_url=redis_url, PUBLIC_URL=both.live.url),
        broker=make_broker(redis_url, receiver=False),
        pool_size=2,
    )

    logouts.tell(runtime, both.party.client_id)

    runtime.tallies.write()
    runtime.pool.close()
    assert "zhang.tapd" in inside
    assert both.get("/tapd/").status_code == 302


def test_tapd_believes_no_logout_token_that_is_none(both: Both) -> None:
    both.sign_in()
    told = f"{both.tapd}/tapd/wecom/logout"

    answer = requests.post(told, data={"logout_token": "a.b.c"}, timeout=10)

    assert answer.status_code == 400
    assert "zhang.tapd" in both.get("/tapd/").text
