"""What cards are made of, with defaults, so that a test names only what it is about."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.items.changes import FieldChange, ItemChange
from domain.items.items import ItemAction, ItemKind
from store.items.facts import ItemFacts
from tapd.item_events import CHINA
from workers.items.cards import CardFrame

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=CHINA)
TITLES = {
    ItemKind.STORY: "登录页支持企业微信扫码",
    ItemKind.BUG: "保存后页面白屏 💥",
    ItemKind.TASK: "Write the migration",
    ItemKind.ITERATION: "2026 第 3 迭代",
}
OWNER = {ItemKind.BUG: "current_owner"}


def frame(language: str = "zh-CN") -> CardFrame:
    """The frame of a batch that is the same each time."""
    return CardFrame(
        public_url="https://sync.example.com",
        batch_id="3f0c1d7e-0000-4000-8000-000000000001",
        language=language,
        zone=ZoneInfo("Asia/Shanghai"),
    )


def changed(name: str, old: str | None, new: str) -> FieldChange:
    """One field."""
    return FieldChange(name=name, old=old, new=new)


def facts(
    kind: ItemKind = ItemKind.STORY,
    action: ItemAction = ItemAction.UPDATE,
    **given: Any,
) -> ItemFacts:
    """What was done to an item, by default to its priority."""
    told = ItemChange(
        action=action,
        at=NOON,
        fields=given.pop("fields", fields_of(kind, action)),
        comment=given.pop("comment", "请 @王五 看一下" if action.is_comment else ""),
        comments=int(action.is_comment),
    )
    values: dict[str, Any] = {
        "kind": kind,
        "item_id": "1148464494001000276",
        "workspace_id": "48464494",
        "workspace": "星河项目",
        "new_task": False,
        "title": TITLES[kind],
        "operator": "张三",
        "change": told,
        "labels": {"priority": "优先级", "custom_field_1": "上线窗口"},
        "statuses": {"planning": "规划中", "status_3": "实现中"},
        "iterations": {"1148464494001000007": "2026 第 3 迭代"},
    }
    return ItemFacts(**{**values, **given})


def fields_of(kind: ItemKind, action: ItemAction) -> tuple[FieldChange, ...]:
    """What typically changes with an action."""
    owner = OWNER.get(kind, "owner")
    moved = {ItemKind.TASK: ("open", "done"), ItemKind.ITERATION: ("open", "done")}
    was, now = moved.get(kind, ("planning", "status_3"))
    if action is ItemAction.CREATE:
        return (changed("status", None, was), changed(owner, None, "李四;王五;"))
    if action is ItemAction.STATUS:
        return (changed("status", was, now), changed(owner, "李四;", "王五;"))
    if action is ItemAction.UPDATE:
        return (
            changed("priority", "2", "4"),
            changed("custom_field_1", "", "周四"),
            changed("iteration_id", "0", "1148464494001000007"),
            changed("description", "<p>旧的描述</p>", "<p>新的 <b>描述</b></p>"),
        )
    return ()
