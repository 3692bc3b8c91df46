"""A corp whose removals the guard watches: its people, its limits, and who goes."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tests.support.org.pipeline import Bench, Tenant
from tests.support.wecom.fakes import Person, Place, Truth

HOME, OTHER = 2, 3


def staffed(people: Iterable[str]) -> Truth:
    """Two departments in the scope, and these people in the first of them."""
    return Truth(
        departments={
            1: Place(parent=None, order=1),
            HOME: Place(parent=1, order=2),
            OTHER: Place(parent=1, order=3),
        },
        people={
            each: Person(open_userid=f"o{each}", departments={HOME: 1}, main=HOME)
            for each in people
        },
        allow_departments=frozenset({HOME, OTHER}),
    )


def guarded(bench: Bench, **limits: Any) -> Bench:
    """The same bench with the guard on, and these of its limits."""
    settings = bench.runtime.settings
    guard = replace(settings.guard, switch="on", **limits)
    bench.runtime = replace(bench.runtime, settings=replace(settings, guard=guard))
    return bench


def delete(tenant: Tenant, userids: Iterable[str]) -> None:
    """Let these be deleted in WeCom."""
    truth = tenant.world.truth.copy()
    for each in userids:
        truth.people.pop(each, None)
    tenant.world.truth = truth


def active(bench: Bench) -> int:
    """How many members there are."""
    [[count]] = bench.execute("SELECT count(*) FROM members WHERE state = 'active'")
    return int(count)
