"""When an absence is confirmed."""

from dataclasses import replace

import pytest

from domain.ids import DepartmentId, Userid
from domain.org.org import Activation, Employment, RemovalCause
from domain.org.scope import Usable, usable_of
from domain.org.tree import Tree
from domain.reasons import Doubt, Reason
from domain.reconcile.leavers import (
    NO_RIGHT,
    REFUSALS,
    AbsenceEvidence,
    LeftInPlace,
    Listing,
    Removal,
    Undecided,
    confirm,
    covered_as_shown,
    covered_as_stored,
    missing_everywhere,
    taken_out,
)
from domain.reconcile.testimony import Right
from tests.support.values.builders import department, member, scope

TREE = Tree.of([department(1, parent=None), department(2), department(3)])
ALL = usable_of(scope=scope(departments=[1], tags=[5]), tags={}, tree=TREE)
ONLY_TWO = usable_of(scope=scope(departments=[2]), tags={}, tree=TREE)
MEMBER_MODE = usable_of(scope=scope(auth_mode=1), tags={}, tree=TREE)

REFUSED = AbsenceEvidence(
    refusal=60111, scope_read=True, control_answered=True, covered=True
)
ABSENT = Listing(complete=True, userids=frozenset({Userid("woLi")}))
PRESENT = Listing(complete=True, userids=frozenset({Userid("woZhang")}))
CUT = Listing(complete=False, userids=frozenset({Userid("woLi")}))


def undecided(doubt: Doubt) -> Undecided:
    return Undecided(doubt=doubt)


def test_the_codes_that_refuse_are_those_of_the_design() -> None:
    assert {60111, 60011, 60021, 40003, 46004} == REFUSALS


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_a_refusal_and_a_deletion_event_confirm_a_deletion(code: int) -> None:
    verdict = confirm(replace(REFUSED, refusal=code, deleted=True))

    assert verdict == Removal(
        cause=RemovalCause.DELETION, reason=Reason.DELETED_BY_EVENT
    )


def test_a_refusal_and_an_unsubscription_confirm_a_leaving_by_scope() -> None:
    verdict = confirm(replace(REFUSED, unsubscribed=True))

    assert verdict == Removal(cause=RemovalCause.SCOPE, reason=Reason.UNSUBSCRIBED)


def test_a_refusal_and_complete_listings_confirm_a_deletion() -> None:
    verdict = confirm(replace(REFUSED, missing=True))

    assert verdict == Removal(
        cause=RemovalCause.DELETION, reason=Reason.CONFIRMED_BY_LISTING
    )


@pytest.mark.parametrize("code", sorted(NO_RIGHT))
def test_somebody_whom_we_may_not_see_left_the_scope_and_not_the_corp(
    code: int,
) -> None:
    verdict = confirm(replace(REFUSED, refusal=code, missing=True))

    assert verdict == Removal(cause=RemovalCause.SCOPE, reason=Reason.OUT_OF_SCOPE)


def test_a_refusal_and_the_scope_confirm_a_leaving_by_scope() -> None:
    verdict = confirm(replace(REFUSED, covered=False))

    assert verdict == Removal(cause=RemovalCause.SCOPE, reason=Reason.OUT_OF_SCOPE)


def test_a_deletion_event_outweighs_the_scope() -> None:
    verdict = confirm(replace(REFUSED, deleted=True, covered=False, unsubscribed=True))

    assert isinstance(verdict, Removal)
    assert verdict.cause is RemovalCause.DELETION


def test_a_refusal_alone_confirms_nothing() -> None:
    assert confirm(REFUSED) == undecided(Doubt.ONE_ANSWER)


def test_a_scope_that_is_not_known_is_no_answer() -> None:
    assert confirm(replace(REFUSED, covered=None)) == undecided(Doubt.ONE_ANSWER)


def test_somebody_who_answers_has_not_left() -> None:
    answered = replace(REFUSED, refusal=None, deleted=True, missing=True)

    assert confirm(answered) == undecided(Doubt.ANSWERED)


@pytest.mark.parametrize("code", [-1, 45009, 40014, 40084, 50001, 301002, 0])
def test_an_error_of_another_class_is_never_an_answer(code: int) -> None:
    failed = replace(REFUSED, refusal=code, deleted=True, covered=False)

    assert confirm(failed) == undecided(Doubt.NOT_AN_ANSWER)


def test_without_the_scope_read_in_the_same_drain_nothing_counts() -> None:
    unread = replace(REFUSED, scope_read=False, deleted=True)

    assert confirm(unread) == undecided(Doubt.SCOPE_UNREAD)


def test_without_the_control_question_answered_nothing_counts() -> None:
    uncontrolled = replace(REFUSED, control_answered=False, deleted=True)

    assert confirm(uncontrolled) == undecided(Doubt.NO_CONTROL)


UNCOVERED = replace(REFUSED, refusal=None, covered=False)
READABLE = replace(UNCOVERED, right=Right.ORGANISATION_INFO)


def test_somebody_readable_whom_two_reads_of_the_sets_lack_left_the_scope() -> None:
    verdict = confirm(replace(READABLE, agreed=True))

    assert verdict == Removal(cause=RemovalCause.SCOPE, reason=Reason.NOT_USABLE)


def test_one_read_of_the_sets_removes_nobody_who_answers() -> None:
    assert confirm(READABLE) == Undecided(doubt=Doubt.ONE_READ)


def test_no_reads_remove_somebody_who_answers_for_no_other_reason() -> None:
    verdict = confirm(replace(UNCOVERED, agreed=True))

    assert verdict == Undecided(doubt=Doubt.UNEXPLAINED)


def test_agreeing_sets_are_no_second_answer_without_a_control_question() -> None:
    silent = replace(READABLE, agreed=True, control_answered=False)

    assert confirm(silent) == Undecided(doubt=Doubt.NO_CONTROL)


@pytest.mark.parametrize("gone", [Activation.DISABLED, Activation.QUIT])
def test_somebody_said_to_be_disabled_is_marked_left(gone: Activation) -> None:
    verdict = confirm(replace(REFUSED, status=gone, unsubscribed=True, missing=True))

    assert verdict == LeftInPlace(activation=gone)


def test_somebody_disabled_and_out_of_scope_is_removed() -> None:
    verdict = confirm(replace(REFUSED, status=Activation.DISABLED, covered=False))

    assert isinstance(verdict, Removal)


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_somebody_disabled_whom_the_list_of_the_authorised_lacks_is_removed(
    code: int,
) -> None:
    disabled = replace(REFUSED, status=Activation.DISABLED, refusal=code)
    verdict = confirm(replace(disabled, missing=True, withdrawn=True))

    assert isinstance(verdict, Removal)
    assert (verdict.cause is RemovalCause.SCOPE) == (code in NO_RIGHT)


def test_somebody_said_to_be_active_is_no_exception() -> None:
    verdict = confirm(replace(REFUSED, status=Activation.ACTIVE, missing=True))

    assert isinstance(verdict, Removal)


def test_unsubscribing_only_repeats_that_somebody_was_disabled() -> None:
    known = replace(REFUSED, employment=Employment.LEFT, unsubscribed=True)

    assert confirm(known) == undecided(Doubt.ONE_ANSWER)
    assert confirm(replace(known, missing=True)) == Removal(
        cause=RemovalCause.DELETION, reason=Reason.CONFIRMED_BY_LISTING
    )


@pytest.mark.parametrize(
    "disabled",
    [
        replace(REFUSED, status=Activation.DISABLED),
        replace(REFUSED, employment=Employment.LEFT),
    ],
)
def test_somebody_disabled_and_then_taken_out_of_their_departments_left_the_scope(
    disabled: AbsenceEvidence,
) -> None:
    moved_out = replace(disabled, unsubscribed=True, taken_out=True)

    assert confirm(moved_out) == Removal(
        cause=RemovalCause.SCOPE, reason=Reason.UNSUBSCRIBED
    )


def test_being_in_no_department_alone_takes_nobody_disabled_out() -> None:
    alone = replace(REFUSED, status=Activation.QUIT, taken_out=True)

    assert confirm(alone) == LeftInPlace(activation=Activation.QUIT)


def test_taken_out_is_only_whose_departments_were_shown() -> None:
    shown, hidden = member(departments=[3]), member(departments=[])

    assert taken_out(shown, placeless={shown.userid})
    assert not taken_out(shown, placeless=set())
    assert not taken_out(hidden, placeless={hidden.userid})


def missing(
    listings: dict[str, Listing],
    *,
    departments: tuple[int, ...] = (2,),
    grounds: tuple[str, ...] = ("department:1",),
    usable: Usable = ALL,
) -> bool:
    return missing_everywhere(
        member(departments=departments, grounds=grounds),
        listings=listings,
        usable=usable,
    )


def test_missing_means_from_every_department() -> None:
    both = {"department:2": ABSENT, "department:3": ABSENT}

    assert missing(both, departments=(2, 3))
    assert not missing({"department:2": ABSENT}, departments=(2, 3))


def test_a_cut_listing_does_not_count() -> None:
    assert not missing({"department:2": CUT})


def test_a_listing_that_shows_the_person_settles_it() -> None:
    assert not missing({"department:2": ABSENT, "department:3": PRESENT})


def test_a_department_that_may_not_be_asked_is_not_needed() -> None:
    assert missing({"department:2": ABSENT}, departments=(2, 3), usable=ONLY_TWO)


def test_nobody_is_missing_from_nowhere() -> None:
    assert not missing({}, departments=(), grounds=("direct",))


def test_missing_from_each_granting_tag_counts() -> None:
    tags = ("tag:5", "tag:6")

    assert missing({"tag:5": ABSENT, "tag:6": ABSENT}, departments=(), grounds=tags)
    assert not missing({"tag:5": ABSENT}, departments=(), grounds=tags)


def test_in_member_mode_the_list_of_authorised_members_counts() -> None:
    assert missing({"member_auth": ABSENT}, usable=MEMBER_MODE)
    assert not missing({"member_auth": CUT}, usable=MEMBER_MODE)
    assert not missing({"department:2": ABSENT}, usable=MEMBER_MODE)


def test_the_scope_covers_whoever_was_below_its_roots() -> None:
    assert covered_as_stored(member(departments=[3]), usable=ALL)
    assert not covered_as_stored(member(departments=[3]), usable=ONLY_TWO)


def test_the_scope_covers_whoever_is_shown_below_its_roots() -> None:
    assert covered_as_shown(member(departments=[3]), usable=ALL, tree=TREE) is True
    outside = covered_as_shown(member(departments=[3]), usable=ONLY_TWO, tree=TREE)
    assert outside is False


def test_a_department_not_read_yet_makes_nobody_an_outsider() -> None:
    shown = member(departments=[12])

    assert DepartmentId(12) not in TREE
    assert covered_as_shown(shown, usable=ALL, tree=TREE) is None
