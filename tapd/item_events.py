"""What an item event of any form says: one edit, with values before and after it.

Source: TAPD's webhook page; bodies of the automation assistant as captured.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from domain.items.items import NOISE, ItemAction, ItemEdit, ItemKind
from domain.plain_text import text_of_html
from tapd.webhooks import ItemEvent, inner

# TAPD writes times without their zone; China's is assumed.
CHINA = timezone(timedelta(hours=8))

_TIME = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)[ T]+(\d\d?):(\d\d):(\d\d)")
# Nothing was ever said in TAPD before: an empty time, or a clock that begins in 1970.
_OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
_ID = re.compile(r"[0-9]{1,64}")
_COUNTED = re.compile(r"([0-9]{1,10})(?:[0-9]{3}|\.[0-9]+)?")
_FROM_TO = ":fromto"
# What an event says about itself rather than about the item.
_ABOUT = frozenset(
    {
        "event",
        "events",
        "event_from",
        "event_id",
        "event_key",
        "event_identity",
        "parent_event_id",
        "sub_event",
        "referer",
        "workspace_id",
        "current_user",
        "user",
        "from",
        "object_type",
        "timestamp",
        "timestamp_micro",
        "secret",
        "queue_id",
        "app_id",
        "rio_token",
        "devproxy_host",
        "change_fields",
        "op_type",
        "id",
    }
)
_COMMENT_ACTIONS = {
    "add": ItemAction.COMMENT,
    "update": ItemAction.COMMENT_UPDATE,
    "delete": ItemAction.COMMENT_DELETE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """Values before and after an edit, and which of them it changed."""

    before: Mapping[str, str]
    after: Mapping[str, str]
    changed: tuple[str, ...] = ()


_NOTHING = _Said(before={}, after={})


class NoItem(Exception):
    """An event that names no item or workspace that could exist."""


def read_edit(event: ItemEvent, *, received_at: datetime) -> ItemEdit:
    """The edit that a followed event tells of.

    Shape: a time from the future counts as the time of its arrival.
    Raises: NoItem.
    """
    flat = {**event.fields, **inner(event.fields)}
    workspace_id = _plain(flat.get("workspace_id"))
    if not (_ID.fullmatch(event.item_id) and _ID.fullmatch(workspace_id)):
        raise NoItem(event.kind)
    of, _, done = event.kind.partition("::")
    is_comment = of.endswith("_comment")
    said = _NOTHING if is_comment else _values(event, flat)
    return ItemEdit(
        event_id=event.event_id,
        event=event.kind,
        kind=ItemKind(event.item),
        item_id=event.item_id,
        workspace_id=workspace_id,
        action=_COMMENT_ACTIONS[done] if is_comment else ItemAction(done),
        operator=_operator(event, flat),
        at=_moment(flat, received_at),
        before=said.before,
        after=said.after,
        changed=said.changed,
        comment_id=_comment_id(flat) if is_comment else "",
        comment=text_of_html(_plain(flat.get("description"))) if is_comment else "",
    )


def to_text(value: object) -> str:
    """A value as text: people and options may come as a list."""
    if isinstance(value, list):
        return ";".join(_plain(each) for each in value)
    return _plain(value)


def _comment_id(flat: Mapping[str, Any]) -> str:
    return _plain(flat.get("comment_id")) or _plain(flat.get("id"))


def _values(event: ItemEvent, flat: Mapping[str, Any]) -> _Said:
    done = event.kind.partition("::")[2]
    is_change = done in {"update", "status_change"}
    if (parts := _parts(event)) is not None:
        old, new = parts
        changed = [each for each in new if new[each] != old.get(each)]
        return _said(old, {**_unprefixed(flat), **new}, changed if is_change else ())
    pairs = {
        name.removesuffix(_FROM_TO): value
        for name, value in flat.items()
        if name.endswith(_FROM_TO) and isinstance(value, dict)
    }
    if pairs:
        return _from_to(flat, pairs)
    before, after = _prefixed(flat, "old_"), _prefixed(flat, "new_")
    if not is_change:
        return _said(before, {**_unprefixed(flat), **after}, ())
    named = [each.strip() for each in _plain(flat.get("change_fields")).split(",")]
    changed = [each for each in named if each] or list(after)
    current = _unprefixed(flat) if "event_key" in flat else {}
    if done == "status_change":
        # It says by its name alone what it is about.
        changed = changed or ["status"]
        current |= {k: v for k, v in _unprefixed(flat).items() if k == "status"}
    return _said(before, {**current, **after}, changed)


def _parts(event: ItemEvent) -> tuple[dict[str, str], dict[str, str]] | None:
    """Shape 2: old and new values apart, under the event's name."""
    events = event.fields.get("events")
    part = events.get(event.kind) if isinstance(events, dict) else None
    if not isinstance(part, dict):
        return None
    old, new = _texts(part.get("old")), _texts(part.get("new"))
    return (old, new) if old or new else None


def _from_to(flat: Mapping[str, Any], pairs: Mapping[str, Any]) -> _Said:
    old = {name: to_text(pair.get("from")) for name, pair in pairs.items()}
    new = {name: to_text(pair.get("to")) for name, pair in pairs.items()}
    return _said(
        {**_prefixed(flat, "old_"), **old}, {**_unprefixed(flat), **new}, pairs
    )


def _said(
    before: Mapping[str, str], after: Mapping[str, str], changed: Iterable[str]
) -> _Said:
    told = dict.fromkeys(each for each in changed if each not in NOISE)
    return _Said(before=before, after=after, changed=tuple(told))


def _prefixed(flat: Mapping[str, Any], prefix: str) -> dict[str, str]:
    return {
        name.removeprefix(prefix): to_text(value)
        for name, value in flat.items()
        if name.startswith(prefix)
    }


def _unprefixed(flat: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: to_text(value)
        for name, value in flat.items()
        if name not in _ABOUT
        and not name.startswith(("old_", "new_", "auto_task"))
        and not name.endswith(_FROM_TO)
    }


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {str(name): to_text(each) for name, each in value.items()}


def _operator(event: ItemEvent, flat: Mapping[str, Any]) -> str:
    events = event.fields.get("events")
    part = events.get(event.kind) if isinstance(events, dict) else None
    said = part.get("user") if isinstance(part, dict) else None
    for value in (flat.get("current_user"), flat.get("user"), said, flat.get("author")):
        if nick := to_text(value).strip().strip(";"):
            return nick
    return ""


def _moment(flat: Mapping[str, Any], received_at: datetime) -> datetime | None:
    # Beside a timestamp `created` is a field of the item.
    found = _counted(flat.get("timestamp")) or _written(_plain(flat.get("created")))
    if found is None or found < _OLDEST:
        return None
    return min(found, received_at)


def _written(text: str) -> datetime | None:
    found = _TIME.match(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = map(int, found.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=CHINA)
    except ValueError:
        return None


def _counted(value: object) -> datetime | None:
    found = _COUNTED.fullmatch(_plain(value))
    # Seconds; what is longer are milliseconds.
    return datetime.fromtimestamp(int(found[1]), UTC) if found else None


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value) if isinstance(value, str | int) else ""
