"""A company in the simulator, and what the product shows of it."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tests.e2e.product import PATIENCE_SECONDS, Finding, Product, Row

# Without them WeCom shows an app neither leaders nor the tree above its scope.
PERMISSIONS = ("corp_arch:base:base", "corp_arch:member:direct_leader")
MEMBERS = 24
DEPARTMENTS = 8
ROOT = 1
# They bring an auth code and no corpid, so their mail is not the company's.
CODES = {"create_auth", "reset_permanent_code"}
# Decisions about TAPD accounts; these journeys are about the org that WeCom shows.
LINKING = {"LinkAccount", "CreateAccount", "AskMember", "FlagConflict", "Unlink"}

_seeds = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """One company, acted on by its WeCom admin and looked at through /api/v1."""

    product: Product
    corp_id: str

    def act(self, action: str, **given: Any) -> Row:
        """Do something as the admin."""
        path = f"corps/{self.corp_id}/actions/{action}"
        return self.product.control("POST", path, given)

    def install(self, **given: Any) -> None:
        """Install from the market; without a word on scope for the whole company."""
        self.act("install", **{"way": "market", "permissions": PERMISSIONS, **given})

    def fault(self, kind: str, **given: Any) -> None:
        """Have the simulator misbehave towards this company."""
        rule = {"kind": kind, "corp_id": self.corp_id, **given}
        self.product.control("POST", "faults", rule)

    def behave(self) -> None:
        """End the misbehaviour."""
        for rule in self.product.control("GET", "faults")["items"]:
            if rule["corp_id"] == self.corp_id:
                self.product.control("DELETE", f"faults/{rule['fault_id']}")

    def directory(self) -> Row:
        """What the admin sees."""
        return self.product.control("GET", f"corps/{self.corp_id}/directory")

    def people(self) -> list[Row]:
        """Active people who lead nobody, so that what befalls them hurts no other."""
        rows = self.directory()["members"]
        return [row for row in rows if row["status"] == 1 and not row["leads"]]

    def departments(self) -> list[int]:
        """Departments below the root, in the order in which they were founded."""
        rows = self.directory()["departments"]
        return [row["department_id"] for row in rows if row["department_id"] != ROOT]

    def children(self, department_id: int) -> list[int]:
        """The departments right below one."""
        rows = self.directory()["departments"]
        return [
            row["department_id"] for row in rows if row["parent_id"] == department_id
        ]

    def tags(self) -> list[Row]:
        """The company's tags."""
        tags: list[Row] = self.directory()["tags"]
        return tags

    def summary(self) -> Row:
        """What the simulator says of scope, permissions and app."""
        return self.product.control("GET", f"corps/{self.corp_id}")

    def pushes(self) -> list[Row]:
        """Everything WeCom had to tell about the company."""
        path = f"pushes?corp_id={self.corp_id}&limit=100000"
        pushes: list[Row] = self.product.control("GET", path)["items"]
        return pushes

    def acknowledged(self) -> int:
        """How often a callback that names the company was answered with success."""
        named = [each for each in self.pushes() if each["name"] not in CODES]
        return sum(one["success"] for each in named for one in each["attempts"])

    def read(self, path: str = "", **parameters: Any) -> Row:
        """A resource of this company in the API."""
        return self.product.read(f"corps/{self.corp_id}{path}", **parameters)

    def links(self) -> dict[str, Row]:
        """Everybody's link by userid."""
        rows = self.product.rows(f"corps/{self.corp_id}/members")
        return {row["userid"]: row["link"] for row in rows}

    def link(self, userid: str) -> Row:
        """One member's link."""
        return self.links()[userid]

    def runs(self) -> list[Row]:
        """Its full reads, newest first."""
        return list(self.product.rows("runs", corp_id=self.corp_id))

    def decisions(self) -> list[str]:
        """What was decided about the org, oldest first."""
        lines = self.product.rows(f"corps/{self.corp_id}/journal")
        names = [line["decision"] for line in lines]
        return [name for name in names if name not in LINKING]

    def resync(self) -> Row:
        """A full read on request, ended."""
        answer = self.product.ask("POST", f"corps/{self.corp_id}/resync")
        assert answer.status_code == 202, answer.text
        path = f"runs/{answer.json()['run_id']}"
        open_states = {"queued", "running"}
        self.product.eventually(
            lambda: (run := self.product.read(path))["state"] in open_states and run
        )
        return self.product.read(path)

    def differences(self) -> list[Finding]:
        """What the product shows otherwise than the simulator knows it."""
        truth = self.product.control("GET", f"corps/{self.corp_id}/truth")
        return [
            *self._differences("departments", truth["departments"], "department_id"),
            *self._differences("members", truth["members"], "userid"),
        ]

    def unequal(self) -> list[Finding]:
        """Differences, unless more is on its way."""
        return self._unread() or self.differences()

    def unsettled(self) -> list[Finding]:
        """What keeps us from saying that the product is in step and at rest."""
        return self.restless() or self.differences()

    def restless(self) -> list[Finding]:
        """What is still to be done for the company."""
        pending = self.read()["pending_events"]
        return [f"{pending} events pending"] if pending else self._unread()

    def _unread(self) -> list[Finding]:
        """The first of what is on its way; asked again and again by whoever waits."""
        corp = self.read()
        if corp["state"] != "linked" or corp["last_synced_at"] is None:
            return [f"corp {corp}"]
        if not self.product.control("GET", "pushes/idle?timeout_seconds=0")["idle"]:
            return ["pushes are on their way"]
        return [f"run {each}" for each in self.runs() if each["ended_at"] is None]

    def await_in_step(self, *, seconds: float = PATIENCE_SECONDS) -> None:
        """Return when the product shows the company as it is, and is at rest."""
        self.product.eventually(self.unsettled, seconds=seconds)

    def await_equal(self, *, seconds: float = PATIENCE_SECONDS) -> None:
        """Return when the product shows the company as it is.

        Mail that an answer contradicted may be asked about for another half a minute.
        """
        self.product.eventually(self.unequal, seconds=seconds)

    def await_rest(self, *, seconds: float = PATIENCE_SECONDS) -> None:
        """Return when everything that was told has been followed, right or wrong."""
        self.product.eventually(self.restless, seconds=seconds)

    def await_scope(self) -> None:
        """Return when the product shows the scope that the admin has set."""
        self.product.eventually(self._scope_difference)

    def _scope_difference(self) -> Finding:
        told, corp = self.summary(), self.read()
        names = {"departments": "party", "members": "user", "tags": "tag"}
        true = {ours: told["scope"][f"allow_{name}"] for ours, name in names.items()}
        shown = {name: sorted(map(str, each)) for name, each in corp["scope"].items()}
        wanted = {name: sorted(map(str, each)) for name, each in true.items()}
        if told["auth_mode"] == 1:
            # WeCom names nobody then: who is in is asked page by page.
            wanted = {name: [] for name in wanted}
        is_shown, is_true = (corp["auth_mode"], shown), (told["auth_mode"], wanted)
        return is_shown != is_true and f"scope {is_shown}, should be {is_true}"

    def _differences(self, kind: str, truth: list[Row], key: str) -> list[Finding]:
        rows = list(self.product.rows(f"corps/{self.corp_id}/{kind}"))
        wanted = {row[key]: row for row in truth}
        shown = {row[key]: row for row in rows}
        found: list[Finding] = [
            f"{kind}: {each} is shown but not there"
            for each in shown.keys() - wanted.keys()
        ]
        for each, row in wanted.items():
            seen = shown.get(each, {})
            fields = {name: seen.get(name) for name in row}
            if fields != row:
                found.append(f"{kind}: {each} is {fields}, should be {row}")
        if [row[key] for row in rows] != list(wanted) and not found:
            found.append(f"{kind} are in another order")
        return found


def found(product: Product, **given: Any) -> Office:
    """A company in WeCom that the product has never heard of."""
    size = {"members": MEMBERS, "departments": DEPARTMENTS, "seed": next(_seeds)}
    made = product.control("POST", "corps", {**size, **given})
    return Office(product=product, corp_id=made["corp_id"])


# What the fixtures of that name do.
Install = Callable[..., Office]
InstallAll = Callable[[Iterable[str]], dict[str, Office]]
