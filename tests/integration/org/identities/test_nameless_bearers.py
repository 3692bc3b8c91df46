"""Where no open_userid tells who is who, events say that a userid has a new bearer."""

from dataclasses import replace

import pytest

from tests.support.org.histories import TEAM, company
from tests.support.org.identities import Known, created, deleted
from tests.support.org.pipeline import Bench, Event, said
from tests.support.wecom.fakes import Person, Truth

BURST = (deleted("woA"), created("woA"))
CROWD = [said("update_user", f"member:woCrowd{n}", second=3) for n in range(30)]


def nameless() -> Truth:
    truth = company()
    for who, person in truth.people.items():
        truth.people[who] = replace(person, open_userid=None)
    return truth


def handed_on(bench: Bench, *, mobile: str | None = None) -> Known:
    one = Known.of(bench, nameless())
    after = one.truth.copy()
    after.people["woA"] = Person(
        open_userid=None, departments={TEAM: 0}, main=TEAM, mobile=mobile
    )
    one.replace_truth(after)
    return one


def read_while_it_waits(one: Known) -> None:
    for each in BURST:
        one.bench.post(one.tenant, each)
    one.read()
    one.bench.settle(one.tenant)


@pytest.mark.parametrize(
    "news",
    [
        pytest.param(BURST, id="in one burst"),
        pytest.param(BURST[::-1], id="in the other order"),
        pytest.param((deleted("woA", second=2), created("woA")), id="in one second"),
        pytest.param((*BURST, *CROWD), id="with so much more that a run reads all"),
    ],
)
def test_who_was_created_after_the_deletion_has_nothing_of_the_former(
    bench: Bench, news: tuple[Event, ...]
) -> None:
    one = handed_on(bench)
    before = one.active("woA")

    one.tell(*news)
    one.read()

    now = one.active("woA")
    assert now.member_pk != before.member_pk
    assert now.account_id != before.account_id
    assert one.removed("woA").removal == "deletion"
    assert one.membership(before.account_id) is False
    one.assert_in_step()


def test_a_full_read_between_news_and_drain_changes_nothing_about_that(
    bench: Bench,
) -> None:
    one = handed_on(bench)
    before = one.active("woA")

    read_while_it_waits(one)

    assert one.active("woA").member_pk != before.member_pk
    assert one.membership(before.account_id) is False
    one.assert_in_step()


def test_who_shows_the_same_mobile_is_the_same_person(bench: Bench) -> None:
    one = Known.of(bench, nameless())
    before = one.active("woA")

    one.tell(*BURST)

    now = one.active("woA")
    assert now.account_id == before.account_id
    assert one.membership(before.account_id) is True
    one.assert_in_step()


@pytest.mark.parametrize(
    "news",
    [
        pytest.param((created("woA", second=1),), id="created again"),
        pytest.param(
            (said("subscribe", "member:woA", second=3),), id="came into the scope"
        ),
    ],
)
def test_without_a_deletion_a_userid_has_the_bearer_it_had(
    bench: Bench, news: tuple[Event, ...]
) -> None:
    one = Known.of(bench, nameless())

    one.tell(*news)
    one.read()

    assert one.lines() == []


def test_who_is_known_by_open_userid_stays_whatever_was_said(bench: Bench) -> None:
    one = Known.of(bench)

    one.tell(*BURST)

    assert one.lines() == []
