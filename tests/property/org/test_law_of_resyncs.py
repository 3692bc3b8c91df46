"""A resync ends in the truth, asks what it must, and writes only differences."""

import math
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.org.pipeline import Bench, Tenant
from tests.support.wecom.fakes import Truth
from tests.support.wecom.truths import truths

NUMBERS = count()
PAGE = 1000

# The database stays; each example links a corp of its own in it.
few = settings(
    max_examples=examples(25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def linked(bench: Bench, truth: Truth) -> Tenant:
    return bench.link(f"wpCorp{next(NUMBERS)}", truth)


@few
@given(truth=truths())
def test_a_first_read_gives_the_truth(bench: Bench, truth: Truth) -> None:
    tenant = linked(bench, truth)

    bench.resync(tenant)

    assert bench.org(tenant) == truth.org()
    assert bench.replayed(tenant) == truth.org()


@few
@given(before=truths(), after=truths())
def test_a_resync_after_any_change_gives_the_truth(
    bench: Bench, before: Truth, after: Truth
) -> None:
    tenant = linked(bench, before)
    bench.resync(tenant)
    tenant.world.truth = after

    bench.resync(tenant)

    assert bench.org(tenant) == after.org()
    assert bench.replayed(tenant) == after.org()


@few
@given(truth=truths(), deep=st.booleans())
def test_a_quiet_resync_writes_nothing(bench: Bench, truth: Truth, deep: bool) -> None:
    tenant = linked(bench, truth)
    bench.resync(tenant)
    before = bench.written(tenant)

    run_id = bench.resync(tenant, deep=deep)

    assert bench.written(tenant) == before
    assert bench.run(run_id)["decisions"] == {}


@few
@given(truth=truths())
def test_calls_are_counted_and_the_least_possible(bench: Bench, truth: Truth) -> None:
    tenant = linked(bench, truth)
    tenant.world.page_size = PAGE

    run_id = bench.resync(tenant)

    run = bench.run(run_id)
    assert run["calls"] == len(tenant.world.calls)
    assert run["calls_least"] == least(truth)
    assert run["calls"] == run["calls_least"]


@few
@given(truth=truths(), other=truths(), after=truths())
def test_a_tenant_is_untouched_by_whatever_befalls_another(
    bench: Bench, truth: Truth, other: Truth, after: Truth
) -> None:
    tenant, neighbour = linked(bench, truth), linked(bench, other)
    bench.resync(neighbour)
    before = bench.written(neighbour)
    bench.resync(tenant)
    tenant.world.truth = after

    bench.resync(tenant)

    assert bench.written(neighbour) == before
    assert bench.org(neighbour) == other.org()


def least(truth: Truth) -> int:
    """The formula of design.md §6.3, from the truth alone."""
    if truth.auth_mode == 1:
        people = len(truth.authorised)
        return 3 + math.ceil(people / PAGE) + people
    tags = [truth.tags[each] for each in truth.allow_tags]
    tagged = frozenset().union(*(each.userids for each in tags))
    listed = {
        who
        for who, person in truth.people.items()
        if person.departments.keys() & truth.usable_departments
    }
    # Whom a list shows already is not granted singly: one question answers for both.
    singly = (truth.allow_members | tagged) - listed
    return 4 + len(truth.usable_departments) + len(singly) + len(tags)
