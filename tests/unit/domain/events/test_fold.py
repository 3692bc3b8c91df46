"""Many events, few keys."""

from datetime import timedelta

import pytest

from domain.events.fold import Mail, RenameClaim, fold
from domain.events.hints import BadHint, Hint, hint_from_json
from domain.ids import DepartmentId, Key, OpenUserid, Userid
from domain.org.org import Activation
from tests.support.values.builders import NOON, mail

A, B, C = Userid("a"), Userid("b"), Userid("c")


def test_no_mail_asks_nothing() -> None:
    batch = fold([])

    assert (batch.members, batch.departments, batch.tags) == ((), (), ())
    assert not batch.corp


def test_each_key_is_asked_once_and_ascending() -> None:
    batch = fold(
        [
            mail(about="member:b", event_id=1),
            mail(about="member:a", event_id=2),
            mail("subscribe", about="member:a", event_id=3),
            mail("update_party", about="department:10", event_id=4),
            mail("create_party", about="department:9", event_id=5),
            mail("update_tag", about="tag:5", event_id=6),
        ]
    )

    assert batch.members == (A, B)
    assert batch.departments == (9, 10)
    assert batch.tags == (5,)


def test_userids_that_differ_by_case_are_two_people() -> None:
    batch = fold([mail(about="member:a"), mail(about="member:A", event_id=2)])

    assert batch.members == ("A", "a")


def test_the_newest_mail_stands_for_its_key() -> None:
    newest = mail(event_id=1, second=9)
    older = mail(event_id=2, second=8, arrived=5)

    batch = fold([newest, older])

    assert batch.newest == {"member:woZhang": newest}
    assert batch.folded == {2: 1}


def test_in_one_second_the_later_arrival_is_the_newer() -> None:
    later = mail(event_id=1, arrived=2)
    earlier = mail(event_id=2, arrived=1)

    batch = fold([later, earlier])

    assert batch.folded == {2: 1}


def test_all_mail_of_the_newest_second_is_kept_together() -> None:
    first = mail("delete_user", event_id=1, second=5)
    second = mail("update_user", event_id=2, second=5, arrived=1)
    old = mail(event_id=3, second=4)

    batch = fold([old, second, first])

    assert batch.latest[Key("member:woZhang")] == (first, second)


def test_a_new_userid_touches_both_people() -> None:
    batch = fold([mail(about="member:a", new_userid="b")])

    assert batch.claims == (RenameClaim(old=A, new=B),)
    assert batch.members == (A, B)


def test_a_chain_of_new_userids_touches_everybody_in_it() -> None:
    batch = fold(
        [
            mail(about="member:b", new_userid="c", event_id=2, second=2),
            mail(about="member:a", new_userid="b", event_id=1, second=1),
        ]
    )

    assert batch.claims == (RenameClaim(old=B, new=C), RenameClaim(old=A, new=B))
    assert batch.members == (A, B, C)


def test_a_new_userid_that_is_the_old_one_claims_nothing() -> None:
    batch = fold([mail(about="member:a", new_userid="a")])

    assert batch.claims == ()


def test_people_named_as_deleted_or_unsubscribed_are_known() -> None:
    batch = fold(
        [
            mail("delete_user", about="member:a", event_id=1),
            mail("unsubscribe", about="member:b", event_id=2),
            mail("update_user", about="member:c", event_id=3),
        ]
    )

    assert batch.deleted == {A}
    assert batch.unsubscribed == {B}


def test_the_newest_status_that_was_said_counts() -> None:
    batch = fold(
        [
            mail(about="member:a", status=2, event_id=1, second=2),
            mail(about="member:a", status=1, event_id=2, second=1),
            mail(about="member:a", event_id=3, second=3),
        ]
    )

    assert batch.statuses == {A: Activation.DISABLED}


def test_the_newest_word_on_departments_says_who_is_in_none() -> None:
    batch = fold(
        [
            mail(about="member:a", departments=[], event_id=1, second=2),
            mail(about="member:a", departments=[3], event_id=2, second=1),
            mail(about="member:a", status=2, event_id=3, second=3),
            mail(about="member:b", departments=[], event_id=4, second=1),
            mail(about="member:b", departments=[3], event_id=5, second=2),
        ]
    )

    assert batch.placeless == {A}


def test_mail_that_is_no_hint_is_never_folded() -> None:
    clicks = [
        mail(kind="template_card_event", about="member:a", event_id=each, second=each)
        for each in (2, 1)
    ]

    batch = fold([*clicks, mail(about="member:a", event_id=3)])

    assert [each.event_id for each in batch.others] == [1, 2]
    assert batch.folded == {}


def test_mail_of_the_corp_is_about_the_corp() -> None:
    batch = fold([mail(kind="accounts_changed", about="corp")])

    assert batch.corp
    assert batch.members == ()


def test_mail_that_nobody_sent_is_as_old_as_its_arrival() -> None:
    internal = Mail(
        event_id=1,
        kind="approved",
        change=None,
        key=Key("corp"),
        sent_at=None,
        received_at=NOON + timedelta(milliseconds=1500),
    )

    assert internal.second == NOON + timedelta(seconds=1)


def test_a_hint_tells_absent_from_empty() -> None:
    said = hint_from_json({"departments": [], "status": 5, "order": 0})

    assert said == Hint(departments=frozenset(), activation=Activation.QUIT, order=0)
    assert hint_from_json({}).departments is None


def test_a_null_in_a_hint_says_nothing() -> None:
    assert hint_from_json({"departments": None, "status": None}) == Hint()


def test_an_unheard_of_status_says_nothing() -> None:
    assert hint_from_json({"status": 9}) == Hint()


def test_a_hint_reads_every_name_the_receiver_writes() -> None:
    said = hint_from_json(
        {
            "departments": [2],
            "main_department": 2,
            "new_userid": "b",
            "open_userid": "o",
            "parent_id": 1,
            "add_userids": ["a"],
            "del_userids": ["b"],
            "add_departments": [3],
            "del_departments": [4],
        }
    )

    assert said == Hint(
        departments=frozenset({DepartmentId(2)}),
        main_department=DepartmentId(2),
        new_userid=B,
        open_userid=OpenUserid("o"),
        parent_id=DepartmentId(1),
        add_userids=frozenset({A}),
        del_userids=frozenset({B}),
        add_departments=frozenset({DepartmentId(3)}),
        del_departments=frozenset({DepartmentId(4)}),
    )


@pytest.mark.parametrize(
    "broken",
    [{"departments": "2"}, {"departments": ["2"]}, {"order": True}, {"new_userid": 7}],
)
def test_a_hint_of_another_type_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(BadHint):
        hint_from_json(broken)
