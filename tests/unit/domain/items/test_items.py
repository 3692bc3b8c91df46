"""What is remembered of an item, in whatever order its events come."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.items.items import (
    ItemAction,
    ItemEdit,
    ItemKind,
    ItemState,
    fields_after,
    fields_before,
    learn,
    split_nicks,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def edit(
    action: ItemAction = ItemAction.UPDATE, *, second: int | None = 0, **given: Any
) -> ItemEdit:
    """An edit of a story."""
    values: dict[str, Any] = {"before": {}, "after": {}, **given}
    return ItemEdit(
        event_id="1",
        event=f"story::{action}",
        kind=ItemKind.STORY,
        item_id="1",
        workspace_id="2",
        action=action,
        operator="张三",
        at=None if second is None else NOON + timedelta(seconds=second),
        **values,
    )


def state(*edits: ItemEdit) -> ItemState:
    """What is remembered after these, in this order of arrival."""
    known: ItemState | None = None
    for each in edits:
        known = learn(known, each)
    assert known is not None
    return known


def test_an_update_that_comes_before_its_creation_keeps_its_values() -> None:
    create = edit(ItemAction.CREATE, after={"name": "旧", "owner": "a;", "cc": "c;"})
    update = edit(after={"name": "新"}, before={"owner": "a;"}, changed=("name",))

    assert state(create, update).fields == state(update, create).fields
    assert state(update, create).fields["name"] == "新"
    assert state(update, create).fields["cc"] == "c;"


def test_an_older_event_tells_only_what_newer_ones_left_out() -> None:
    late = edit(second=0, after={"name": "旧", "cc": "c;"})
    early = edit(second=5, after={"name": "新"})

    assert state(early, late).fields == {"name": "新", "cc": "c;"}


def test_of_one_second_the_edit_that_began_where_another_ended_is_the_later() -> None:
    first = edit(before={"status": "a"}, after={"status": "b"}, changed=("status",))
    second = edit(before={"status": "b"}, after={"status": "c"}, changed=("status",))

    assert state(first, second).fields["status"] == "c"
    assert state(second, first).fields["status"] == "c"


def test_a_deleted_item_keeps_what_it_was_called() -> None:
    known = state(edit(after={"name": "标题"}), edit(ItemAction.DELETE, second=9))

    assert known.deleted
    assert known.title(ItemKind.STORY) == "标题"


def test_an_event_without_a_time_counts_as_the_newest() -> None:
    known = state(edit(after={"name": "旧"}), edit(second=None, after={"name": "新"}))

    assert known.fields["name"] == "新"
    assert known.said_at == NOON


def test_only_what_is_needed_to_tell_of_it_is_remembered() -> None:
    known = state(
        edit(after={"name": "a", "description": "x" * 9, "custom_field_1": "1"})
    )

    assert known.fields == {"name": "a"}


def test_what_an_edit_left_alone_is_not_before_it() -> None:
    known = state(edit(after={"owner": "a;", "cc": "c;"}))
    next_edit = edit(second=1, after={"owner": "b;"}, changed=("owner",))

    assert fields_before(known, next_edit) == {"owner": "a;"}
    assert fields_after(known, next_edit) == {"owner": "b;", "cc": "c;"}


def test_present_values_alone_show_what_changed_beside_what_is_remembered() -> None:
    known = state(edit(after={"name": "旧", "owner": "a;"}))
    shown = edit(second=1, after={"name": "新", "owner": "a;", "odd": "1"})

    assert shown.changing(known).changed == ("name",)
    assert shown.changing(None).changed == ()


def test_what_tapd_answers_fills_only_what_was_not_said() -> None:
    asked = edit(after={"name": "新"}, changed=("name", "due")).read(
        {"name": "更新", "due": "2026-03-03", "owner": "a;", "odd": "1"}
    )

    assert asked.after == {"name": "新", "due": "2026-03-03", "owner": "a;"}
    assert asked.unread == ()


@pytest.mark.parametrize(
    ("people", "nicks"),
    [
        ("张三;", ["张三"]),
        ("张三;李四", ["张三", "李四"]),
        (" 张三 ; ;李四;;", ["张三", "李四"]),
        ("", []),
        (";;", []),
        ("a;b;a;", ["a", "b"]),
        ("<b>x</b>;👩‍🚀;", ["<b>x</b>", "👩‍🚀"]),
    ],
)
def test_people_are_parted_at_semicolons(people: str, nicks: list[str]) -> None:
    assert split_nicks(people) == nicks


def test_a_nick_that_holds_a_semicolon_is_found_where_it_is_known() -> None:
    odd = frozenset({"a;b"})

    assert split_nicks("x;a;b;c;", odd=odd) == ["x", "a;b", "c"]
    assert split_nicks("a;b", odd=odd) == ["a;b"]
    assert split_nicks("a;c", odd=odd) == ["a", "c"]
