"""How long a request waits for Postgres: somebody who looks at a page is told soon."""

from flask import Flask, request

from store.database import wait_at_most
from web.http.problems import API_PREFIX

# With the wait for a connection before it, less than three seconds.
PAGE_SECONDS = 1.2
# What is done, and what programs ask for, may be long work.
_OTHER_SECONDS = 20.0


def limit(app: Flask) -> None:
    """Answer every request also when Postgres hangs."""
    app.before_request(_begin)
    app.teardown_request(_end)


def _begin() -> None:
    is_page = request.method in {"GET", "HEAD"} and not request.path.startswith(
        API_PREFIX
    )
    wait_at_most(PAGE_SECONDS if is_page else _OTHER_SECONDS)


def _end(_error: BaseException | None) -> None:
    wait_at_most(None)
