"""What mail testified stays said, however that piece of mail itself ended."""

from collections.abc import Callable
from dataclasses import replace
from unittest.mock import patch

import pytest

from store.inbox import settlement, testimony
from tests.support.org.histories import company
from tests.support.org.identities import Known, created, deleted, unsubscribed
from tests.support.org.pipeline import Bench, Event, said
from workers.inbox import corp_mail
from workers.inbox.drain import LONE_ATTEMPTS


@pytest.fixture
def one(bench: Bench) -> Known:
    """People granted singly among others: no list tells that they are gone."""
    truth = company()
    truth.allow_members = frozenset({"woB"})
    return Known.of(bench, truth)


def nameless(bench: Bench) -> Known:
    """The same where nobody shows who they are."""
    truth = company()
    truth.allow_members = frozenset({"woB"})
    for who, each in truth.people.items():
        truth.people[who] = replace(each, open_userid=None)
    return Known.of(bench, truth)


def fail(one: Known, event: Event) -> int:
    """The number of a piece of mail over which the worker stumbles to the end."""
    event_id = one.bench.post(one.tenant, event)
    with patch.object(corp_mail, "sync_contact", side_effect=LookupError("synthetic")):
        one.bench.settle(one.tenant)
    assert one.outcomes()[-1] == ("failed", "failed")
    return event_id


def die_over(one: Known, event: Event) -> int:
    """The number of a piece of mail over which worker after worker died."""
    one.bench.drain(one.tenant)
    event_id = one.bench.post(one.tenant, event)
    one.bench.execute(
        "UPDATE inbox SET claim = gen_random_uuid(), attempts = %s WHERE event_id = %s",
        LONE_ATTEMPTS,
        event_id,
    )
    one.bench.execute(
        "UPDATE mailboxes SET open_claim = inbox.claim FROM inbox"
        " WHERE mailboxes.mailbox = inbox.mailbox AND event_id = %s",
        event_id,
    )
    one.bench.drain(one.tenant)
    assert one.outcomes()[-1] == ("failed", "failed")
    return event_id


@pytest.mark.parametrize("failing", [fail, die_over])
def test_a_run_hears_what_failed_mail_testified(
    one: Known, failing: Callable[[Known, Event], int]
) -> None:
    one.leave("woB")
    failing(one, deleted("woB"))

    one.read()

    assert one.removed("woB").removal == "deletion"


def test_a_run_hears_what_an_operator_gave_up(one: Known) -> None:
    one.leave("woB")
    event_id = fail(one, deleted("woB"))
    with one.bench.own() as connection:
        assert settlement.discard(connection, event_id)

    one.read()

    assert one.removed("woB").removal == "deletion"


def test_later_mail_hears_what_failed_mail_testified(one: Known) -> None:
    one.leave("woB")
    fail(one, deleted("woB", second=1))

    one.tell(unsubscribed("woB", second=2))

    assert one.removed("woB").removal == "deletion"


def test_a_run_hears_of_a_rename_that_failed(one: Known) -> None:
    before = one.active("woB").member_pk
    [event] = [
        each for each in one.rename("woB", "woB2") if each.hint.get("new_userid")
    ]
    fail(one, event)

    one.read()

    assert one.active("woB2").member_pk == before
    one.assert_in_step()


@pytest.mark.parametrize("by_run", [True, False])
def test_who_shows_no_sign_of_who_they_are_stays_themselves_over_a_failed_rename(
    bench: Bench, by_run: bool
) -> None:
    one = nameless(bench)
    before = one.active("woB")
    fail(one, one.rename("woB", "woB2")[0])

    if by_run:
        one.read()
    else:
        one.tell(said("update_user", "member:woB", second=9))
        one.read()

    after = one.active("woB2")
    assert (after.member_pk, after.account_id) == (before.member_pk, before.account_id)
    one.assert_in_step()


@pytest.mark.parametrize("by_run", [True, False])
@pytest.mark.parametrize("failures", [1, 2])
def test_a_chain_of_renames_of_which_some_failed_is_one_persons(
    bench: Bench, failures: int, by_run: bool
) -> None:
    one = nameless(bench)
    before = one.active("woB")
    for number in range(failures):
        old, new = f"woB{number or ''}", f"woB{number + 1}"
        fail(one, one.rename(old, new)[0])

    last = one.rename(f"woB{failures}", "woZ")
    if by_run:
        fail(one, last[0])
    else:
        one.tell(*last)
    one.read()

    after = one.active("woZ")
    assert (after.member_pk, after.account_id) == (before.member_pk, before.account_id)
    one.assert_in_step()


def test_who_was_hired_anew_after_a_deletion_that_failed_is_a_newcomer(
    bench: Bench,
) -> None:
    one = nameless(bench)
    before = one.active("woB")
    fail(one, deleted("woB", second=1))
    after = one.truth.copy()
    after.people["woB"] = replace(after.people["woB"], mobile="13900000001")
    one.replace_truth(after)

    one.tell(created("woB", second=2, departments=[4]))

    assert one.active("woB").member_pk != before.member_pk
    one.assert_in_step()


def test_who_came_back_is_not_removed_over_a_deletion_that_failed(one: Known) -> None:
    fail(one, deleted("woB", second=1))

    one.tell(said("update_user", "member:woB", second=9))
    one.read()

    assert one.active("woB").removal is None
    assert one.bench.execute("SELECT userid FROM testimony") == []
    one.assert_in_step()


def test_failed_mail_that_is_retried_finds_its_person_settled(one: Known) -> None:
    one.leave("woB")
    event_id = fail(one, deleted("woB"))
    one.read()
    lines = one.lines()

    with one.bench.own() as connection:
        settlement.retry(connection, event_id)
    one.bench.settle(one.tenant)

    assert one.lines() == lines
    assert one.bench.execute("SELECT userid FROM testimony") == []


def test_what_is_open_is_not_forgotten_over_its_age(one: Known) -> None:
    one.leave("woB")
    fail(one, deleted("woB"))
    one.bench.execute("UPDATE testimony SET received_at = '2020-01-01'")
    with one.bench.own() as connection:
        testimony.prune(connection, days=30, limit=100)

    one.read()

    assert one.removed("woB").removal == "deletion"
