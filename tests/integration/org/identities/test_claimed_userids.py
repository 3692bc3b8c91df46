"""NewUserID: whatever names the old userid names the new one, and nobody is lost."""

from dataclasses import replace

import pytest

from domain.ids import Userid
from tests.support.org.histories import HOME, TAG, company
from tests.support.org.identities import Known, renamed, unsubscribed
from tests.support.org.pipeline import Bench, said
from tests.support.wecom.fakes import Truth


def tagged() -> Truth:
    """woB may use the app by a tag alone."""
    truth = company()
    truth.allow_tags = frozenset({TAG})
    return truth


def singly() -> Truth:
    """woB may use the app by themselves."""
    truth = company()
    truth.allow_members = frozenset({"woB"})
    return truth


def nameless(truth: Truth) -> Truth:
    """The corp of 2021 in which no answer and no event tells an open_userid."""
    for who, person in truth.people.items():
        truth.people[who] = replace(person, open_userid=None)
    return truth


def update_tag(*, second: int) -> object:
    return said(
        "update_tag",
        f"tag:{TAG}",
        second=second,
        add_userids=["woB2"],
        del_userids=["woB"],
    )


def assert_same(one: Known, before: int, *, userid: str = "woB2") -> None:
    """Nobody was removed or added, and nobody asked anew."""
    assert one.active(userid).member_pk == before
    names = {name for name, _, _ in one.lines()}
    assert names & {"RemoveMember", "AddMember", "AskMember"} == set()
    one.assert_in_step()


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("granted", [tagged, singly])
def test_a_renamed_person_stays_themselves(
    bench: Bench, granted: object, told: bool
) -> None:
    one = Known.of(bench, granted())  # type: ignore[operator]  # one of the two above.
    before = one.active("woB").member_pk
    events = one.rename("woB", "woB2")

    one.tell(*(events if told else ()))
    one.read()

    assert_same(one, before)


@pytest.mark.parametrize("granted", [tagged, singly])
def test_so_they_do_where_nobody_has_an_open_userid(
    bench: Bench, granted: object
) -> None:
    one = Known.of(bench, nameless(granted()))  # type: ignore[operator]  # as above.
    before = one.active("woB").member_pk

    one.tell(*one.rename("woB", "woB2"))
    one.read()

    assert_same(one, before)


def test_a_run_hears_what_a_claim_says_that_still_waits(bench: Bench) -> None:
    one = Known.of(bench, nameless(singly()))
    before = one.active("woB").member_pk
    [claim] = one.rename("woB", "woB2")
    bench.post(one.tenant, claim)

    one.read()

    assert_same(one, before)


@pytest.mark.parametrize("people", [tagged, lambda: nameless(tagged())])
def test_the_tag_may_tell_of_it_first(bench: Bench, people: object) -> None:
    one = Known.of(bench, people())  # type: ignore[operator]  # one of the two above.
    before, account = one.active("woB").member_pk, one.active("woB").account_id
    [claim] = one.rename("woB", "woB2")
    bench.post(one.tenant, update_tag(second=1))  # type: ignore[arg-type]  # an event.
    bench.drain(one.tenant)

    one.tell(claim)

    assert one.active("woB2").member_pk == before
    assert one.active("woB2").account_id == account
    one.assert_in_step()


def test_a_tag_that_names_the_old_userid_still_counts_for_the_new_one(
    bench: Bench,
) -> None:
    one = Known.of(bench, tagged())
    before = one.active("woB").member_pk
    [claim] = one.rename("woB", "woB2")
    one.tenant.world.stale = lambda question: question == f"tag:{TAG}"

    one.tell(claim)
    # Somebody asks about them before the tag is read again.
    one.tell(said("update_user", "member:woB2", second=5))

    assert_same(one, before)


def test_a_chain_of_claims_is_one_persons(bench: Bench) -> None:
    one = Known.of(bench, tagged())
    before = one.active("woB").member_pk
    first = one.rename("woB", "woB1")
    second = one.rename("woB1", "woB2")

    one.tell(*second, *first)

    assert_same(one, before)


def test_nobody_is_gone_while_the_new_userid_does_not_answer_yet(bench: Bench) -> None:
    one = Known.of(bench, tagged())
    before = one.active("woB").member_pk
    [claim] = one.rename("woB", "woB2")

    one.tell_late(claim, about="member:woB2")

    assert one.lines() == []
    assert one.outcomes()[-1] == ("pending", None)
    bench.settle(one.tenant)
    assert_same(one, before)


def test_whoever_leaves_the_scope_with_a_new_userid_is_remembered_by_it(
    bench: Bench,
) -> None:
    one = Known.of(bench)
    before = one.active("woA")
    one.rename("woA", "woA2")
    after = one.truth.copy()
    after.people["woA2"] = replace(after.people["woA2"], departments={4: 0}, main=4)
    one.replace_truth(after)

    one.tell(renamed("woA", "woA2"), unsubscribed("woA2", second=2))

    assert one.removed("woA2").removal == "scope"
    after = one.truth.copy()
    after.people["woA2"] = replace(after.people["woA2"], departments={HOME: 0})
    one.replace_truth(after)
    one.tell(said("subscribe", "member:woA2", second=1000))
    assert one.active("woA2").member_pk == before.member_pk
    assert one.active("woA2").account_id == before.account_id
    one.assert_in_step()


def test_a_leader_elsewhere_is_their_peoples_leader_still(bench: Bench) -> None:
    truth = company()
    truth.whole_tree = True
    truth.people["woa"] = replace(truth.people["woa"], leaders=("woKeeper",))
    one = Known.of(bench, truth)
    one.rename("woKeeper", "woBoss")
    people = one.truth.people
    people["woa"] = replace(people["woa"], leaders=("woBoss",))

    one.tell(renamed("woKeeper", "woBoss"))

    led = one.bench.org(one.tenant).members[Userid("woa")]
    assert led.direct_leaders == ("woBoss",)
    assert ("SetDirectLeader", "member:woa", "event") in one.lines()
    one.assert_in_step()
