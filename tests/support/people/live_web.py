"""The web over real HTTP, with a member's browser that signs in by WeCom."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urljoin

import requests
from werkzeug.serving import make_server

from tests.support.people.visiting import Visit, csrf_of, named, open_visit, query_of

MEMBER = named("wwcorp", "zhang")


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A web that listens, and one browser at it."""

    visit: Visit
    url: str
    browser: requests.Session = field(default_factory=requests.Session)

    def walk(self, address: str, said: str = "confirm") -> str:
        """Where an address of ours leads in the end, outside of us.

        WeCom's sign-in names the member; a page that asks is answered.
        """
        for _ in range(9):
            answer = self.browser.get(address, allow_redirects=False, timeout=10)
            if answer.status_code == 200:
                answer = self.answer(answer, said)
            address = urljoin(address, answer.headers["Location"])
            if "wecom.example" in address:
                address = self._named(address)
            if not address.startswith(self.url):
                return address
        raise AssertionError(f"led in a circle: {address}")

    def _named(self, address: str) -> str:
        self.visit.platform.will(MEMBER)
        return f"{self.url}/login/done?code=c&state={query_of(address)['state']}"

    def answer(self, page: requests.Response, said: str) -> requests.Response:
        """What a page that asks leads to."""
        found = re.search(
            r'<form class="choice" method="post" action="([^"]*)"', page.text
        )
        assert found is not None, page.text
        form = {"csrf_token": csrf_of(page.text), "answer": said}
        to = urljoin(page.url, unescape(found[1]))
        return self.browser.post(to, data=form, allow_redirects=False, timeout=10)


@contextmanager
def live_web(*, database: str, redis_url: str, **settings: str) -> Iterator[Live]:
    """A web that listens on loopback; its address is its PUBLIC_URL."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    given = {"PUBLIC_URL": url, **settings}
    with open_visit(database=database, redis_url=redis_url, **given) as visit:
        server = make_server("127.0.0.1", port, visit.web.app, threaded=True)
        serving = threading.Thread(
            target=server.serve_forever, args=(0.02,), daemon=True
        )
        serving.start()
        try:
            yield Live(visit=visit, url=url)
        finally:
            server.shutdown()
            serving.join()
            server.server_close()
