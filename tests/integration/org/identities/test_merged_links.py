"""Two records of one person with a link each: one link stays, the other ends."""

from dataclasses import replace

import pytest

from domain.ids import Key
from domain.org.replay import Folding, ReplayLine
from store.org import corps, journal
from tests.support.org.histories import TEAM
from tests.support.org.identities import Known, Record, created, deleted, renamed
from tests.support.org.pipeline import Bench


def twice(one: Known, *, mobile: str | None) -> tuple[Record, Record]:
    """woA is known by another userid as well, while WeCom does not tell whose it is."""
    after = one.truth.copy()
    after.people["woNew"] = replace(
        after.people["woA"], open_userid=None, mobile=mobile
    )
    one.replace_truth(after)
    one.tell(created("woNew", second=1, departments=[TEAM]))
    one.look_from_here()
    return one.active("woA"), one.active("woNew")


def leave_the_old(one: Known) -> None:
    """Only the new userid answers now, and tells who it is."""
    after = one.truth.copy()
    person = after.people.pop("woA")
    new = after.people["woNew"]
    after.people["woNew"] = replace(new, open_userid=person.open_userid)
    one.replace_truth(after)


def merge(one: Known) -> None:
    leave_the_old(one)
    one.tell(renamed("woA", "woNew", second=2))


def test_the_account_of_the_link_that_ends_leaves_the_company(bench: Bench) -> None:
    one = Known.of(bench)
    kept, dropped = twice(one, mobile="13800009999")

    merge(one)

    now = one.active("woNew")
    assert (now.member_pk, now.account_id) == (kept.member_pk, kept.account_id)
    assert one.membership(kept.account_id) is True
    assert one.membership(dropped.account_id) is False
    assert ("Unlink", "member:woNew", "merged") in one.lines()
    one.assert_in_step()


def test_nobody_is_left_in_the_company_when_they_leave(bench: Bench) -> None:
    one = Known.of(bench)
    accounts = [each.account_id for each in twice(one, mobile="13800009999")]
    merge(one)

    one.leave("woNew")
    one.tell(deleted("woNew", second=100))

    assert [one.membership(each) for each in accounts] == [False, False]


def test_a_question_that_was_open_ends_with_the_merge(bench: Bench) -> None:
    one = Known.of(bench)
    kept, dropped = twice(one, mobile=None)
    assert dropped.link == "pending"

    merge(one)

    assert one.active("woNew").account_id == kept.account_id
    assert ("Unlink", "member:woNew", "merged") in one.lines()
    one.assert_in_step()


@pytest.mark.parametrize("mobile", [None, "13800009999"])
def test_the_journal_tells_the_link_that_stayed(
    bench: Bench, mobile: str | None
) -> None:
    one = Known.of(bench)
    kept, _ = twice(one, mobile=mobile)

    merge(one)

    assert told_link(one, "member:woNew") == kept.account_id


def test_a_run_ends_it_as_well(bench: Bench) -> None:
    one = Known.of(bench)
    kept, dropped = twice(one, mobile="13800009999")
    leave_the_old(one)

    one.read()

    assert one.active("woNew").account_id == kept.account_id
    assert one.membership(dropped.account_id) is False
    one.assert_in_step()


def told_link(one: Known, key: str) -> object:
    """The account that the folded journal says somebody is linked to."""
    bench = one.bench
    with bench.own() as connection:
        corp = corps.get(connection, one.tenant.corp_pk)
        data_key = bench.runtime.data_key(corp)
        folding = Folding()
        for each in journal.read_all(connection, corp.corp_pk, data_key=data_key):
            folding.take(
                ReplayLine(decision=each.decision, key=Key(each.key), after=each.after)
            )
    link = folding.rows[Key(key)].link
    return None if link is None else link["account_id"]


@pytest.mark.parametrize("by_run", [False, True])
def test_a_conflict_of_one_person_with_themselves_ends_with_the_merge(
    bench: Bench, *, by_run: bool
) -> None:
    one = Known.of(bench)
    kept, doubled = twice(one, mobile=one.truth.people["woA"].mobile)
    assert (kept.link, doubled.link) == ("linked", "conflict")

    if by_run:
        leave_the_old(one)
        one.read()
    else:
        merge(one)

    now = one.active("woNew")
    assert (now.link, now.account_id) == ("linked", kept.account_id)
    assert one.membership(kept.account_id) is True
    assert ("Unlink", "member:woNew", "merged") in one.lines()
    assert told_link(one, "member:woNew") == kept.account_id
    one.assert_in_step()
