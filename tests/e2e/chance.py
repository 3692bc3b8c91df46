"""Histories that chance writes: the same for the same seed, printed by each test."""

import random
from collections.abc import Callable, Sequence
from typing import Any

from tests.e2e.office import ROOT, Office
from tests.e2e.product import Row

Step = Callable[[], None]


class History:
    """What befalls one company; it knows the company only by asking for it."""

    def __init__(self, office: Office, *, seed: int) -> None:
        self._office = office
        self._dice = random.Random(seed)  # noqa: S311 - a history, not a secret
        self._steps = self._list_steps()
        self._look()

    def _list_steps(self) -> Sequence[tuple[Step, int]]:
        """What may happen, and how often."""
        return (
            (self._hire, 3),
            (self._move, 6),
            (self._promote, 3),
            (self._lead, 2),
            (self._rename, 2),
            (self._change_status, 4),
            (self._leave, 2),
            (self._add_department, 2),
            (self._move_department, 3),
            (self._remove_department, 2),
            (self._set_tag, 1),
        )

    def go_on(self, steps: int) -> None:
        """Let so many things happen, one right after the other."""
        moves, weights = zip(*self._steps, strict=True)
        for move in self._dice.choices(moves, weights, k=steps):
            move()

    def change_scope(self) -> None:
        """Another scope, in which somebody stays."""
        self._look()
        places = self._dice.sample(self._places, k=2)
        people = [row["userid"] for row in self._dice.sample(self._people, k=4)]
        tag = self._dice.choice(self._tags)["tag_id"]
        given = self._dice.choice(
            (
                {"allow_party": places},
                {"allow_user": people},
                {"allow_party": places[:1], "allow_user": people[:2]},
                {"allow_party": places[:1], "allow_tag": [tag]},
                {"allow_party": [ROOT]},
            )
        )
        self._act("set-scope", **given)

    def _look(self) -> None:
        directory = self._office.directory()
        self._people: list[Row] = directory["members"]
        self._tags: list[Row] = directory["tags"]
        rows = directory["departments"]
        self._parents = {row["department_id"]: row["parent_id"] for row in rows}
        self._places = [each for each in self._parents if each != ROOT]

    def _act(self, action: str, **given: Any) -> None:
        self._office.act(action, **given)
        self._look()

    def _person(self) -> Row:
        return self._dice.choice(self._people)

    def _some_places(self) -> list[int]:
        return self._dice.sample(self._places, k=self._dice.choice((1, 1, 1, 2)))

    def _hire(self) -> None:
        status = self._dice.choice((1, 1, 1, 4))
        self._act("hire", departments=self._some_places(), status=status)

    def _move(self) -> None:
        userid = self._person()["userid"]
        self._act("move", userid=userid, departments=self._some_places())

    def _promote(self) -> None:
        person = self._person()
        leads = person["departments"] if self._dice.random() < 0.5 else []
        self._act("promote", userid=person["userid"], leads=leads)

    def _lead(self) -> None:
        leader = self._person()["userid"]
        person = self._person()["userid"]
        self._act("set-direct-leader", userid=person, direct_leader=leader)

    def _rename(self) -> None:
        self._act("rename-userid", userid=self._person()["userid"])

    def _change_status(self) -> None:
        action = self._dice.choice(("disable", "enable", "enable", "quit"))
        self._act(action, userid=self._person()["userid"])

    def _leave(self) -> None:
        if len(self._people) > 10:
            self._act("leave", userid=self._person()["userid"])

    def _add_department(self) -> None:
        self._act("add-department", parent_id=self._dice.choice([*self._parents]))

    def _move_department(self) -> None:
        child, parent = self._dice.sample(self._places, k=2)
        above = parent
        while above not in (ROOT, child):
            above = self._parents[above]
        if above != child:
            self._act("move-department", department_id=child, parent_id=parent)

    def _remove_department(self) -> None:
        taken = {each for row in self._people for each in row["departments"]}
        taken |= set(self._parents.values())
        empty = sorted(set(self._places) - taken)
        if empty and len(self._places) > 4:
            self._act("remove-department", department_id=self._dice.choice(empty))

    def _set_tag(self) -> None:
        tag = self._dice.choice(self._tags)
        people = self._dice.sample(self._people, k=3)
        self._act(
            "set-tag",
            tag_id=tag["tag_id"],
            userids=[row["userid"] for row in people],
            department_ids=self._some_places(),
        )
