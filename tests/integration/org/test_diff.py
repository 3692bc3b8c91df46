"""The difference between two moments: what leads from the one org to the other."""

from collections.abc import Callable
from datetime import UTC

import pytest
from click.testing import CliRunner, Result

from domain.decisions import Fields
from domain.ids import Key, department_key, member_key
from domain.org.changes import ChangeKind, OrgChange
from domain.org.fields import department_fields, member_fields
from domain.org.org import Org
from manage import cli
from store.database import transaction
from store.org import corps
from store.org.diff import read_changes
from tests.support.org.histories import HOME, TEAM, Company, company
from tests.support.org.lives import Life
from tests.support.org.pipeline import Bench, Tenant
from tests.support.wecom.fakes import Person
from tests.support.workbench import environment_for

CORP = "wpCorpA"
Diff = Callable[..., Result]


@pytest.fixture
def diff(database: str, redis_url: str) -> Diff:
    environment = environment_for(database=database, redis_url=redis_url)

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(
            cli, ["diff", CORP, *arguments], env={**environment, "LANG": "en"}
        )

    return call


def moment(bench: Bench) -> str:
    [[now]] = bench.execute("SELECT clock_timestamp()")
    return str(now.astimezone(UTC).isoformat())


def line(bench: Bench) -> int:
    [[last]] = bench.execute("SELECT coalesce(max(line_id), 0) FROM journal")
    return int(last)


def fields_of(org: Org) -> dict[Key, Fields]:
    rows: dict[Key, Fields] = {
        department_key(i): department_fields(d) for i, d in org.departments.items()
    }
    return rows | {member_key(u): member_fields(m) for u, m in org.members.items()}


def changes(bench: Bench, tenant: Tenant, *, since: int, until: int) -> list[OrgChange]:
    with transaction(bench.runtime.pool) as connection:
        corp = corps.get(connection, tenant.corp_pk)
        return list(
            read_changes(
                connection,
                tenant.corp_pk,
                since=since,
                until=until,
                data_key=bench.runtime.data_key(corp),
            )
        )


def applied(rows: dict[Key, Fields], told: list[OrgChange]) -> dict[Key, Fields]:
    """What the changes make of an org; nobody of it may be named twice."""
    concerned = {each.was or each.key for each in told}
    left = {key: fields for key, fields in rows.items() if key not in concerned}
    for each in told:
        if each.kind is ChangeKind.ADDED:
            assert each.key not in left
            left[each.key] = each.after
        elif each.kind is ChangeKind.CHANGED:
            was = rows[each.was or each.key]
            assert all(was.get(name) == old for name, old in each.before.items())
            left[each.key] = {**was, **each.after}
    return {
        key: {name: value for name, value in fields.items() if name in _ORG[key[:7]]}
        for key, fields in left.items()
    }


_MEMBER = {
    "userid", "open_userid", "name", "activation", "employment", "departments",
    "orders", "main_department", "leads", "direct_leaders", "details", "grounds",
}  # fmt: skip
_ORG = {"member:": _MEMBER, "departm": {"department_id", "parent_id", "order", "name"}}


@pytest.mark.parametrize("seed", range(2))
def test_the_changes_lead_from_any_moment_to_any_later_one(
    bench: Bench, seed: int
) -> None:
    tenant = bench.link(CORP, company())
    life = Life(tenant, seed)
    seen: list[tuple[int, dict[Key, Fields]]] = [(line(bench), {})]

    for _ in range(10):
        bench.resync(tenant)
        seen.append((line(bench), fields_of(bench.org(tenant))))
        for _ in range(3):
            life.go_on()

    for number, (since, before) in enumerate(seen):
        for until, after in seen[number:]:
            told = changes(bench, tenant, since=since, until=until)
            assert applied(before, told) == after


def test_who_moved_together_is_one_line(bench: Bench, diff: Diff) -> None:
    truth = company()
    for each in range(30):
        truth.people[f"wo{each}"] = Person(
            open_userid=f"o{each}", departments={TEAM: each}, main=TEAM
        )
    tenant = bench.link_in_step(CORP, truth)
    begun = moment(bench)
    life = Company(tenant.world)
    for each in range(30):
        life.change(f"wo{each}", departments={HOME: each}, main=HOME)
    life.leave("woA")
    life.rename("woa", "woAlias")
    life.place(77, HOME, 1)
    bench.resync(tenant)

    result = diff("--from", begun)

    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        "Departments: 1 differ",
        f"  Department 77 was added under department {HOME}",
        "Members: 32 differ",
        f"  30 members moved from department {TEAM} to department {HOME};"
        f" 30 members: main department is department {HOME} now",
        "  woA was removed from the company",
        "  woAlias: userid changed from woa to woAlias",
    ]


def test_between_two_moments_at_which_nothing_differs_nothing_is_told(
    bench: Bench, diff: Diff
) -> None:
    tenant = bench.link_in_step(CORP, company())
    begun = moment(bench)
    life = Company(tenant.world)
    life.change("woA", departments={HOME: 0}, main=HOME)
    bench.resync(tenant)
    life.change("woA", departments={TEAM: 0}, main=TEAM)
    bench.resync(tenant)

    assert diff("--from", begun).output == "Nothing differs.\n"
    assert diff("--from", begun, "--lang", "zh_CN.UTF-8").output == "没有差异。\n"
    assert "Members: 3 differ" in diff("--from", "2020-01-01", "--to", begun).output


def test_a_time_that_is_none_is_wrong_usage(bench: Bench, diff: Diff) -> None:
    bench.link_in_step(CORP, company())

    assert diff("--from", "yesterday").exit_code == 2
    assert diff().exit_code == 2


def test_a_corp_that_nobody_knows_is_no_corp_without_changes(diff: Diff) -> None:
    result = diff("--from", "2026-01-01")

    assert result.exit_code == 1
    assert CORP in result.output
