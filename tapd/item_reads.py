"""What TAPD tells of items when it is asked: projects, names of fields, values.

Source: TAPD's API pages on get_workspace_info, get_fields_lable, get_fields_info,
status_map, stories, bugs, tasks and iterations.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from domain.items import ItemKind
from tapd.api import TapdApi
from tapd.errors import Unavailable
from tapd.item_events import to_text

# TAPD's pages name 200 rows as the most of one answer.
ROWS = 200

_PATHS = {
    ItemKind.STORY: "stories",
    ItemKind.BUG: "bugs",
    ItemKind.TASK: "tasks",
    ItemKind.ITERATION: "iterations",
}
# TAPD's own spelling.
_LABELS = {
    ItemKind.STORY: "stories/get_fields_lable",
    ItemKind.BUG: "bugs/get_fields_lable",
}
_STATUS = "status"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceInfo:
    """A project: whose it is, and whether its tasks are stories of a type."""

    company_id: str
    name: str
    new_task: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemWords:
    """What a project calls the fields and the statuses of one kind of items."""

    labels: Mapping[str, str]
    statuses: Mapping[str, str]


def read_workspace(api: TapdApi, workspace_id: str) -> WorkspaceInfo:
    """The project of this id.

    Raises: TapdError.
    """
    data = api.get("workspaces/get_workspace_info", {"workspace_id": workspace_id})
    rows = list(_rows(data))
    if not rows:
        raise Unavailable("the answer holds no workspace")
    row = rows[0]
    return WorkspaceInfo(
        company_id=row.get("company_id", "").strip(),
        name=row.get("name", "").strip(),
        new_task=row.get("new_task") == "1",
    )


def read_words(api: TapdApi, workspace_id: str, kind: ItemKind) -> ItemWords:
    """The names of fields and statuses; iterations have none that TAPD would tell.

    Raises: TapdError.
    """
    query = {"workspace_id": workspace_id}
    if kind is ItemKind.TASK:
        return _words_of_info(api.get("tasks/get_fields_info", query))
    path = _LABELS.get(kind)
    if path is None:
        return ItemWords(labels={}, statuses={})
    labels = _names(api.get(path, query))
    system = {"workspace_id": workspace_id, "system": kind.value}
    return ItemWords(
        labels=labels, statuses=_names(api.get("workflows/status_map", system))
    )


def read_items(
    api: TapdApi, workspace_id: str, kind: ItemKind, item_ids: Collection[str]
) -> dict[str, dict[str, str]]:
    """The present values of these items, by id; who is not there is left out.

    Raises: TapdError.
    """
    found: dict[str, dict[str, str]] = {}
    wanted = sorted(item_ids)
    for start in range(0, len(wanted), ROWS):
        part = wanted[start : start + ROWS]
        query = {
            "workspace_id": workspace_id,
            "id": ",".join(part),
            "limit": str(ROWS),
        }
        rows = _rows(api.get(_PATHS[kind], query))
        found |= {row["id"]: row for row in rows if row.get("id") in set(part)}
    return found


def _words_of_info(data: object) -> ItemWords:
    if not isinstance(data, dict):
        raise Unavailable("the answer holds no fields")
    labels, statuses = {}, {}
    for name, field in data.items():
        if isinstance(field, dict) and (label := to_text(field.get("label"))):
            labels[str(name)] = label
            if name == _STATUS and isinstance(field.get("options"), dict):
                statuses = _names(field["options"])
    return ItemWords(labels=labels, statuses=statuses)


def _names(data: object) -> dict[str, str]:
    # PHP writes an empty map as an empty list.
    if data == []:
        return {}
    if not isinstance(data, dict):
        raise Unavailable("the answer holds no names")
    return {str(key): text for key, name in data.items() if (text := to_text(name))}


def _rows(data: object) -> Iterator[dict[str, str]]:
    """The rows of an answer out of the wrapper that bears their kind's name."""
    listed = data if isinstance(data, list) else [data]
    for each in listed:
        if not isinstance(each, dict):
            raise Unavailable("the answer holds no rows")
        inner = next(iter(each.values()), None) if len(each) == 1 else each
        if isinstance(inner, dict):
            yield {str(name): to_text(value) for name, value in inner.items()}
