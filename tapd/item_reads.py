"""What TAPD tells of items when it is asked: projects, names of fields, values.

Source: TAPD's API pages on get_workspace_info, get_fields_info, get_fields_lable,
status_map, stories, bugs, tasks and iterations.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from domain.items.items import ItemKind
from tapd.api import TapdApi
from tapd.errors import Refused, Unavailable
from tapd.item_events import to_text

# TAPD's pages name 200 rows as the most of one answer.
ROWS = 200
# What changed in one go beyond so many pages is a bulk edit; the newest are left.
_MOST_PAGES = 3

_PATHS = {
    ItemKind.STORY: "stories",
    ItemKind.BUG: "bugs",
    ItemKind.TASK: "tasks",
    ItemKind.ITERATION: "iterations",
}
# Names of fields and of their values. Elder editions of TAPD know only the second.
_FIELDS = {
    ItemKind.STORY: "stories/get_fields_info",
    ItemKind.BUG: "bugs/get_fields_info",
    ItemKind.TASK: "tasks/get_fields_info",
}
# TAPD's own spelling.
_LABELS = {
    ItemKind.STORY: "stories/get_fields_lable",
    ItemKind.BUG: "bugs/get_fields_lable",
}
_STATUS = "status"
# A field has tens of values, lists of versions hundreds; a card has room for few.
_MOST_OPTIONS, _OPTION_CHARS = 300, 80


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceInfo:
    """A project: whose it is, and whether its tasks are stories of a type."""

    company_id: str
    name: str
    new_task: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemWords:
    """What a project calls the fields, the statuses and other values of a kind.

    Shape: `options` by field: each value's name where it is not the value itself.
    """

    labels: Mapping[str, str]
    statuses: Mapping[str, str]
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


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
    """The names of fields and values; iterations have none that TAPD would tell.

    Raises: TapdError.
    """
    if kind not in _FIELDS:
        return ItemWords(labels={}, statuses={})
    query = {"workspace_id": workspace_id}
    words = _words_of_fields(api, kind, query)
    if kind is ItemKind.TASK:
        return words
    system = {**query, "system": kind.value}
    statuses = _names(api.get("workflows/status_map", system))
    return replace(words, statuses={**words.statuses, **statuses})


def _words_of_fields(
    api: TapdApi, kind: ItemKind, query: Mapping[str, str]
) -> ItemWords:
    try:
        return _words_of_info(api.get(_FIELDS[kind], query))
    except Refused:
        if kind not in _LABELS:
            raise
    return ItemWords(labels=_names(api.get(_LABELS[kind], query)), statuses={})


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


def read_modified(
    api: TapdApi, workspace_id: str, kind: ItemKind, *, since: str
) -> list[dict[str, str]]:
    """The present values of items that were changed later, the oldest change first.

    Shape: `since` as TAPD writes times.
    Raises: TapdError.
    """
    found: list[dict[str, str]] = []
    for page in range(1, _MOST_PAGES + 1):
        query = {
            "workspace_id": workspace_id,
            "modified": f">{since}",
            "order": "modified asc",
            "limit": str(ROWS),
            "page": str(page),
        }
        rows = [row for row in _rows(api.get(_PATHS[kind], query)) if row.get("id")]
        found += rows
        if len(rows) < ROWS:
            break
    return found


def _words_of_info(data: object) -> ItemWords:
    # PHP writes an empty map as an empty list.
    if not isinstance(data, dict):
        raise Refused("the answer holds no fields")
    labels: dict[str, str] = {}
    options: dict[str, dict[str, str]] = {}
    for name, told in data.items():
        if not isinstance(told, dict):
            continue
        if label := to_text(told.get("label")):
            labels[str(name)] = label
        if named := _options(told.get("options")):
            options[str(name)] = named
    return ItemWords(labels=labels, statuses=options.pop(_STATUS, {}), options=options)


def _options(told: object) -> dict[str, str]:
    if not isinstance(told, dict):
        return {}
    pairs = ((str(value), to_text(name)) for value, name in told.items())
    named = [
        (value, name[:_OPTION_CHARS])
        for value, name in pairs
        if name and name != value and len(value) <= _OPTION_CHARS
    ]
    return dict(named[:_MOST_OPTIONS])


def _names(data: object) -> dict[str, str]:
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
