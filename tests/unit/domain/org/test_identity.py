"""Who is who by open_userid, as far as it is known."""

from domain.ids import OpenUserid
from domain.org.identity import are_one, are_two, is_handed_on, recognised
from tests.support.values.builders import member, stored

MINE, THEIRS = OpenUserid("o"), OpenUserid("p")


def test_only_known_open_userids_say_anything() -> None:
    assert are_two(MINE, THEIRS)
    assert not are_two(MINE, MINE)
    assert not are_two(MINE, None)
    assert are_one(MINE, MINE)
    assert not are_one(None, None)


def test_a_userid_is_handed_on_to_whoever_shows_another_open_userid() -> None:
    known = stored(member("a", open_userid="o"))

    assert is_handed_on(known, member("a", open_userid="p"))
    assert not is_handed_on(known, member("a", open_userid="o"))
    assert not is_handed_on(known, member("a"))
    assert not is_handed_on(known, member("b", open_userid="p"))


def test_an_answer_that_does_not_show_it_makes_nobody_forgotten() -> None:
    known = stored(member("a", open_userid="o"))

    assert recognised(known, member("a")).open_userid == "o"
    assert recognised(None, member("a")).open_userid is None
