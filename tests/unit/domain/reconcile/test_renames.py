"""When someone gone and someone new are one person."""

from collections.abc import Iterable

from domain.decisions import DecisionName
from domain.events.fold import RenameClaim
from domain.ids import MemberPk, OpenUserid, Userid
from domain.org.org import Member, RemovalCause, StoredMember
from domain.org.replay import ReplayLine, replay
from domain.reasons import Reason
from domain.reconcile.members import decide_member
from domain.reconcile.renames import (
    Absentee,
    Rename,
    RenameTurn,
    in_turn,
    match_renames,
    merged,
)
from tests.support.values.builders import member, stored


def match(
    *absentees: StoredMember,
    answers: Iterable[Member] = (),
    claims: Iterable[tuple[str, str]] = (),
    active: Iterable[StoredMember] = (),
    hidden: Iterable[str] = (),
    of: str | None = None,
) -> tuple[Rename, ...]:
    open_userid = None if of is None else OpenUserid(of)
    return match_renames(
        [Absentee(stored=each) for each in absentees],
        answers={each.userid: each for each in answers},
        active={each.member.userid: each for each in (*absentees, *active)},
        claims=[
            RenameClaim(old=Userid(old), new=Userid(new), open_userid=open_userid)
            for old, new in claims
        ],
        hidden=[Userid(each) for each in hidden],
    )


def test_a_claim_is_believed_when_old_refuses_and_new_answers() -> None:
    (rename,) = match(
        stored(member("a"), pk=5), answers=[member("b")], claims=[("a", "b")]
    )

    assert rename.path == ("a", "b")
    assert rename.into is None
    assert rename.result == stored(member("b"), pk=5, aliases=["a"])
    assert [each.reason for each in rename.decide()] == [Reason.USERID_CLAIMED]


def test_a_claim_is_not_believed_when_new_refuses() -> None:
    assert match(stored(member("a")), claims=[("a", "b")]) == ()


def test_a_claim_is_not_believed_when_old_answers() -> None:
    both = [member("a"), member("b")]

    renames = match(answers=both, claims=[("a", "b")], active=[stored(member("a"))])

    assert renames == ()


def test_a_chain_of_claims_is_followed_to_who_answers() -> None:
    (rename,) = match(
        stored(member("a")),
        answers=[member("c")],
        claims=[("b", "c"), ("a", "b")],
    )

    assert rename.path == ("a", "b", "c")
    assert rename.result.aliases == {"a", "b"}
    assert [each.key for each in rename.decide()] == ["member:a", "member:b"]


def test_claims_in_a_circle_lead_nowhere() -> None:
    assert match(stored(member("a")), claims=[("a", "b"), ("b", "a")]) == ()


def test_if_the_new_userid_is_known_the_two_merge_into_the_older() -> None:
    old = stored(member("a", name="before"), pk=9)
    new = stored(member("b", name="after"), pk=3, aliases=["x"])

    (rename,) = match(old, answers=[member("b")], claims=[("a", "b")], active=[new])

    assert rename.into == new
    assert rename.result == stored(member("b", name="after"), pk=3, aliases=["a", "x"])


def test_the_older_keeps_its_surrogate_whichever_end_it_was() -> None:
    result = merged(old=stored(member("a"), pk=3), new=stored(member("b"), pk=9))

    assert result == stored(member("b"), pk=3, aliases=["a"])


def test_everybody_along_a_chain_becomes_one() -> None:
    renames = match(
        stored(member("a"), pk=1),
        stored(member("b"), pk=2),
        answers=[member("c")],
        claims=[("a", "b"), ("b", "c")],
    )

    assert [each.path for each in renames] == [("b", "c"), ("a", "c")]
    assert renames[-1].result == stored(member("c"), pk=1, aliases=["a", "b"])


def test_an_absentee_with_an_equal_open_userid_is_renamed() -> None:
    (rename,) = match(
        stored(member("a", open_userid="o")),
        answers=[member("b", open_userid="o"), member("d", open_userid="p")],
    )

    assert rename.path == ("a", "b")
    assert rename.reason is Reason.SAME_OPEN_USERID


def test_an_open_userid_that_is_not_visible_equals_nothing() -> None:
    renames = match(stored(member("a")), answers=[member("b")])

    assert renames == ()


def test_an_open_userid_that_two_people_show_decides_nothing() -> None:
    renames = match(
        stored(member("a", open_userid="o")),
        answers=[member("b", open_userid="o"), member("c", open_userid="o")],
    )

    assert renames == ()


def test_an_equal_open_userid_goes_before_a_claim() -> None:
    (rename,) = match(
        stored(member("a", open_userid="o")),
        answers=[member("b"), member("c", open_userid="o")],
        claims=[("a", "b")],
    )

    assert rename.path == ("a", "c")


def test_a_claim_and_an_equal_open_userid_say_one_thing() -> None:
    (rename,) = match(
        stored(member("a", open_userid="o")),
        answers=[member("c", open_userid="o")],
        claims=[("a", "b"), ("b", "c")],
    )

    assert rename.path == ("a", "b", "c")
    assert rename.reason is Reason.USERID_CLAIMED


def test_a_claim_onto_somebody_elses_userid_is_not_believed() -> None:
    mine = stored(member("a", open_userid="o"))
    theirs = stored(member("b", open_userid="p"), pk=2)

    renames = match(
        mine,
        answers=[member("b", open_userid="p")],
        claims=[("a", "b")],
        active=[theirs],
    )

    assert renames == ()


def test_a_claim_onto_whom_we_know_as_somebody_else_is_not_believed() -> None:
    renames = match(
        stored(member("a", open_userid="o")),
        answers=[member("b")],
        claims=[("a", "b")],
        active=[stored(member("b", open_userid="p"), pk=2)],
    )

    assert renames == ()


def test_a_claim_about_another_bearer_of_the_userid_is_not_believed() -> None:
    mine = stored(member("a", open_userid="o"))

    renames = match(mine, answers=[member("b")], claims=[("a", "b")], of="p")

    assert renames == ()


def test_whoever_bore_the_new_userid_before_is_no_part_of_it() -> None:
    former = stored(member("b", open_userid="p"), pk=1)

    (rename,) = match(
        stored(member("a", open_userid="o"), pk=2),
        answers=[member("b", open_userid="o")],
        claims=[("a", "b")],
        active=[former],
    )

    assert rename.into is None
    assert rename.result.member_pk == 2


def test_a_claim_is_believed_of_whom_we_may_not_see_under_the_new_userid() -> None:
    (rename,) = match(stored(member("a")), claims=[("a", "b")], hidden=["b"])

    assert rename.path == ("a", "b")


def test_nobody_who_is_gone_comes_back_because_we_may_not_see_them() -> None:
    gone = stored(member("a"), removed=RemovalCause.SCOPE)
    claims = [("a", "b"), ("b", "a")]

    for hidden in (["a"], ["b"], ["a", "b"]):
        found = match_renames(
            [Absentee(stored=gone)],
            answers={},
            active={},
            claims=[RenameClaim(old=Userid(a), new=Userid(b)) for a, b in claims],
            hidden=[Userid(each) for each in hidden],
        )
        assert found == ()


def test_a_removed_member_is_restored_and_then_renamed() -> None:
    gone = stored(member("a"), pk=1, removed=RemovalCause.DELETION)
    new = stored(member("b"), pk=2)

    (rename,) = match_renames(
        [Absentee(stored=gone)],
        answers={Userid("b"): member("b")},
        active={Userid("b"): new},
        claims=[RenameClaim(old=Userid("a"), new=Userid("b"))],
    )

    assert [each.name for each in rename.decide()] == [
        DecisionName.RESTORE_MEMBER,
        DecisionName.RENAME_USERID,
    ]
    assert rename.result == stored(member("b"), pk=1, aliases=["a"])


def test_a_userid_that_another_bears_by_now_is_no_step_of_a_way() -> None:
    first = stored(member("a", open_userid="p"), pk=1)
    second = stored(member("b", open_userid="q"), pk=2)

    renames = match_renames(
        [Absentee(stored=first), Absentee(stored=second)],
        answers={
            Userid("x"): member("x", open_userid="p"),
            Userid("c"): member("c", open_userid="q"),
        },
        active={Userid("a"): first, Userid("b"): second},
        claims=[
            RenameClaim(old=Userid(old), new=Userid(new), open_userid=OpenUserid(of))
            for old, new, of in [("a", "x", "p"), ("b", "x", "q"), ("x", "c", "q")]
        ],
    )

    assert [each.path for each in renames] == [("a", "x"), ("b", "c")]


def paths(turns: Iterable[RenameTurn]) -> list[tuple[str, ...]]:
    return [each.rename.path for each in turns]


def chain(*steps: tuple[str, str]) -> tuple[Rename, ...]:
    """Renames of different people, who are told apart by their open_userid."""
    people = {
        old: stored(member(old, open_userid=f"o{old}"), pk=n)
        for n, (old, _) in enumerate(steps, start=1)
    }
    return match(
        *people.values(),
        answers=[member(new, open_userid=f"o{old}") for old, new in steps],
    )


def bearers(*userids: str) -> dict[Userid, MemberPk]:
    return {Userid(each): MemberPk(n) for n, each in enumerate(userids, start=1)}


def test_a_userid_is_free_once_its_bearer_has_another() -> None:
    turns = in_turn(chain(("a", "b"), ("b", "c")), bearers=bearers("a", "b"))

    assert paths(turns) == [("b", "c"), ("a", "b")]
    assert not any(each.displaces for each in turns)


def test_two_who_swap_their_userids_go_round_in_a_circle() -> None:
    turns = in_turn(chain(("a", "b"), ("b", "a")), bearers=bearers("a", "b"))

    assert paths(turns) == [("a", "b"), ("b", "a")]
    assert [each.displaces for each in turns] == [True, False]


def test_a_tombstone_is_restored_beside_whoever_has_its_userid_already() -> None:
    mover = stored(member("a", open_userid="p"), pk=1)
    gone = stored(member("b", open_userid="q"), pk=2, removed=RemovalCause.SCOPE)
    renames = match_renames(
        [Absentee(stored=mover), Absentee(stored=gone)],
        answers={
            Userid("a"): member("a", open_userid="q"),
            Userid("b"): member("b", open_userid="p"),
        },
        active={Userid("a"): mover},
        claims=[],
    )

    turns = in_turn(renames, bearers=bearers("a"))

    assert paths(turns) == [("a", "b"), ("b", "a")]
    told = [each for turn in turns for each in turn.decisions]
    assert [each.name for each in told] == [
        DecisionName.RENAME_USERID,
        DecisionName.RESTORE_MEMBER,
        DecisionName.RENAME_USERID,
    ]
    there = decide_member(None, mover.member, reason=Reason.EVENT)
    org = replay(
        ReplayLine(decision=each.name, key=each.key, after=each.after)
        for each in (*there, *told)
    )
    assert {who: each.open_userid for who, each in org.members.items()} == {
        "a": "q",
        "b": "p",
    }


def test_nobody_is_renamed_onto_whoever_stays() -> None:
    renames = chain(("a", "b"), ("c", "a"))

    assert in_turn(renames, bearers=bearers("a", "c", "b")) == ()
