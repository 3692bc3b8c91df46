"""The journal folded from empty."""

from dataclasses import replace

import pytest

from domain.decisions import Decision, Fields
from domain.ids import DepartmentId, Key, Userid
from domain.org.org import Activation, Org, RemovalCause
from domain.org.replay import DISPLACES, BrokenJournal, Folding, ReplayLine, replay
from domain.reasons import Reason
from domain.reconcile.departments import decide_department
from domain.reconcile.leavers import Removal
from domain.reconcile.members import (
    decide_member,
    learn_deletion,
    remove_member,
    rename_userid,
)
from tests.support.values.builders import department, lines, member, stored

EVENT = Reason.EVENT
GONE = Removal(cause=RemovalCause.SCOPE, reason=Reason.OUT_OF_SCOPE)
ADDED = decide_member(None, member(), reason=EVENT)


def folded(*decisions: Decision) -> Org:
    return replay(lines(decisions))


def test_an_empty_journal_is_an_empty_org() -> None:
    assert replay([]) == Org(departments={}, members={})


def test_what_was_added_is_there() -> None:
    org = folded(*ADDED, *decide_department(None, department(), reason=EVENT))

    assert org.members == {Userid("woZhang"): member()}
    assert org.departments == {DepartmentId(2): department()}


def test_what_was_removed_is_not() -> None:
    new = decide_department(None, department(), reason=EVENT)
    old = decide_department(department(), None, reason=EVENT)

    org = folded(*ADDED, *new, *old, remove_member(stored(), GONE))

    assert org == Org(departments={}, members={})


def test_who_was_restored_is_what_they_returned_as() -> None:
    back = member(name="x", activation=Activation.DISABLED)
    tombstone = stored(removed=RemovalCause.SCOPE)

    org = folded(
        *ADDED,
        remove_member(stored(), GONE),
        *decide_member(tombstone, back, reason=EVENT),
    )

    assert org.members == {Userid("woZhang"): back}


def test_a_change_keeps_what_it_does_not_name() -> None:
    left = member(activation=Activation.QUIT)

    org = folded(*ADDED, *decide_member(stored(), left, reason=EVENT))

    assert org.members == {Userid("woZhang"): left}


def test_a_rename_changes_the_key() -> None:
    renames = rename_userid([Userid("woZhang"), Userid("b")], reason=EVENT)

    org = folded(*ADDED, *renames)

    assert org.members == {Userid("b"): member("b")}


def test_a_rename_onto_somebody_known_leaves_the_known_one() -> None:
    known = decide_member(None, member("b", name="known"), reason=EVENT)
    renames = rename_userid([Userid("woZhang"), Userid("b")], reason=EVENT)

    org = folded(*ADDED, *known, *renames)

    assert org.members == {Userid("b"): member("b", name="known")}


def test_links_are_no_part_of_the_org() -> None:
    linking = ReplayLine(decision="LinkAccount", key=Key("member:woZhang"), after={})

    assert replay([linking]) == Org(departments={}, members={})


def test_an_unknown_decision_is_impossible() -> None:
    with pytest.raises(BrokenJournal, match="PromoteMember is no decision"):
        replay([ReplayLine(decision="PromoteMember", key=Key("member:a"), after={})])


def test_a_change_of_nobody_is_impossible() -> None:
    with pytest.raises(BrokenJournal, match="member:a is not there"):
        replay([ReplayLine(decision="RemoveMember", key=Key("member:a"), after={})])


def test_nobody_is_added_twice() -> None:
    with pytest.raises(BrokenJournal, match="already there"):
        folded(*ADDED, *ADDED)


def linked(userid: str, state: str, account_id: str | None = None) -> ReplayLine:
    after: Fields = {"link": {"state": state, "account_id": account_id}}
    return ReplayLine(decision="LinkAccount", key=Key(f"member:{userid}"), after=after)


def test_of_two_links_of_one_person_the_live_one_stays() -> None:
    folding = Folding()
    renames = rename_userid([Userid("woZhang"), Userid("b")], reason=EVENT)

    for each in [
        *lines((*ADDED, *decide_member(None, member("b"), reason=EVENT))),
        linked("woZhang", "linked", "u1"),
        linked("b", "pending"),
        *lines(renames),
    ]:
        folding.take(each)

    assert folding.rows[Key("member:b")].link == {
        "state": "linked",
        "account_id": "u1",
    }


def test_two_who_swap_their_userids_stay_two() -> None:
    first, second = member("a", name="x"), member("b", name="y")
    swapped = rename_userid([Userid("a"), Userid("b")], reason=EVENT)[0]
    swapped = replace(swapped, after={**swapped.after, DISPLACES: True})

    org = folded(
        *decide_member(None, first, reason=EVENT),
        *decide_member(None, second, reason=EVENT),
        swapped,
        *rename_userid([Userid("b"), Userid("a")], reason=EVENT),
    )

    assert org.members == {
        Userid("b"): replace(first, userid=Userid("b")),
        Userid("a"): replace(second, userid=Userid("a")),
    }


def test_a_cause_learnt_later_changes_nothing_of_the_org() -> None:
    tombstone = stored(removed=RemovalCause.SCOPE)
    learnt = learn_deletion(tombstone, reason=Reason.DELETED_BY_EVENT)
    folding = Folding()
    for each in lines([*ADDED, remove_member(stored(), GONE), learnt]):
        folding.take(each)

    [buried] = folding.tombstones[learnt.key]
    assert (folding.rows, buried.fields["removal"]) == ({}, "deletion")
