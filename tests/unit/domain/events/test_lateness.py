"""Whether WeCom answered with the state before the event."""

from typing import Any

from domain.events.fold import Mail
from domain.events.lateness import (
    AnswerSight,
    department_is_late,
    member_is_late,
    tag_is_late,
)
from domain.ids import DepartmentId, Userid
from domain.org.org import Activation, Member
from tests.support.values.builders import department, mail, member, tag

SIGHT = AnswerSight(
    auth_mode=0,
    listed=frozenset(map(DepartmentId, (1, 2, 3, 9))),
    usable=frozenset(map(DepartmentId, (1, 2, 3))),
)
MEMBER_MODE = AnswerSight(auth_mode=1, listed=frozenset(), usable=frozenset())


def late(*latest: Mail, answer: Member | None, sight: AnswerSight = SIGHT) -> bool:
    answers = {} if answer is None else {Userid("woZhang"): answer}
    return member_is_late(latest, answers=answers, sight=sight)


def test_a_created_member_who_is_refused_is_late() -> None:
    assert late(mail("create_user"), answer=None)


def test_an_updated_member_who_is_refused_is_late() -> None:
    assert late(mail("update_user", status=1), answer=None)


def test_a_subscriber_who_is_refused_is_late() -> None:
    assert late(mail("subscribe"), answer=None)


def test_a_subscriber_without_any_ground_is_late() -> None:
    assert late(mail("subscribe"), answer=member(grounds=()))


def test_a_created_member_who_answers_is_not_late() -> None:
    assert not late(mail("create_user", departments=[2]), answer=member())


def test_a_deleted_member_who_is_still_usable_is_late() -> None:
    assert late(mail("delete_user"), answer=member())


def test_a_deleted_member_who_is_refused_is_not_late() -> None:
    assert not late(mail("delete_user"), answer=None)


def test_a_deleted_member_whom_nothing_grants_use_is_not_late() -> None:
    assert not late(mail("delete_user"), answer=member(grounds=()))


def test_an_unsubscriber_who_still_works_is_late() -> None:
    assert late(mail("unsubscribe"), answer=member())


def test_an_unsubscriber_who_is_disabled_is_not_late() -> None:
    disabled = member(activation=Activation.DISABLED)

    assert not late(mail("unsubscribe"), answer=disabled)


def test_a_department_of_the_event_that_is_not_answered_is_late() -> None:
    assert late(mail(departments=[2, 3]), answer=member(departments=[2]))


def test_a_department_of_the_event_that_is_not_listed_does_not_count() -> None:
    assert not late(mail(departments=[2, 77]), answer=member(departments=[2]))


def test_an_answered_department_that_the_event_left_out_is_late() -> None:
    assert late(mail(departments=[2]), answer=member(departments=[2, 3]))


def test_an_answered_department_that_is_not_usable_does_not_count() -> None:
    assert not late(mail(departments=[2]), answer=member(departments=[2, 9]))


def test_an_empty_list_contradicts_a_usable_department() -> None:
    assert late(mail(departments=[]), answer=member(departments=[2]))


def test_an_empty_list_agrees_with_departments_that_are_not_usable() -> None:
    assert not late(mail(departments=[]), answer=member(departments=[9]))


def test_an_absent_list_says_nothing() -> None:
    assert not late(mail(), answer=member(departments=[3]))


def test_departments_do_not_count_in_member_mode() -> None:
    said = mail(departments=[1], main_department=1)
    answer = member(departments=[], main=None)

    assert not late(said, answer=answer, sight=MEMBER_MODE)


def test_another_main_department_is_late() -> None:
    assert late(mail(main_department=3), answer=member(main=2))


def test_a_main_department_that_is_not_listed_does_not_count() -> None:
    assert not late(mail(main_department=77), answer=member(main=None))


def test_another_status_is_late() -> None:
    assert late(mail(status=2), answer=member(activation=Activation.ACTIVE))


def test_the_same_status_is_not_late() -> None:
    assert not late(mail(status=2), answer=member(activation=Activation.DISABLED))


def test_a_status_that_is_not_answered_does_not_count() -> None:
    assert not late(mail(status=2), answer=member(activation=None))


def test_leaving_the_visible_departments_explains_a_refusal() -> None:
    assert not late(mail(departments=[]), answer=None)
    assert not late(mail(departments=[9]), answer=None)


def test_being_disabled_explains_a_refusal() -> None:
    assert not late(mail(status=5), answer=None)


def test_a_renamed_member_whose_new_userid_answers_is_not_late() -> None:
    said = mail(about="member:a", new_userid="b")
    answers = {Userid("b"): member("b")}

    assert not member_is_late([said], answers=answers, sight=SIGHT)


def test_a_renamed_member_whose_old_userid_answers_is_late() -> None:
    said = mail(about="member:a", new_userid="b")
    answers = {Userid("a"): member("a"), Userid("b"): member("b")}

    assert member_is_late([said], answers=answers, sight=SIGHT)


def test_a_renamed_member_whom_both_userids_refuse_is_late() -> None:
    said = mail(about="member:a", new_userid="b")

    assert member_is_late([said], answers={}, sight=SIGHT)


def test_one_agreeing_event_of_the_second_is_enough() -> None:
    assert not late(mail("create_user"), mail("delete_user"), answer=None)
    assert not late(mail("create_user"), mail("delete_user"), answer=member())


def test_an_answer_that_every_event_contradicts_is_late() -> None:
    assert late(mail("create_user"), mail(status=1), answer=None)


def test_without_an_event_nothing_is_late() -> None:
    assert not late(answer=None)
    assert not tag_is_late([], tag=None)
    assert not department_is_late([], listed={}, auth_mode=0)


def department_late(*latest: Mail, listed: bool = True, auth_mode: int = 0) -> bool:
    shown = {DepartmentId(2): department(2, parent=1, order=100)} if listed else {}
    return department_is_late(latest, listed=shown, auth_mode=auth_mode)


def party(change: str = "update_party", **hint: Any) -> Mail:
    return mail(change, about="department:2", **hint)


def test_a_department_under_another_parent_is_late() -> None:
    assert department_late(party(parent_id=3))
    assert not department_late(party(parent_id=1))


def test_a_parent_of_zero_is_the_same_as_none() -> None:
    shown = {DepartmentId(2): department(2, parent=None)}

    assert not department_is_late([party(parent_id=0)], listed=shown, auth_mode=0)


def test_a_department_in_another_order_is_late() -> None:
    assert department_late(party(order=0))
    assert not department_late(party(order=100))


def test_a_created_department_that_is_not_listed_is_late() -> None:
    assert department_late(party("create_party"), listed=False)


def test_a_deleted_department_that_is_listed_is_late() -> None:
    assert department_late(party("delete_party"))
    assert not department_late(party("delete_party"), listed=False)


def test_no_department_is_late_in_member_mode() -> None:
    assert not department_late(party("create_party"), listed=False, auth_mode=1)


def test_one_agreeing_event_of_a_department_is_enough() -> None:
    assert not department_late(party(parent_id=3), party(parent_id=1))


def tag_late(*, userids: tuple[str, ...] = (), **hint: Any) -> bool:
    said = mail("update_tag", about="tag:5", **hint)
    return tag_is_late([said], tag=tag(5, userids=userids, departments=[3]))


def test_a_tag_without_an_added_person_is_late() -> None:
    assert tag_late(add_userids=["woZhang"])
    assert not tag_late(add_userids=["woZhang"], userids=("woZhang",))


def test_a_tag_with_a_person_taken_out_is_late() -> None:
    assert tag_late(del_userids=["woZhang"], userids=("woZhang",))
    assert not tag_late(del_userids=["woZhang"])


def test_departments_of_a_tag_count_as_people_do() -> None:
    assert tag_late(add_departments=[2])
    assert tag_late(del_departments=[3])
    assert not tag_late(add_departments=[3], del_departments=[2])


def test_a_tag_that_is_gone_contradicts_what_was_added_only() -> None:
    added = mail("update_tag", about="tag:5", add_userids=["woZhang"])
    removed = mail("update_tag", about="tag:5", del_userids=["woZhang"])

    assert tag_is_late([added], tag=None)
    assert not tag_is_late([removed], tag=None)
