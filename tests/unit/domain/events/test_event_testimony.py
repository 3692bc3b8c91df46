"""What events said of a person: what is kept, and when it contradicts an answer."""

from collections.abc import Sequence
from typing import Any

from domain.events.event_testimony import (
    deleted_of,
    deletion_stands,
    names_bearer,
    person_is_late,
    worth_keeping,
)
from domain.events.fold import Mail, fold
from domain.events.lateness import AnswerSight
from domain.ids import Userid
from domain.org.org import Member
from tests.support.values.builders import mail, member, stored

A = Userid("a")
SIGHT = AnswerSight(auth_mode=0, listed=frozenset(), usable=frozenset())


def of_a(change: str = "update_user", *, second: int = 1, **hint: Any) -> Mail:
    return mail(change, about="member:a", event_id=second, second=second, **hint)


def is_late(
    *said: Mail, answers: Sequence[Member], former: bool = False, known: bool = False
) -> bool:
    batch = fold(said)
    return person_is_late(
        batch.latest[said[0].key],
        said=batch.said[A],
        answers={each.userid: each for each in answers},
        sight=SIGHT,
        claims=batch.claims,
        is_former=former,
        is_known=known,
    )


def test_of_each_thing_said_the_newest_is_kept() -> None:
    said = [
        of_a("delete_user", second=1),
        of_a(second=2, status=1),
        of_a(second=3, status=2),
        of_a(second=4),
    ]

    assert [each.second for each in worth_keeping(said)] == [
        said[0].second,
        said[2].second,
    ]


def test_a_deletion_is_of_its_person_and_of_no_later_bearer() -> None:
    batch = fold([of_a("delete_user", open_userid="o")])

    assert deleted_of(batch.said, {A: stored(member("a", open_userid="o"))}) == {A}
    assert deleted_of(batch.said, {A: stored(member("a", open_userid="p"))}) == set()
    assert deleted_of(batch.said, {A: stored(member("a"))}) == {A}


def test_a_deletion_stands_until_a_later_word_of_a_return() -> None:
    deletion = of_a("delete_user", second=1)

    assert deletion_stands([deletion, of_a(second=2)], member("a"))
    assert not deletion_stands([deletion, of_a("create_user", second=2)], member("a"))
    assert not deletion_stands([deletion], None)


def test_a_deletion_of_somebody_else_contradicts_nobody() -> None:
    said = [of_a("delete_user", open_userid="p")]

    assert not deletion_stands(said, member("a", open_userid="o"))


def test_an_event_names_the_bearer_unless_it_tells_of_their_end() -> None:
    bearer = member("a", open_userid="o")

    assert names_bearer([of_a("create_user", open_userid="o")], bearer)
    assert not names_bearer([of_a("delete_user", open_userid="o")], bearer)
    assert not names_bearer([of_a()], bearer)


def test_an_answer_about_another_person_is_late_for_whoever_was_created() -> None:
    created = of_a("create_user", open_userid="p")

    assert is_late(created, answers=[member("a", open_userid="o")])
    assert not is_late(created, answers=[member("a", open_userid="p")])


def test_a_claim_that_others_lead_on_is_not_late() -> None:
    first = of_a(new_userid="b")
    second = mail("update_user", about="member:b", event_id=9, new_userid="c")

    assert not is_late(first, second, answers=[member("c")])
    assert is_late(first, answers=[])


def test_a_refusal_does_not_contradict_a_mere_update_of_somebody_known() -> None:
    assert not is_late(of_a(), answers=[], known=True)
    assert is_late(of_a(), answers=[], known=False)
    assert is_late(of_a("create_user"), answers=[], known=True)


def test_late_news_of_a_former_userid_is_no_news_unless_somebody_new_bears_it() -> None:
    assert not is_late(of_a(), answers=[], former=True)
    assert is_late(of_a("create_user"), answers=[], former=True)
