"""Enterprises for the benchmarks: any size, the same at every run, cheap to ask."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

AGENT_ID = 1000007
CHILDREN = 10
PERMISSIONS = ("contact:base:base", "contact:sensitive:position")

Row = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Behaviour:
    """How WeCom treats one corp: throttled, silent, or just slow."""

    throttled: bool = False
    silent: bool = False


@dataclass(kw_only=True)
class Enterprise:
    """A corp whose departments form a tree of ten children each."""

    corp_id: str
    members: int
    departments: int
    behaviour: Behaviour = field(default_factory=Behaviour)
    # Members who were moved: an event about them finds something new each time.
    moves: dict[int, int] = field(default_factory=dict)

    @cached_property
    def simplelist(self) -> bytes:
        """The answer that names every department."""
        rows = [
            {"id": each, "parentid": parent_of(each), "order": each}
            for each in range(1, self.departments + 1)
        ]
        return _answer({"department_id": rows})

    @cached_property
    def lists(self) -> Mapping[int, bytes]:
        """The answers of user/list, written once: people who never move."""
        return {
            each: _answer({"userlist": [self._row(who, each) for who in people]})
            for each, people in self._people()
        }

    def user_list(self, department_id: int) -> bytes:
        """Everybody directly in a department."""
        if not self.moves:
            return self.lists[department_id]
        found = [who for who in range(self.members) if self.home(who) == department_id]
        return _answer({"userlist": [self._row(who, department_id) for who in found]})

    def user_list_with_children(self, department_id: int) -> bytes:
        """Everybody in a department or below it: what fetch_child=1 answers."""
        parts = [
            self._written[each] for each in subtree(department_id, self.departments)
        ]
        people = ",".join(part for part in parts if part)
        return f'{{"errcode": 0, "errmsg": "ok", "userlist": [{people}]}}'.encode()

    def user_get(self, userid: str) -> bytes:
        """One person."""
        who = int(userid[-8:])
        return _answer(self._row(who, self.home(who)))

    def move(self, who: int) -> None:
        """Put somebody into the next department."""
        self.moves[who] = self.moves.get(who, 0) + 1

    def home(self, who: int) -> int:
        """Where somebody is now."""
        return (who + self.moves.get(who, 0)) % self.departments + 1

    @cached_property
    def auth_info(self) -> bytes:
        """The authorisation: the whole tree."""
        privilege = {
            "level": 1,
            "allow_party": [1],
            "allow_user": [],
            "allow_tag": [],
            "extra_party": [],
            "extra_user": [],
            "extra_tag": [],
        }
        agent = {"agentid": AGENT_ID, "auth_mode": 0, "privilege": privilege}
        corp = {"corpid": self.corp_id, "corp_name": self.corp_id}
        return _answer({"auth_corp_info": corp, "auth_info": {"agent": [agent]}})

    @cached_property
    def _written(self) -> Mapping[int, str]:
        return {
            each: json.dumps([self._row(who, each) for who in people])[1:-1]
            for each, people in self._people()
        }

    def _people(self) -> Iterator[tuple[int, range]]:
        for department_id in range(1, self.departments + 1):
            yield (
                department_id,
                range(department_id - 1, self.members, self.departments),
            )

    def _row(self, who: int, department_id: int) -> Row:
        # As an ordinary third-party app sees people: ids in place of names.
        userid = userid_of(who)
        return {
            "userid": userid,
            "name": userid,
            "department": [department_id],
            "order": [0],
            "position": f"position {who % 50}",
            "status": 1,
            "is_leader_in_dept": [int(who < self.departments)],
            "main_department": department_id,
            "direct_leader": [userid_of(department_id - 1)],
            "open_userid": userid,
        }


def userid_of(who: int) -> str:
    """The userid of a person, as long as WeCom's own are."""
    return f"woBench00000000000000000{who:08d}"


def parent_of(department_id: int) -> int:
    """The parent of a department; the root has none."""
    return 0 if department_id == 1 else (department_id - 2) // CHILDREN + 1


def subtree(department_id: int, departments: int) -> Iterator[int]:
    """A department and everything below it."""
    level = range(department_id, department_id + 1)
    while level.start <= departments:
        yield from range(level.start, min(level.stop, departments + 1))
        first = (level.start - 1) * CHILDREN + 2
        level = range(first, first + len(level) * CHILDREN)


def errcode(code: int) -> bytes:
    """An answer that refuses."""
    return json.dumps({"errcode": code, "errmsg": "no"}).encode()


def permissions() -> bytes:
    """What the corp allows the app."""
    return _answer({"app_permissions": list(PERMISSIONS)})


def accepted() -> bytes:
    """A message that reached everybody."""
    return _answer({"msgid": "message"})


def token(name: str, value: str) -> bytes:
    """A token for two hours."""
    return _answer({name: value, "expires_in": 7200})


def _answer(body: Row) -> bytes:
    return json.dumps({"errcode": 0, "errmsg": "ok", **body}).encode()
