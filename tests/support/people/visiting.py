"""A member's browser at the web, and a WeCom that says who it is."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.webclient import Web, insert, keyring, open_web
from tests.unit.wecom.scripted import Reply, ScriptedServer, scripted_server
from web.account.items.open_items import READER

WECOM = {"User-Agent": "Mozilla/5.0 (iPhone) wxwork/4.1.0 MicroMessenger/7.0.1"}
DESKTOP = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/140"}
SUITE, LOGIN_SUITE = "wwsuite", "wwlogin"
# What a member's pages fill, whoever refers to others first.
_FILLED = (
    "oidc_clients",
    "oidc_keys",
    "plan_entries",
    "plans",
    "link_claims",
    "links",
    "notices",
    "notice_batches",
    "inbox",
    "item_notices",
    "item_preferences",
    "item_changes",
    "items",
    "company_acts",
    "install_intents",
    "journeys",
    "pauses",
    "member_sessions",
    "operator_sessions",
    "members",
    "corps",
    "accounts",
    "companies",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """The web, and the server that plays WeCom and TAPD."""

    web: Web
    platform: ScriptedServer

    @property
    def client(self) -> FlaskClient:
        """The browser, with its cookies."""
        return self.web.client

    def begin(self, path: str, **headers: str) -> dict[str, str]:
        """What WeCom's page is told when this browser comes to a page of ours."""
        answer = self.client.get(path, headers=headers or WECOM)
        assert answer.status_code == 303, answer.text
        return query_of(answer)

    def come_back(self, state: str, reply: Reply | dict[str, Any]) -> TestResponse:
        """Return from WeCom's page, where WeCom then says this about the code."""
        self.platform.will(reply)
        return self.client.get(
            "/login/done", query_string={"code": "c", "state": state}
        )

    def sign_in(self, corp_id: str, userid: str, path: str = "/me") -> TestResponse:
        """The whole detour; where it leads in the end."""
        asked = self.begin(path)
        return self.come_back(asked["state"], named(corp_id, userid))


def named(corp_id: str, userid: str, **others: str) -> dict[str, Any]:
    """WeCom names a member."""
    return {"errcode": 0, "corpid": corp_id, "userid": userid, **others}


def query_of(way: TestResponse | str) -> dict[str, str]:
    """The query of an address, or of the one that an answer leads to."""
    address = way if isinstance(way, str) else way.headers["Location"]
    query = parse_qs(urlsplit(address).query)
    return {name: values[0] for name, values in query.items()}


def data_actions(page: str) -> dict[str, list[str]]:
    """The controls that carry a journey on, each with where it leads."""
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<(?:a|button)\b[^>]*data-action[^>]*>", page):
        fields = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        way = unescape(fields.get("href", ""))
        found.setdefault(fields["data-action"], []).append(way)
    return found


def csrf_of(page: str) -> str:
    """The token of the forms on a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None, page
    return found[1]


def let_time_pass(visit: Visit, state: str, *, seconds: float = 20 * 60 + 1) -> None:
    """The browser comes back with a state so much later."""
    name = "sync-way-" + hashlib.sha256(state.encode()).hexdigest()[:16]
    cookie = visit.client.get_cookie(name)
    assert cookie is not None
    sealed = base64.urlsafe_b64decode(cookie.value)
    fields = json.loads(keyring().open(sealed, place=name))
    fields[3] -= seconds
    aged = keyring().seal(json.dumps(fields).encode(), place=name)
    visit.client.set_cookie(name, base64.urlsafe_b64encode(aged).decode())


@contextmanager
def open_visit(*, database: str, redis_url: str, **settings: str) -> Iterator[Visit]:
    """The web with tokens at hand, so that the platform is asked for nothing else."""
    with scripted_server() as platform:
        addresses = {
            "WECOM_API_URL": platform.url,
            "WECOM_OAUTH_URL": "https://oauth.wecom.example",
            "WECOM_LOGIN_URL": "https://login.wecom.example",
            "TAPD_URL": "https://tapd.example",
            "TAPD_API_URL": f"{platform.url}/tapd-api",
            "TAPD_CLIENT_ID": "tapd-client",
            "TAPD_CLIENT_SECRET": "synthetic",
            **settings,
        }
        with open_web(database=database, redis_url=redis_url, **addresses) as web:
            for suite in (SUITE, LOGIN_SUITE):
                _give_token(web, f"suite:{suite}")
            yield Visit(web=web, platform=platform)


def wait_for_readers() -> None:
    """Let readings end that no page has waited for: they write into Redis."""
    for each in threading.enumerate():
        if each.name == READER:
            each.join(60)


def anew(visit: Visit) -> Visit:
    """The same web with nothing in it, and a browser without cookies."""
    for table in _FILLED:
        visit.web.rows.execute(f"DELETE FROM {table}".encode())  # noqa: S608 - constants of this module
    visit.platform.forget()
    client = visit.web.app.test_client()
    return replace(visit, web=replace(visit.web, client=client))


def _give_token(web: Web, owner: str) -> None:
    sealed = keyring().seal(f"token-of-{owner}".encode(), place=f"token:{owner}")
    lasts = datetime.now(UTC) + timedelta(hours=1)
    insert(web.rows, "tokens", owner=owner, token=sealed, expires_at=lasts)
