"""What was said of a person outlives every way in which other mail about them ends."""

from collections.abc import Callable

import pytest

from domain.ids import Key
from store.inbox import record
from tests.support.org.histories import TAG, company
from tests.support.org.identities import Known, created, deleted, unsubscribed
from tests.support.org.pipeline import Bench, Event, said
from tests.support.wecom.fakes import Holding, Truth


def singly() -> Truth:
    truth = company()
    truth.allow_members = frozenset({"woB"})
    return truth


def tagged() -> Truth:
    truth = company()
    truth.allow_tags = frozenset({TAG})
    truth.tags[TAG] = Holding(userids=frozenset({"woB"}))
    return truth


def late_deletion(one: Known) -> None:
    """woB is deleted; the answers are from before and the scope names them still."""
    one.leave("woB")
    one.tell_late(deleted("woB"), about="member:woB")


def asked_by_an_operator(one: Known) -> None:
    with one.bench.own() as connection:
        record.post_internal(
            connection,
            mailbox=one.tenant.mailbox,
            kind="change_contact",
            key=Key("member:woB"),
            hint={},
        )


def told_of_a_mere_update(one: Known) -> None:
    one.bench.post(one.tenant, said("update_user", "member:woB", second=9))


def told_of_the_whole_corp(one: Known) -> None:
    one.bench.post(one.tenant, Event(change="update_user", key="corp"))


def told_of_another_scope(one: Known) -> None:
    one.bench.post(one.tenant, Event(kind="change_auth", key="corp"))


def paused_meanwhile(one: Known) -> None:
    one.bench.post(one.tenant, Event(kind="paused", key="corp"))
    one.bench.drain(one.tenant)
    one.bench.post(one.tenant, Event(kind="resumed", key="corp"))


def told_of_a_tag(one: Known) -> None:
    one.bench.post(one.tenant, said("update_tag", f"tag:{TAG}", second=9))


def told_late_again(one: Known) -> None:
    one.tell_late(unsubscribed("woB", second=9), about="member:woB")


WAYS = [
    asked_by_an_operator,
    told_of_a_mere_update,
    told_of_the_whole_corp,
    told_of_another_scope,
    paused_meanwhile,
    told_of_a_tag,
    told_late_again,
]


@pytest.mark.parametrize("granted", [singly, tagged])
@pytest.mark.parametrize("way", WAYS)
def test_a_late_deletion_stays_one(
    bench: Bench, way: Callable[[Known], None], granted: Callable[[], Truth]
) -> None:
    one = Known.of(bench, granted())
    late_deletion(one)

    way(one)
    bench.settle(one.tenant)

    assert one.removed("woB").removal == "deletion"
    assert bench.execute("SELECT userid FROM testimony") == []


@pytest.mark.parametrize("granted", [singly, tagged])
@pytest.mark.parametrize("way", WAYS)
def test_it_does_so_when_its_own_mail_has_ended_as_overtaken(
    bench: Bench, way: Callable[[Known], None], granted: Callable[[], Truth]
) -> None:
    one = Known.of(bench, granted())
    one.leave("woB")
    bench.post(one.tenant, deleted("woB"))
    way(one)
    one.tenant.world.stale = lambda question: question == "member:woB"
    bench.drain(one.tenant)
    one.tenant.world.stale = lambda _: False

    bench.settle(one.tenant)

    assert one.removed("woB").removal == "deletion"


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("granted", [singly, tagged])
def test_deleted_unsubscribed_and_hired_anew_is_a_newcomer(
    bench: Bench, order: int, granted: Callable[[], Truth]
) -> None:
    one = Known.of(bench, granted())
    before = one.active("woB").member_pk
    one.hand_on("woB")

    one.tell_late(
        *[deleted("woB", second=1), unsubscribed("woB", second=1), created("woB")][
            ::order
        ],
        about="member:woB",
    )
    bench.settle(one.tenant)

    assert one.removed("woB").member_pk == before
    assert one.removed("woB").removal == "deletion"
    assert one.active("woB").member_pk != before
    one.assert_in_step()
