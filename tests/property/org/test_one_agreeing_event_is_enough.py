"""An answer is late only when every event of the newest second contradicts it."""

from hypothesis import given
from hypothesis import strategies as st

from domain.events.fold import Mail, fold
from domain.events.lateness import AnswerSight, member_is_late
from domain.ids import DepartmentId, Userid
from domain.org.org import Member
from tests.support.values.builders import mail
from tests.support.values.strategies import batches, members

SIGHT = AnswerSight(
    auth_mode=0,
    listed=frozenset(map(DepartmentId, range(1, 13))),
    usable=frozenset(map(DepartmentId, range(1, 7))),
)

answered = st.dictionaries(
    st.sampled_from([Userid("woA"), Userid("woB"), Userid("woC")]), members
)


def late(latest: list[Mail], answers: dict[Userid, Member]) -> bool:
    return member_is_late(latest, answers=answers, sight=SIGHT)


@given(batches, answered)
def test_late_means_that_each_event_alone_would_be_late(
    said: list[Mail], answers: dict[Userid, Member]
) -> None:
    for key, latest in fold(said).latest.items():
        if key.startswith("member:"):
            alone = [late([each], answers) for each in latest]
            assert late(list(latest), answers) is all(alone)


@given(batches, answered)
def test_an_event_of_an_older_second_has_no_say(
    said: list[Mail], answers: dict[Userid, Member]
) -> None:
    older = [
        mail("delete_user", about=each, event_id=number, second=-1)
        for number, each in ((0, "member:woA"), (-1, "member:woB"))
    ]

    alone, joined = fold(said).latest, fold([*said, *older]).latest

    assert {key: joined[key] for key in alone} == alone


@given(st.none() | members)
def test_created_and_deleted_in_one_second_agrees_with_any_answer(
    answer: Member | None,
) -> None:
    both = [
        mail("create_user", about="member:woA"),
        mail("delete_user", about="member:woA"),
    ]
    answers = {} if answer is None else {Userid("woA"): answer}

    assert not late(both, answers)
