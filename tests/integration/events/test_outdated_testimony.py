"""What events said of a leaving before somebody was seen again is no answer of now."""

from dataclasses import replace

import pytest

from tests.integration.links.test_lookups import crowd, look_up
from tests.support.org.histories import TEAM
from tests.support.org.identities import Known, created, deleted, unsubscribed
from tests.support.org.linked import Matched, mobile
from tests.support.org.pipeline import Bench, Event, said
from tests.support.wecom.fakes import OUTSIDE, UNKNOWN, refused

LEAVING = [
    deleted("woA", second=1),
    unsubscribed("woA", second=1),
    said("update_user", "member:woA", second=1, status=2),
]
BACK = [
    created("woA", second=50),
    said("subscribe", "member:woA", second=50),
    said("update_user", "member:woA", second=50, departments=[TEAM]),
]


@pytest.mark.parametrize("code", [UNKNOWN, OUTSIDE])
@pytest.mark.parametrize("newer", BACK)
@pytest.mark.parametrize("old", LEAVING)
def test_one_refusal_beside_a_leaving_of_before_decides_nothing(
    bench: Bench, old: Event, newer: Event, code: int
) -> None:
    one = Known.of(bench)
    one.tell(newer)
    one.tenant.world.faults["member:woA"] = refused(code)

    bench.post(one.tenant, old)
    bench.drain(one.tenant)
    one.read()
    one.tenant.world.faults.clear()
    bench.settle(one.tenant)

    assert one.lines() == []
    one.assert_in_step()


def test_a_leaving_since_then_is_one(bench: Bench) -> None:
    one = Known.of(bench)
    one.tell(BACK[0])
    one.leave("woA")

    one.tell(deleted("woA", second=51))

    assert one.removed("woA").removal == "deletion"


def test_a_mobile_that_named_the_former_bearer_links_nobody_else(bench: Bench) -> None:
    one = Matched.of(bench, crowd())
    one.name("u1", mobile=mobile(1))
    one.read()
    look_up(one)
    assert one.account_of("wo01") == "u1"
    world = one.tenant.world
    world.before, world.truth = world.truth.copy(), world.truth.copy()
    stranger = replace(world.truth.people["wo01"], open_userid="oB", number=mobile(77))
    world.truth.people["wo01"] = stranger
    for each in (
        deleted("wo01", second=1, open_userid="owo01"),
        created("wo01", second=2, open_userid="oB", departments=[]),
    ):
        bench.post(one.tenant, each)
    bench.settle(one.tenant)
    world.stale = lambda question: question.startswith("mobile:")

    bench.execute("UPDATE corps SET lookups_due_at = clock_timestamp()")
    look_up(one)
    one.read()

    assert one.account_of("wo01") is None
