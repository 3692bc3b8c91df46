"""Whatever WeCom answers late, a person whom it shows twice is no second member."""

import pytest

from tests.support.org.histories import HOME, KEEPER, Company, company
from tests.support.org.identities import Known, Record
from tests.support.org.pipeline import Bench, Event, said


@pytest.fixture
def one(bench: Bench) -> Known:
    """A company in which woa is in two departments of the scope."""
    truth = company()
    truth.allow_departments = frozenset({HOME, 4})
    return Known.of(bench, truth)


def change(one: Known, *renames: tuple[str, str]) -> list[Event]:
    """These get other userids, of which WeCom may answer late; what it tells."""
    before = one.truth.copy()
    changed = Company(one.tenant.world, tells_person=True)
    for old, new in renames:
        changed.rename(old, new)
    one.tenant.world.before = before
    return changed.outbox


def swap(one: Known) -> list[Event]:
    """woA and woa get each other's userid."""
    return change(one, ("woA", "woSwap"), ("woa", "woA"), ("woSwap", "woa"))


def answer_late(one: Known, *questions: str) -> None:
    one.tenant.world.stale = lambda question: question in questions


def answer_now(one: Known) -> None:
    one.tenant.world.stale = lambda _: False


def persons(one: Known) -> list[tuple[int, str | None, str]]:
    """Each record and whose it is."""
    return sorted(map(_person, one.records()))


def _person(record: Record) -> tuple[int, str | None, str]:
    return record.member_pk, record.open_userid, record.state


def read_as_wished(one: Known) -> None:
    """The read that a finding wishes for a minute later."""
    [[cause]] = one.bench.execute("SELECT due_cause FROM corps")
    assert cause == "finding"
    one.read()


@pytest.mark.parametrize("late", ["woA", "woa"])
def test_in_a_read_one_late_answer_about_two_who_swapped_ends_and_doubles_nobody(
    one: Known, late: str
) -> None:
    before = persons(one)
    swap(one)
    answer_late(one, f"member:{late}")

    one.read()

    assert persons(one) == before
    answer_now(one)
    read_as_wished(one)
    assert persons(one) == before
    one.assert_in_step()


@pytest.mark.parametrize("late", ["woA", "woa", "woSwap"])
def test_in_a_drain_one_late_answer_about_two_who_swapped_ends_and_doubles_nobody(
    one: Known, late: str
) -> None:
    before = persons(one)

    one.tell_late(*swap(one), about=f"member:{late}")

    assert persons(one) == before
    one.bench.settle(one.tenant)
    assert persons(one) == before
    one.assert_in_step()


@pytest.mark.parametrize("late", ["list:4", "list:2147483655"])
def test_whom_an_old_list_shows_under_the_former_userid_is_added_under_no_other(
    one: Known, late: str
) -> None:
    before = persons(one)
    change(one, ("woa", "woNew"))
    answer_late(one, late)

    one.read()

    assert persons(one) == before
    answer_now(one)
    one.read()
    assert persons(one) == before
    one.assert_in_step()


def test_whoever_answers_to_two_userids_at_once_is_added_once_the_one_refuses(
    one: Known,
) -> None:
    before = persons(one)
    change(one, (KEEPER, "woHead"))
    one.bench.post(one.tenant, said("create_user", "member:woHead", second=1))
    answer_late(one, f"member:{KEEPER}")
    one.bench.drain(one.tenant)

    assert persons(one) == before
    answer_now(one)
    one.bench.settle(one.tenant)
    assert persons(one) == before
    one.assert_in_step()


@pytest.mark.parametrize("reads", [True, False])
def test_whose_claimed_userid_gives_no_usable_answer_has_not_gone(
    one: Known, reads: bool
) -> None:
    before = persons(one)
    for each in change(one, ("woB", "woNew"), ("woA", "woB")):
        one.bench.post(one.tenant, each)
    one.tenant.world.odd["member:woNew"] = {"department": {}}
    if reads:
        one.read()
    else:
        one.bench.drain(one.tenant)

    assert persons(one) == before
    one.tenant.world.odd.clear()
    one.bench.settle(one.tenant)
    assert persons(one) == before
    one.assert_in_step()
