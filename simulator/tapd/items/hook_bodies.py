"""Item events as TAPD sends them: flat, or as its automation assistant does."""

import itertools
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from simulator.tapd.items.projects import PEOPLE, Comment, Item, Project
from simulator.tapd.people import china_time

FORMS = ("flat_json", "flat_form", "automation_1", "automation_2")
FORM_TYPE = "application/x-www-form-urlencoded"
_numbers = itertools.count(168_601_153)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What somebody did: to an item, or a comment on it.

    Shape: `kind` as in `story::update`; `before` and `after` are all fields of the
        item, before None for a new one, after None for a deleted one.
    """

    kind: str
    item_id: str
    by: str
    at: float
    before: Mapping[str, str] | None = None
    after: Mapping[str, str] | None = None
    comment: Comment | None = None

    @property
    def changed(self) -> list[str]:
        """The fields that differ."""
        if self.before is None or self.after is None:
            return []
        old, new = self.before, self.after
        return [name for name in new if new[name] != old.get(name)]


@dataclass(frozen=True, slots=True, kw_only=True)
class HookBody:
    """What is posted."""

    body: bytes
    content_type: str


def write_body(project: Project, done: Done) -> HookBody:
    """One event in the form that the project is set to."""
    form = project.hooks.form
    if form in {"automation_1", "automation_2"}:
        told = _automation(project, done, whole=form == "automation_2")
        return HookBody(body=_json(told), content_type="application/json")
    flat = _flat(project, done)
    if form == "flat_json":
        return HookBody(body=_json(flat), content_type="application/json")
    return HookBody(body=urlencode(flat).encode(), content_type=FORM_TYPE)


def _flat(project: Project, done: Done) -> dict[str, str]:
    number = next(_numbers)
    now = china_time(done.at)
    told = {
        "event": done.kind,
        "event_from": "web",
        "referer": "https://www.tapd.cn/",
        "workspace_id": project.workspace_id,
        "current_user": done.by,
        "id": done.comment.comment_id if done.comment else done.item_id,
        **_said(project, done, now),
        "secret": project.hooks.secret,
        "rio_token": "",
        "devproxy_host": "http://websocket-proxy",
        "queue_id": str(number + 113_000_000),
        "event_id": str(number),
        "created": now,
    }
    return {name: str(value) for name, value in told.items()}


def _said(project: Project, done: Done, now: str) -> dict[str, str]:
    if done.comment is not None:
        added = {"title": "在状态 [规划中] 添加"} if done.kind.endswith("add") else {}
        return {
            **added,
            "description": done.comment.description,
            "author": done.comment.author,
            "entity_id": done.comment.item_id,
        }
    if done.after is None:
        return {"op_type": "delete", "old_iteration_id": "0"}
    if done.before is None:
        return dict(done.after)
    changed = done.changed
    new = {} if project.hooks.sparse else {f"new_{n}": done.after[n] for n in changed}
    stamp = {} if project.hooks.sparse else {"new_modified": now}
    return {
        **{f"old_{name}": value for name, value in done.before.items()},
        **new,
        **stamp,
        "change_fields": ",".join([*changed, "modified"]),
    }


def _automation(project: Project, done: Done, *, whole: bool) -> dict[str, Any]:
    kind, _, verb = done.kind.partition("::")
    now = done.after or done.before or {}
    event: dict[str, Any] = {
        "workspace_id": int(project.workspace_id),
        "user": done.by,
        "object_type": kind.removesuffix("_comment"),
        "id": done.item_id,
        "timestamp": int(done.at),
        "timestamp_micro": int(done.at * 1_000_000),
        "event_key": done.kind,
        "event_id": str(uuid.uuid4()),
        "from": "web",
        "secret": project.hooks.secret,
        "auto_task_id": "1",
        **{name: _listed(name, value) for name, value in now.items()},
    }
    if done.comment is not None:
        event |= {
            "event_key": f"{kind.removesuffix('_comment')}::comment",
            "sub_event": verb,
            "description": done.comment.description,
            "comment_id": done.comment.comment_id,
        }
    old, new = done.before or {}, done.after or {}
    for name in done.changed:
        event[f"{name}:fromto"] = {
            "from": _listed(name, old[name]),
            "to": _listed(name, new[name]),
        }
    if not whole:
        return event
    part = {
        "old": {name: _listed(name, old[name]) for name in done.changed},
        "new": {name: _listed(name, new[name]) for name in done.changed},
        "user": done.by,
    }
    return {"event": event, "events": {done.kind: part}}


def _listed(name: str, value: str) -> Any:
    """The assistant writes people as a list."""
    if name not in PEOPLE:
        return value
    return [nick for nick in value.split(";") if nick]


def _json(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode()


def fields_of(item: Item) -> dict[str, str]:
    """An item's fields at this moment."""
    return dict(item.fields)
