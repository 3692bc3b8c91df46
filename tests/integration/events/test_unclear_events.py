"""An event whose key nobody can read is a hint about the whole corp."""

import pytest

from tests.support.org.histories import TEAM, Company, company
from tests.support.org.pipeline import Bench, Event, said

CORP = "wpCorpA"
# As the receiver addresses what it cannot read.
CHANGED = Event(change="update_user", key="corp")
CHANGED_SOMEHOW = Event(change=None, key="corp")
CAME = Event(kind="subscribe", key="corp")
WENT = Event(kind="unsubscribe", key="corp")


@pytest.mark.parametrize("event", [CHANGED, CHANGED_SOMEHOW, CAME, WENT])
def test_an_event_about_the_corp_reads_all_of_it(bench: Bench, event: Event) -> None:
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world)
    moved.hire("woNew", TEAM)
    moved.outbox.clear()
    bench.post(tenant, event)

    bench.settle(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert "woNew" in bench.org(tenant).members
    assert bench.mail(tenant) == [("done", "run")]


def test_an_unclear_event_takes_the_clear_ones_of_its_batch_along(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world)
    moved.change("woA", status=2)
    moved.outbox.clear()
    bench.post(tenant, said("update_user", "member:woA", status=2))
    bench.post(tenant, CHANGED)

    bench.settle(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert bench.pending(tenant) == 0


def test_a_change_of_an_unread_kind_looks_at_its_key_alone(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    moved = Company(tenant.world)
    moved.change("woA", status=2)
    moved.outbox.clear()
    bench.post(tenant, Event(change=None, key="member:woA"))

    bench.drain(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert bench.mail(tenant) == [("done", "applied")]
