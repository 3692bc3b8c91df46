"""Many events become one change: the last state, the first old value, nothing twice."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.items.changes import (
    VALUE_CHARS,
    FieldChange,
    Utterance,
    fold,
    is_told,
    unsaid,
    utter,
)
from domain.items.items import ItemAction
from tests.unit.domain.items.test_items import edit, state

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def said(
    *fields: tuple[str, str | None, str],
    second: int = 0,
    action: ItemAction = ItemAction.UPDATE,
    comment: str = "",
) -> Utterance:
    """Something said so many seconds past noon."""
    return Utterance(
        action=action,
        at=NOON + timedelta(seconds=second),
        fields=tuple(FieldChange(name=n, old=old, new=new) for n, old, new in fields),
        comment=comment,
        comment_id=comment,
    )


def test_the_last_state_wins_and_the_first_old_value_is_kept() -> None:
    change = fold(
        [
            said(("priority", "1", "2"), second=1),
            said(("priority", "2", "3"), ("due", "", "5"), second=2),
        ]
    )

    assert change.fields == (
        FieldChange(name="priority", old="1", new="3"),
        FieldChange(name="due", old="", new="5"),
    )


@given(st.permutations(range(4)))
def test_the_order_of_arrival_does_not_matter(order: list[int]) -> None:
    steps = [said(("status", str(n), str(n + 1)), second=n) for n in range(4)]

    assert fold([steps[n] for n in order]) == fold(steps)


@given(st.permutations(range(4)))
def test_edits_of_one_second_follow_each_other_by_their_values(
    order: list[int],
) -> None:
    steps = [said(("status", str(n), str(n + 1)), ("due", "", "1")) for n in range(4)]

    told = {each.name: each for each in fold([steps[n] for n in order]).fields}

    assert (told["status"].old, told["status"].new) == ("0", "4")


def test_what_was_put_back_is_not_told() -> None:
    change = fold([said(("a", "1", "2")), said(("a", "2", "1"), second=1)])

    assert change.says_nothing


def test_the_weightiest_action_names_the_change() -> None:
    create = said(action=ItemAction.CREATE)
    comment = said(action=ItemAction.COMMENT, comment="x", second=1)
    moved = said(("status", "a", "b"), action=ItemAction.STATUS, second=2)

    assert fold([comment, moved]).action is ItemAction.STATUS
    assert fold([moved, comment, create]).action is ItemAction.CREATE
    assert fold([comment]).action is ItemAction.COMMENT
    assert fold([moved, comment]).comment == "x"


def test_nothing_makes_no_change() -> None:
    with pytest.raises(ValueError, match="an utterance"):
        fold([])


@pytest.mark.parametrize("apart", [0, 1, 2])
def test_equal_words_of_one_moment_are_one(apart: int) -> None:
    first = said(("status", "a", "b"), ("owner", "x", "y"))
    again = said(("status", "a", "b"), action=ItemAction.STATUS, second=apart)

    assert unsaid([first], again) is None
    assert is_told([first], again)


def test_what_is_done_again_later_is_news() -> None:
    first = said(("status", "a", "b"))
    later = said(("status", "a", "b"), second=30)

    assert unsaid([first], later) == later


def test_of_a_second_event_only_what_is_new_is_said() -> None:
    moved = said(("status", "a", "b"), action=ItemAction.STATUS)
    whole = said(("status", "a", "b"), ("owner", "x", "y"))

    rest = unsaid([moved], whole)

    assert rest is not None
    assert [each.name for each in rest.fields] == ["owner"]


@pytest.mark.parametrize("action", [ItemAction.CREATE, ItemAction.DELETE])
def test_an_item_is_made_and_deleted_once(action: ItemAction) -> None:
    once = said(action=action)

    assert unsaid([once], said(action=action, second=1)) is None


def test_a_creation_that_tells_more_is_no_second_one() -> None:
    once = said(action=ItemAction.CREATE)
    more = said(("owner", None, "x"), action=ItemAction.CREATE)

    assert unsaid([once], more) is None


def test_two_comments_are_two_and_a_repeated_one_is_one() -> None:
    first = said(action=ItemAction.COMMENT, comment="a")

    assert unsaid([first], said(action=ItemAction.COMMENT, comment="b")) is not None
    assert unsaid([first], said(action=ItemAction.COMMENT, comment="a")) is None


def test_an_update_that_changes_the_status_is_a_change_of_status() -> None:
    moved = edit(before={"status": "a"}, after={"status": "b"}, changed=("status",))

    assert utter(moved, None).action is ItemAction.STATUS


def test_an_old_value_that_the_event_leaves_out_comes_from_what_is_remembered() -> None:
    known = state(edit(after={"status": "a"}))
    moved = edit(ItemAction.STATUS, after={"status": "b"}, changed=("status",))

    assert utter(moved, known).fields == (FieldChange(name="status", old="a", new="b"),)


def test_a_people_list_that_only_ends_otherwise_has_not_changed() -> None:
    same = edit(before={"cc": "a;b"}, after={"cc": "a;b;"}, changed=("cc",))

    assert utter(same, None).fields == ()


def test_long_texts_are_kept_from_where_they_differ() -> None:
    before, after = "同" * 5_000 + "旧", "同" * 5_000 + "新"
    changed = edit(
        before={"description": before},
        after={"description": after},
        changed=("description",),
    )

    [field] = utter(changed, None).fields

    assert field.old is not None
    assert field.old.endswith("旧")
    assert field.new.endswith("新")
    assert len(field.new) <= VALUE_CHARS


def test_a_new_item_is_shown_with_what_it_has() -> None:
    made = edit(
        ItemAction.CREATE,
        after={"owner": "a;", "status": "new", "iteration_id": "0", "due": ""},
    )

    assert utter(made, None).fields == (
        FieldChange(name="status", old=None, new="new"),
        FieldChange(name="owner", old=None, new="a;"),
    )
