"""A company in which something happens at random, told or not."""

import random

from tests.support.org.histories import HOME, KEEPER, ROOT, TAG, TEAM, Company
from tests.support.org.pipeline import Tenant


class Life:
    """A company in which something happens at random."""

    def __init__(self, tenant: Tenant, seed: int) -> None:
        self.company = Company(tenant.world)
        self._chance = random.Random(seed)  # noqa: S311 - which change comes next
        self._number = 0

    def go_on(self) -> None:
        """One change, of which WeCom may tell or not."""
        chosen = self._chance.choice([
            self._hire, self._hire, self._move, self._leave, self._disable,
            self._rename, self._dissolve, self._rebuild, self._narrow, self._widen,
            self._come_back,
        ])  # fmt: skip
        chosen()
        if self._chance.random() < 0.5:
            self.company.outbox.clear()

    def _hire(self) -> None:
        self._number += 1
        self.company.hire(f"wo{self._number}", self._department())

    def _move(self) -> None:
        there = self._department()
        self.company.change(self._somebody(), departments={there: 1}, main=there)

    def _leave(self) -> None:
        self.company.leave(self._somebody())

    def _come_back(self) -> None:
        self.company.hire(f"wo{max(1, self._number // 2)}", HOME)

    def _disable(self) -> None:
        self.company.change(self._somebody(), status=self._chance.choice([1, 2]))

    def _rename(self) -> None:
        self._number += 1
        self.company.rename(self._somebody(), f"wo{self._number}")

    def _dissolve(self) -> None:
        movable = set(self.company.world.truth.departments) - {ROOT, HOME}
        if movable:
            self.company.dissolve(self._chance.choice(sorted(movable)))

    def _rebuild(self) -> None:
        self.company.place(self._chance.choice([TEAM, 4, 9]), HOME, 5)

    def _narrow(self) -> None:
        self.company.authorise(allow_departments=frozenset({HOME}), whole_tree=False)

    def _widen(self) -> None:
        self.company.authorise(
            allow_departments=frozenset({ROOT}), allow_tags=frozenset({TAG})
        )

    def _somebody(self) -> str:
        people = sorted(set(self.company.world.truth.people) - {KEEPER})
        if not people:
            self._hire()
            return f"wo{self._number}"
        return self._chance.choice(people)

    def _department(self) -> int:
        return self._chance.choice(sorted(self.company.world.truth.departments))
