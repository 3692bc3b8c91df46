"""An operator's browser at the console, and what a page says by its marks."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html import unescape
from typing import Any

from werkzeug.test import TestResponse

from domain.roles import Role
from store.database import transaction
from store.platform import operators
from tests.support.webclient import API_TOKEN, Web, open_web


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A signed-in operator; pages are asked for in English unless said otherwise."""

    web: Web

    @property
    def rows(self) -> Any:
        """A connection for rows."""
        return self.web.rows

    def get(self, path: str, *, language: str = "en", **headers: str) -> TestResponse:
        """Whatever a GET answers."""
        return self.web.client.get(
            path, headers={"Accept-Language": language, **headers}
        )

    def page(self, path: str, *, language: str = "en") -> str:
        """A page that must be there."""
        answer = self.get(path, language=language)
        assert answer.status_code == 200, f"{answer.status} {answer.text[:2000]}"
        return answer.text

    def post(self, path: str, **fields: str) -> TestResponse:
        """A form of ours, with its token."""
        token = csrf_in(self.page("/console/"))
        return self.web.client.post(
            path,
            data={"csrf_token": token, **fields},
            headers={"Accept-Language": "en"},
        )


def csrf_in(page: str) -> str:
    """The token of a page's forms."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None, page
    return found[1]


@contextmanager
def open_desk(*, database: str, redis_url: str, **settings: str) -> Iterator[Desk]:
    """The web, with an operator signed in by API_TOKEN."""
    with open_web(database=database, redis_url=redis_url, **settings) as web:
        form = web.client.get("/console/sign-in").text
        web.client.post(
            "/console/sign-in",
            data={"token": API_TOKEN, "csrf_token": csrf_in(form)},
        )
        yield Desk(web=web)


def marks_in(page: str, name: str) -> list[str]:
    """The values of a data attribute, in the order of the page."""
    return [unescape(each) for each in re.findall(rf'data-{name}="([^"]*)"', page)]


def figures_in(page: str) -> dict[str, str]:
    """The numbers of a page by name."""
    return dict(re.findall(r'data-figure="([^"]+)" data-value="([^"]*)"', page))


def words_in(page: str) -> str:
    """What a reader sees of the page's main part: tags gone, blanks as one."""
    main = page.partition('<main id="main"')[2] or page
    shown = re.sub(r"<[^>]+>", " ", main)
    return " ".join(unescape(shown).split())


def as_role(web: Web, role: Role, *, name: str) -> Desk:
    """A browser of its own in which somebody of this role is signed in."""
    token = secrets.token_urlsafe(32)
    with transaction(web.app.extensions["sync-services"].pool) as connection:
        operators.create(connection, name, token=token, role=role)
    desk = Desk(web=replace(web, client=web.app.test_client()))
    form = desk.get("/console/sign-in").text
    desk.web.client.post(
        "/console/sign-in", data={"token": token, "csrf_token": csrf_in(form)}
    )
    return desk
