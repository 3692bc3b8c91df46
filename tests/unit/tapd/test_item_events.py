"""What events say, by shapes as captured from TAPD (values are ours)."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.items.items import ItemAction, ItemEdit, ItemKind
from tapd.item_events import CHINA, NoItem, read_edit
from tapd.webhooks import FOLLOWED, UnreadableItem, read_item_event

ARRIVED = datetime(2026, 3, 2, 13, 0, tzinfo=CHINA)
FLAT: dict[str, Any] = {
    "event": "story::update",
    "event_from": "web",
    "referer": "https://www.tapd.cn/",
    "workspace_id": "11112222",
    "current_user": "张三",
    "id": "1111112222001069123",
    "old_id": "1111112222001069123",
    "old_name": "标题",
    "old_status": "audited",
    "old_owner": "李四;",
    "old_cc": "",
    "old_custom_field_1": "",
    "old_modified": "2026-03-02 11:00:00",
    "new_owner": "王五;",
    "new_modified": "2026-03-02 12:00:00",
    "change_fields": "owner,modified",
    "secret": "s",
    "queue_id": "281818417",
    "event_id": "168601153",
    "created": "2026-03-02 12:00:00",
}
ASSISTANT: dict[str, Any] = {
    "workspace_id": 11112222,
    "user": "张三",
    "object_type": "bug",
    "id": "1111112222001039910",
    "timestamp": 1772424000,
    "timestamp_micro": 1772424000000000,
    "event_key": "bug::update",
    "event_id": "0b0e4a0c-0001",
    "from": "web",
    "auto_task_id": "7",
    "title": "白屏",
    "status": "resolved",
    "current_owner": ["王五"],
    "cc": [],
    "reporter": ["张三"],
    "created": "2025-01-01 08:00:00",
    "current_owner:fromto": {"from": ["李四"], "to": ["王五"]},
    "status:fromto": {"from": "new", "to": "resolved"},
}


def edit_of(fields: dict[str, Any]) -> ItemEdit:
    """The edit of a JSON body."""
    return read_edit(read_item_event(json.dumps(fields).encode()), received_at=ARRIVED)


def test_a_flat_update_tells_all_old_values_and_the_new_ones_that_changed() -> None:
    edit = edit_of(FLAT)

    assert (edit.kind, edit.action) == (ItemKind.STORY, ItemAction.UPDATE)
    assert edit.operator == "张三"
    assert edit.at == datetime(2026, 3, 2, 12, 0, tzinfo=CHINA)
    assert edit.changed == ("owner",)
    assert (edit.before["owner"], edit.after["owner"]) == ("李四;", "王五;")
    assert edit.before["name"] == "标题"
    assert edit.unread == ()


def test_what_the_official_page_leaves_out_is_to_be_read() -> None:
    told = {name: v for name, v in FLAT.items() if not name.startswith("new_")}

    assert edit_of(told).unread == ("owner",)


def test_an_emptied_field_is_a_new_value() -> None:
    edit = edit_of({**FLAT, "new_owner": ""})

    assert edit.after["owner"] == ""
    assert edit.unread == ()


def test_a_status_change_is_about_the_status_whatever_it_lists() -> None:
    told = {**FLAT, "event": "bug::status_change", "change_fields": ""}
    del told["new_owner"], told["new_modified"]

    assert edit_of(told).unread == ("status",)
    assert edit_of({**told, "new_status": "closed"}).changed == ("status",)
    assert edit_of({**told, "status": "closed"}).after["status"] == "closed"


def test_a_creation_tells_present_values_and_nothing_of_itself() -> None:
    edit = edit_of(
        {
            "event": "task::create",
            "workspace_id": "11122233",
            "current_user": "张三",
            "id": "1111122233001116469",
            "name": "任务",
            "owner": "张三;",
            "creator": "张三",
            "status": "open",
            "created": "2026-03-02  11:58:03",
            "secret": "",
            "event_id": "183727534",
        }
    )

    assert edit.after["name"] == "任务"
    assert edit.after["owner"] == "张三;"
    assert "event_id" not in edit.after
    assert edit.at == datetime(2026, 3, 2, 11, 58, 3, tzinfo=CHINA)
    assert edit.changed == ()


def test_a_deletion_tells_neither_title_nor_people() -> None:
    edit = edit_of(
        {
            "event": "bug::delete",
            "workspace_id": "111222333",
            "current_user": "张三",
            "id": "11111222333001039910",
            "op_type": "delete",
            "old_iteration_id": "0",
            "event_id": "183736224",
            "created": "2026-03-02 12:25:29",
        }
    )

    assert edit.action is ItemAction.DELETE
    assert edit.before == {"iteration_id": "0"}


@pytest.mark.parametrize(
    ("done", "action"),
    [
        ("add", ItemAction.COMMENT),
        ("update", ItemAction.COMMENT_UPDATE),
        ("delete", ItemAction.COMMENT_DELETE),
    ],
)
def test_a_comment_is_words_about_the_item_it_stands_under(
    done: str, action: ItemAction
) -> None:
    edit = edit_of(
        {
            "event": f"story_comment::{done}",
            "workspace_id": "111222333",
            "current_user": "张三",
            "id": "11111222333001036003",
            "title": "在状态 [规划中] 添加",
            "description": "<p>hello <b>world</b></p>",
            "author": "张三",
            "entity_id": "11111222333001116468",
            "event_id": "183727896",
            "created": "2026-03-02 12:59:31",
        }
    )

    assert edit.key == (ItemKind.STORY, "11111222333001116468")
    assert edit.action is action
    assert (edit.comment, edit.comment_id) == ("hello world", "11111222333001036003")
    assert edit.after == {}


@pytest.mark.parametrize("nested", [False, True])
def test_the_assistants_first_shape_tells_pairs_and_lists(nested: bool) -> None:
    told = {"event": ASSISTANT, "secret": "s"} if nested else ASSISTANT

    edit = edit_of(told)

    assert edit.key == (ItemKind.BUG, "1111112222001039910")
    assert edit.workspace_id == "11112222"
    assert edit.changed == ("current_owner", "status")
    assert edit.before == {"current_owner": "李四", "status": "new"}
    assert edit.after["current_owner"] == "王五"
    assert edit.after["reporter"] == "张三"
    assert "auto_task_id" not in edit.after
    # Its `created` is the item's, not the event's.
    assert edit.at == datetime.fromtimestamp(1772424000, UTC)


def test_the_assistants_second_shape_tells_old_and_new_apart() -> None:
    plain = {name: v for name, v in ASSISTANT.items() if not name.endswith(":fromto")}
    part = {
        "old": {"status": "new", "current_owner": ["李四"]},
        "new": {"status": "resolved", "current_owner": ["李四"]},
        "user": "赵六",
    }
    del plain["user"]

    edit = edit_of({"event": plain, "events": {"bug::update": part}})

    assert edit.changed == ("status",)
    assert edit.operator == "赵六"


def test_the_assistants_comments_say_by_a_field_of_their_own_what_was_done() -> None:
    told = {
        **ASSISTANT,
        "event_key": "story::comment",
        "sub_event": "update",
        "description": "<p>x</p>",
    }

    event = read_item_event(json.dumps(told).encode())

    assert event.kind == "story_comment::update"
    assert event.item_id == ASSISTANT["id"]


def test_noise_is_no_change() -> None:
    told = {**FLAT, "change_fields": "modified,sort,path,level,children_id,ancestor_id"}

    assert edit_of(told).changed == ()


def test_a_time_from_the_future_counts_as_the_arrival() -> None:
    assert edit_of({**FLAT, "created": "2099-01-01 00:00:00"}).at == ARRIVED


@pytest.mark.parametrize("created", ["", "soon", "2026-02-31 00:00:00", "0000-00-00"])
def test_a_time_that_is_none_is_left_out(created: str) -> None:
    assert edit_of({**FLAT, "created": created}).at is None


@pytest.mark.parametrize(
    "wrong",
    [{"id": ""}, {"id": "x"}, {"id": "1" * 65}, {"workspace_id": ""}, {"id": "1/2"}],
)
def test_an_item_that_could_not_exist_is_none(wrong: dict[str, str]) -> None:
    event = read_item_event(json.dumps({**FLAT, **wrong}).encode())

    with pytest.raises(NoItem):
        read_edit(event, received_at=ARRIVED)


def test_numbers_stay_exact_however_long() -> None:
    body = json.dumps({**FLAT, "id": "@"}).replace('"@"', "9" * 40).encode()

    assert read_item_event(body).item_id == "9" * 40


def test_every_followed_event_is_read() -> None:
    for kind in sorted(FOLLOWED):
        edit = edit_of({**FLAT, "event": kind, "entity_id": "9"})
        assert edit.event == kind


@pytest.mark.parametrize(
    "body", [b"hello", b"[]", b"<xml/>", b'"text"', b"{", b'{"a"', b"\xff\xfe"]
)
def test_what_is_no_form_of_tapds_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableItem):
        read_item_event(body)


def test_the_kept_body_reads_as_the_first_one_did() -> None:
    for told in (FLAT, ASSISTANT, {"event": ASSISTANT, "secret": "s"}):
        event = read_item_event(json.dumps(told).encode())
        again = read_item_event(event.kept())

        assert read_edit(again, received_at=ARRIVED) == read_edit(
            event, received_at=ARRIVED
        )
        assert (again.secret, again.identity) == ("", event.identity)


@pytest.mark.parametrize("timestamp", [None, 0, 1, -1, 86_400, "", "soon", 10**18])
@pytest.mark.parametrize(
    "created",
    ["", "0000-00-00 00:00:00", "0001-01-01 00:00:00", "1970-01-01 08:00:00"],
)
def test_a_moment_before_there_was_tapd_is_none(
    timestamp: object, created: str
) -> None:
    body = {
        "event_key": "story::create",
        "workspace_id": "48464494",
        "id": "1148464494001000276",
        "timestamp": timestamp,
        "created": created,
    }

    event = read_item_event(json.dumps(body).encode())

    assert read_edit(event, received_at=ARRIVED).at is None


@pytest.mark.parametrize(
    "timestamp", [1772424000, "1772424000", 1772424000123, "1772424000.5"]
)
def test_the_moment_of_an_automation_may_be_in_seconds_or_finer(
    timestamp: object,
) -> None:
    body = {
        "event_key": "story::create",
        "workspace_id": "48464494",
        "id": "1148464494001000276",
        "timestamp": timestamp,
        "created": "2020-01-01 00:00:00",
    }

    event = read_item_event(json.dumps(body).encode())

    said = read_edit(event, received_at=datetime(2030, 1, 1, tzinfo=UTC))
    assert said.at == datetime.fromtimestamp(1772424000, UTC)
