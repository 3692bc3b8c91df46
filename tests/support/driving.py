"""Every route of the web, called as it may be: addresses filled in, forms sent."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.support.people.visiting import WECOM

# What a stranger would try, and what leads out and back.
QUERIES: tuple[dict[str, str], ...] = (
    {},
    {"next": "/me?x=1", "code": "c", "state": "made-up", "whoever": "1"},
    {"intent": "made-up", "auth_code": "c", "to": "/x", "cursor": "made-up"},
)
FORM = {"edition": "standard", "token": "guess", "choice": "new", "form": "f"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call that was made, and what it answered."""

    method: str
    endpoint: str
    answer: TestResponse


def drive(
    app: Flask,
    client: FlaskClient,
    *,
    methods: Collection[str],
    names: dict[str, str],
    mark: str = "",
    but: Collection[str] = (),
) -> Iterator[Call]:
    """Call every route by these methods; `names` fill addresses, `mark` the forms."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) & set(methods)):
            if rule.endpoint in but:
                continue
            for query in QUERIES:
                answer = client.open(
                    address_of(rule, names),
                    method=method,
                    buffered=True,
                    query_string=query,
                    headers=WECOM,
                    data=None if method == "GET" else {**FORM, "csrf_token": mark},
                )
                yield Call(method=method, endpoint=rule.endpoint, answer=answer)


def address_of(rule: Rule, names: dict[str, str]) -> str:
    """The address of a rule with its places filled."""
    filled = rule.rule
    for place in rule.arguments:
        for form in (f"<{place}>", f"<int:{place}>", f"<path:{place}>"):
            filled = filled.replace(form, names.get(place, "1"))
    return filled
