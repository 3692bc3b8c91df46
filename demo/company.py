"""The demo's synthetic company: founded and installed, then awaited until in step."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from demo.session import Session

MEMBERS = 600
DEPARTMENTS = 40
IN_STEP_SECONDS = 180.0
_ANSWER_SECONDS = 30.0
_PAGE = 1000

Row = dict[str, Any]


class NotInStep(Exception):
    """The company did not arrive as it is; the message says what differs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """What the simulator founded."""

    corp_id: str
    name: str
    members: int
    departments: int
    installer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the simulator's switchboard and the product's API answer."""

    simulator: str
    api: str
    api_token: str = field(repr=False)

    def ask(self, path: str, **parameters: object) -> Row:
        """One answer of the JSON API; empty when it knows no such thing (yet)."""
        answer = requests.get(
            f"{self.api}/api/v1/{path}",
            params={name: str(value) for name, value in parameters.items()},
            headers={"Authorization": f"Bearer {self.api_token}"},
            timeout=_ANSWER_SECONDS,
        )
        if answer.status_code == requests.codes.not_found:
            return {}
        return _body(answer)

    def rows(self, path: str) -> Iterator[Row]:
        """Every row of a list, page after page."""
        cursor: Mapping[str, str] = {}
        while True:
            page = self.ask(path, limit=_PAGE, **cursor)
            yield from page.get("items", [])
            if not page.get("next"):
                return
            cursor = {"cursor": page["next"]}

    def tell(self, path: str, given: Row) -> Row:
        """Have the simulator do something."""
        answer = requests.post(
            f"{self.simulator}/control/{path}", json=given, timeout=_ANSWER_SECONDS
        )
        return _body(answer)

    def look(self, path: str) -> Row:
        """What only the simulator knows."""
        answer = requests.get(
            f"{self.simulator}/control/{path}", timeout=_ANSWER_SECONDS
        )
        return _body(answer)

    def write(self, method: str, path: str, given: object) -> Row:
        """Tell the product something by its JSON API."""
        answer = requests.request(
            method,
            f"{self.api}/api/v1/{path}",
            json=given,
            headers={"Authorization": f"Bearer {self.api_token}"},
            timeout=_ANSWER_SECONDS,
        )
        return _body(answer)

    def truth(self, corp_id: str) -> Row:
        """What a correct mirror shows, by the simulator's own account."""
        return self.look(f"corps/{corp_id}/truth")


def found_company(addresses: Addresses) -> Company:
    """A company in WeCom that the product has never seen.

    The simulator forgets at its end what a database named from outside remembers, so
    each start founds one that is new there.
    """
    seed = 1 + sum(1 for _ in addresses.rows("corps"))
    made = addresses.tell(
        "corps",
        {
            "seed": seed,
            "members": MEMBERS,
            "departments": DEPARTMENTS,
            # As an authorisation of long ago: everything there is can be seen at work.
            "tells_details": True,
        },
    )
    return Company(
        corp_id=made["corp_id"],
        name=made["name"],
        members=made["members"],
        departments=made["departments"],
        installer=made["installer"],
    )


def await_in_step(session: Session, addresses: Addresses, company: Company) -> None:
    """Return when the company is linked, read in full, and shown as it is.

    Raises: NotInStep, ParentGone.
    """
    heard = ["nothing yet"]

    def arrived() -> bool:
        corp = _calmly(lambda: addresses.ask(f"corps/{company.corp_id}"))
        runs = _calmly(lambda: addresses.ask("runs", corp_id=company.corp_id, limit=1))
        state = _describe(corp, runs.get("items", []))
        if state != heard[-1]:
            heard.append(state)
            session.progress.say(f"{company.name}: {state}")
        return corp.get("state") == "linked" and bool(corp.get("last_synced_at"))

    if not session.supervisor.wait_until(arrived, timeout_seconds=IN_STEP_SECONDS):
        raise NotInStep(
            f"{company.name} is not in step after {IN_STEP_SECONDS:g} s: {heard[-1]}"
        )
    if found := list_differences(addresses, company):
        raise NotInStep("\n".join(found))


def list_differences(addresses: Addresses, company: Company) -> list[str]:
    """What the product shows otherwise than the simulator knows it, for people."""
    truth = addresses.truth(company.corp_id)
    found = []
    for kind, key in (("departments", "department_id"), ("members", "userid")):
        shown = {
            row[key]: row for row in addresses.rows(f"corps/{company.corp_id}/{kind}")
        }
        wanted = {row[key]: row for row in truth[kind]}
        strangers = sorted(str(one) for one in shown.keys() - wanted.keys())
        found += [f"{kind}: {one} is shown but not there" for one in strangers]
        found += [
            f"{kind}: {one} is {shown.get(one)}, should be {row}"
            for one, row in wanted.items()
            if not row.items() <= shown.get(one, {}).items()
        ]
    return found


def _describe(corp: Row, runs: list[Row]) -> str:
    """How far it is, in a few words."""
    if not corp:
        return "the install is on its way"
    for run in runs:
        progress = run.get("progress") or {}
        of = progress.get("of") or "?"
        return (
            f"{corp['state']}, {run['state']}, {progress.get('read', 0)} of {of} read"
        )
    return str(corp["state"])


def _calmly(ask: Callable[[], Row]) -> Row:
    """The answer, or nothing while the web is being started again."""
    try:
        return ask()
    except requests.ConnectionError:
        return {}


def _body(answer: requests.Response) -> Row:
    answer.raise_for_status()
    body: Row = answer.json()
    return body
