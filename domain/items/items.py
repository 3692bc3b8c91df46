"""Items of TAPD: what an event says of one, and what is remembered of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class ItemKind(StrEnum):
    """What people in TAPD work on."""

    STORY = "story"
    BUG = "bug"
    TASK = "task"
    ITERATION = "iteration"


class ItemAction(StrEnum):
    """What was done to an item; the comments are somebody's words about it."""

    CREATE = "create"
    UPDATE = "update"
    STATUS = "status_change"
    DELETE = "delete"
    COMMENT = "comment"
    COMMENT_UPDATE = "comment_update"
    COMMENT_DELETE = "comment_delete"

    @property
    def is_comment(self) -> bool:
        """Whether the item itself stays as it was."""
        return self in _COMMENTS


_COMMENTS = frozenset(
    {ItemAction.COMMENT, ItemAction.COMMENT_UPDATE, ItemAction.COMMENT_DELETE}
)
# What each kind calls the same thing.
TITLE: Mapping[ItemKind, str] = {
    ItemKind.STORY: "name",
    ItemKind.BUG: "title",
    ItemKind.TASK: "name",
    ItemKind.ITERATION: "name",
}
OWNERS = ("owner", "current_owner")
CREATORS = ("creator", "reporter")
PEOPLE = (*OWNERS, "cc", "follower", *CREATORS, "participator")
STATUS = "status"
# What people change by hand and hear of, each as short as a word.
WATCHED = (
    *dict.fromkeys(TITLE.values()),
    *PEOPLE,
    STATUS,
    "priority",
    "severity",
    "begin",
    "due",
    "deadline",
    "startdate",
    "enddate",
    "iteration_id",
)
# What is kept of an item: enough to tell of it when an event leaves that out, and to
# find out what no event has told.
REMEMBERED = frozenset({*WATCHED, "workitem_type_id"})
# Changes that nobody made by hand (TAPD's webhook page), and texts that say the same
# as another field.
NOISE = frozenset(
    {
        "modified",
        "modifier",
        "lastmodify",
        "sort",
        "path",
        "ancestor_id",
        "children_id",
        "level",
        "markdown_description",
        "description_type",
        "crucial_moment",
        "version",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemEdit:
    """What one event tells of one item.

    Shape: `before` holds values from before the edit, `after` those that hold since,
        both by TAPD's own names; `changed` in TAPD's order, without noise. A comment's
        text is plain.
    """

    event_id: str
    event: str
    kind: ItemKind
    item_id: str
    workspace_id: str
    action: ItemAction
    operator: str
    at: datetime | None
    before: Mapping[str, str]
    after: Mapping[str, str]
    changed: tuple[str, ...] = ()
    comment_id: str = ""
    comment: str = ""

    @property
    def key(self) -> tuple[ItemKind, str]:
        """Which item."""
        return self.kind, self.item_id

    @property
    def unread(self) -> tuple[str, ...]:
        """Fields that changed without the event saying into what."""
        return tuple(each for each in self.changed if each not in self.after)

    def read(self, fields: Mapping[str, str]) -> "ItemEdit":
        """The same with what TAPD answered about the item now."""
        wanted = REMEMBERED | set(self.unread)
        told = {name: fields[name] for name in wanted if name in fields}
        return replace(self, after={**told, **self.after})

    def changing(self, state: "ItemState | None") -> "ItemEdit":
        """The same, naming what changed where the event shows the present alone."""
        if state is None or self.changed or self.action is not ItemAction.UPDATE:
            return self
        changed = tuple(
            name
            for name, value in self.after.items()
            if name in state.fields and state.fields[name] != value
        )
        return replace(self, changed=changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemState:
    """What is remembered of an item.

    Shape: `said_at` is the time of the newest event that told it, by TAPD's clock.
    """

    workspace_id: str
    fields: Mapping[str, str]
    said_at: datetime | None
    deleted: bool = False

    def title(self, kind: ItemKind) -> str:
        """What it is called; empty when nobody has told."""
        return self.fields.get(TITLE[kind], "")


def learn(state: ItemState | None, edit: ItemEdit) -> ItemState:
    """What is known of the item after an event, in whatever order events come.

    An older event tells only what newer ones left out; a creation is older than what
    was done in its second.
    """
    both = {**edit.before, **edit.after}
    told: Mapping[str, str] = {
        name: value for name, value in both.items() if name in REMEMBERED
    }
    if state is None:
        return ItemState(
            workspace_id=edit.workspace_id,
            fields=told,
            said_at=edit.at,
            deleted=edit.action is ItemAction.DELETE,
        )
    if _is_older(edit, state):
        return replace(state, fields={**told, **state.fields})
    if edit.at is not None and edit.at == state.said_at:
        told = _chained(edit, state, told)
    return ItemState(
        workspace_id=edit.workspace_id or state.workspace_id,
        fields={**state.fields, **told},
        said_at=edit.at or state.said_at,
        deleted=state.deleted or edit.action is ItemAction.DELETE,
    )


def fields_before(state: ItemState | None, edit: ItemEdit) -> Mapping[str, str]:
    """What the edit changed, as it was before; what it left alone is not in it."""
    kept = {} if state is None else state.fields
    known = {**kept, **edit.before}
    return {name: known[name] for name in edit.changed if name in known}


def fields_after(state: ItemState | None, edit: ItemEdit) -> Mapping[str, str]:
    """What is known of the item since the edit."""
    kept = {} if state is None else state.fields
    return {**kept, **edit.before, **edit.after}


def order_of(edit: ItemEdit) -> tuple[float, int]:
    """By which edits are put in the order in which they were made."""
    moment = edit.at.timestamp() if edit.at else float("inf")
    return moment, _RANK.get(edit.action, 1)


_RANK = {ItemAction.CREATE: 0, ItemAction.DELETE: 2}


def differing(state: ItemState, present: Mapping[str, str]) -> tuple[str, ...]:
    """The watched fields whose present value is not the one that is remembered.

    What is not remembered, or not told, says nothing.
    """
    return tuple(
        name
        for name in WATCHED
        if name in state.fields
        and name in present
        and _plain_value(name, state.fields[name]) != _plain_value(name, present[name])
    )


def _plain_value(name: str, value: str) -> object:
    if name in PEOPLE:
        return sorted(split_nicks(value))
    text = value.strip()
    return "" if text in {"0", "0000-00-00"} else text


def split_nicks(people: str, *, odd: frozenset[str] = frozenset()) -> list[str]:
    """The nicks of a people field, each once, in their order.

    Shape: TAPD joins nicks by `;` and mostly ends with one; `odd` are known nicks that
        hold a `;` themselves, the longest first found.
    """
    parts = [each.strip() for each in people.split(";")]
    nicks: dict[str, None] = {}
    start = 0
    while start < len(parts):
        end = _end_of_odd(parts, start, odd)
        nick = ";".join(parts[start:end])
        if nick:
            nicks[nick] = None
        start = end
    return list(nicks)


def _end_of_odd(parts: list[str], start: int, odd: frozenset[str]) -> int:
    if odd:
        for end in range(len(parts), start + 1, -1):
            if ";".join(parts[start:end]) in odd:
                return end
    return start + 1


def _chained(
    edit: ItemEdit, state: ItemState, told: Mapping[str, str]
) -> Mapping[str, str]:
    """Of two edits of one second the one that began from the other's end came later."""
    known = state.fields
    return {
        name: value
        for name, value in told.items()
        if name not in known
        or (name in edit.changed and edit.before.get(name, known[name]) == known[name])
    }


def _is_older(edit: ItemEdit, state: ItemState) -> bool:
    if edit.action is ItemAction.CREATE:
        return state.said_at is None or edit.at is None or edit.at <= state.said_at
    if edit.at is None or state.said_at is None:
        return False
    return edit.at < state.said_at
