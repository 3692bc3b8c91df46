"""A web that a real browser can reach, and an operator who signs in to it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import BrowserContext, Page
from werkzeug.serving import make_server

from tests.support.webclient import API_TOKEN, Web, cookies_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A web that a browser can reach."""

    web: Web
    address: str

    def sign_in(self, page: Page, path: str = "/console/") -> None:
        """Come to a page by its sign-in, as a person does."""
        page.goto(self.address + path)
        page.locator("input[name=token]").fill(API_TOKEN)
        page.locator("[data-action=continue]").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)

    def lend(self, context: BrowserContext) -> None:
        """Give a browser whatever the test's own client is signed in by."""
        for name, value in cookies_of(self.web.client).items():
            context.add_cookies([{"name": name, "value": value, "url": self.address}])


@contextmanager
def serve(web: Web) -> Iterator[Site]:
    """The web on a port of loopback, until the test is over."""
    server = make_server("127.0.0.1", 0, web.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield Site(web=web, address=f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
