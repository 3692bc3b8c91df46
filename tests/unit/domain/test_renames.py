"""When someone gone and someone new are one person."""

from collections.abc import Iterable

from domain.fold import RenameClaim
from domain.ids import Userid
from domain.org import Member, StoredMember
from domain.reasons import Reason
from domain.renames import Absentee, Rename, match_renames, merged
from tests.support.builders import member, stored


def match(
    *absentees: StoredMember,
    answers: Iterable[Member] = (),
    claims: Iterable[tuple[str, str]] = (),
    active: Iterable[StoredMember] = (),
    confirmed: bool = False,
) -> tuple[Rename, ...]:
    return match_renames(
        [Absentee(stored=each, confirmed=confirmed) for each in absentees],
        answers={each.userid: each for each in answers},
        active={each.member.userid: each for each in (*absentees, *active)},
        claims=[RenameClaim(old=Userid(old), new=Userid(new)) for old, new in claims],
    )


def test_a_claim_is_believed_when_old_refuses_and_new_answers() -> None:
    (rename,) = match(
        stored(member("a"), pk=5), answers=[member("b")], claims=[("a", "b")]
    )

    assert rename.path == ("a", "b")
    assert rename.into is None
    assert rename.result == stored(member("b"), pk=5, aliases=["a"])
    assert [each.reason for each in rename.decisions] == [Reason.USERID_CLAIMED]


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
    assert [each.key for each in rename.decisions] == ["member:a", "member:b"]


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


def test_a_confirmed_absentee_with_an_equal_open_userid_is_renamed() -> None:
    (rename,) = match(
        stored(member("a", open_userid="o")),
        answers=[member("b", open_userid="o"), member("d", open_userid="p")],
        confirmed=True,
    )

    assert rename.path == ("a", "b")
    assert rename.reason is Reason.SAME_OPEN_USERID


def test_an_unconfirmed_absentee_is_not_known_by_open_userid() -> None:
    renames = match(
        stored(member("a", open_userid="o")), answers=[member("b", open_userid="o")]
    )

    assert renames == ()


def test_an_open_userid_that_is_not_visible_equals_nothing() -> None:
    renames = match(stored(member("a")), answers=[member("b")], confirmed=True)

    assert renames == ()


def test_an_open_userid_that_two_people_show_decides_nothing() -> None:
    renames = match(
        stored(member("a", open_userid="o")),
        answers=[member("b", open_userid="o"), member("c", open_userid="o")],
        confirmed=True,
    )

    assert renames == ()


def test_a_claim_goes_before_an_open_userid() -> None:
    (rename,) = match(
        stored(member("a", open_userid="o")),
        answers=[member("b"), member("c", open_userid="o")],
        claims=[("a", "b")],
        confirmed=True,
    )

    assert rename.path == ("a", "b")
