"""What a person has open in TAPD, as they let us see it, project by project.

Source: TAPD's API pages on user_participant_projects and get_user_todo_*.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from domain.items.items import ItemKind
from tapd.api import TapdApi
from tapd.envelope import Envelope, bearer

# An item's title; bugs have their own word for it.
_TITLES = ("name", "title")
# TAPD counts a company among the projects of its people.
_NO_PROJECT = "organization"
KINDS = (ItemKind.STORY, ItemKind.BUG, ItemKind.TASK)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenItem:
    """An item that waits for somebody."""

    kind: ItemKind
    item_id: str
    workspace_id: str
    title: str


def list_projects(api: TapdApi, *, nick: str, company_id: str) -> list[str]:
    """The ids of the projects that a person takes part in.

    Raises: TapdError.
    """
    query = {"nick": nick, "company_id": company_id}
    data = api.get("workspaces/user_participant_projects", query)
    return [
        row["id"]
        for row in _rows(data)
        if row.get("id") and row.get("category") != _NO_PROJECT
    ]


def list_open(
    api: Envelope, *, token: str, workspace_id: str, kind: ItemKind, limit: int
) -> list[OpenItem]:
    """What of a kind waits for the token's owner in a project, the newest first.

    Raises: TapdError.
    """
    data = api.get(
        f"user_oauth/get_user_todo_{kind}",
        query={
            "workspace_id": workspace_id,
            "limit": str(limit),
            "order": "modified desc",
        },
        authorization=bearer(token),
    )
    return [
        OpenItem(
            kind=kind,
            item_id=row["id"],
            workspace_id=workspace_id,
            title=next((row[each] for each in _TITLES if row.get(each)), ""),
        )
        for row in _rows(data)
        if row.get("id")
    ]


def _rows(data: object) -> Iterator[dict[str, str]]:
    """Rows without the name of their kind around them; ids and numbers as text."""
    for row in data if isinstance(data, list) else []:
        inner = next(iter(row.values()), None) if isinstance(row, dict) else None
        if isinstance(inner, dict):
            yield {
                str(name): str(value).strip()
                for name, value in inner.items()
                if isinstance(value, str | int)
            }
