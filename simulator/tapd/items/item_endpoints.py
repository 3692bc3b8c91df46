"""TAPD's documented calls about items (tapd.md 2.1, 6)."""

from typing import Any

from simulator.tapd.asking import Asked, Endpoint, Refusal, caller, required
from simulator.tapd.items.projects import (
    FIELDS,
    LABELS,
    OPTIONS,
    STATUSES,
    Item,
    Project,
    todo,
)

WRAPPERS = {
    "story": "Story",
    "bug": "Bug",
    "task": "Task",
    "iteration": "Iteration",
}
MOST_ROWS = 200


def project_info(asked: Asked, workspace_id: str) -> dict[str, Any] | None:
    """A project as get_workspace_info tells it; None when it is no project."""
    project = asked.world.projects.by_id.get(workspace_id)
    if project is None:
        return None
    _project(asked)
    return {
        "Workspace": {
            "id": project.workspace_id,
            "name": project.name,
            "pretty_name": project.workspace_id,
            "category": "project",
            "status": "normal",
            "new_task": "1" if project.new_task else "0",
            # As captured: with a blank before it.
            "company_id": f" {project.company_id}",
        }
    }


def _list(kind: str) -> Any:
    def items(asked: Asked) -> list[dict[str, Any]]:
        project = _project(asked)
        ids = {each for each in asked.given.get("id", "").split(",") if each}
        since = asked.given.get("modified", "").removeprefix(">")
        most = min(int(asked.given.get("limit") or 30), MOST_ROWS)
        start = (int(asked.given.get("page") or 1) - 1) * most
        found = [
            item
            for item in project.items.values()
            if item.kind == kind
            and (not ids or item.item_id in ids)
            and item.modified > since
        ]
        if asked.given.get("order") == "modified asc":
            found.sort(key=lambda item: item.modified)
        shown = found[start : start + most]
        return [{WRAPPERS[kind]: _row(project, item)} for item in shown]

    return items


def _labels(kind: str) -> Any:
    def labels(asked: Asked) -> dict[str, str]:
        _project(asked)
        return {"id": "ID", **{name: LABELS[name] for name in FIELDS[kind]}}

    return labels


def _fields(kind: str) -> Any:
    def fields(asked: Asked) -> dict[str, Any]:
        _project(asked)
        options = {**OPTIONS.get(kind, {}), "status": STATUSES[kind]}
        return {
            name: {
                "name": name,
                "label": LABELS[name],
                # PHP writes an empty map as an empty list.
                "options": dict(options.get(name, {})) or [],
                "html_type": "select" if name in options else "input",
            }
            for name in FIELDS[kind]
        }

    return fields


def _status_map(asked: Asked) -> dict[str, str]:
    _project(asked)
    system = required(asked, "system")
    if system not in {"story", "bug"}:
        raise Refusal(422, "system is story or bug")
    return dict(STATUSES[system])


def _todo(kind: str) -> Any:
    def mine(asked: Asked) -> list[dict[str, Any]]:
        account_id = caller(asked).account_id
        if account_id is None:
            raise Refusal(422, "The access token provided is invalid: user token")
        most = min(int(asked.given.get("limit") or 30), MOST_ROWS)
        items = todo(asked.tapd, _project(asked), account_id, kind)[:most]
        return [{WRAPPERS[kind]: {"id": each.item_id, **each.fields}} for each in items]

    return mine


def _participant_projects(asked: Asked) -> list[dict[str, Any]]:
    """The projects of a person's companies, and the companies themselves."""
    caller(asked)
    nick, company_id = required(asked, "nick"), required(asked, "company_id")
    company = asked.tapd.companies.get(company_id)
    if company is None or asked.tapd.find_by_nick(company, nick) is None:
        return []
    rows = [{"id": company_id, "name": company.name, "category": "organization"}]
    rows += [
        {"id": each.workspace_id, "name": each.name, "category": "project"}
        for each in asked.world.projects.by_id.values()
        if each.company_id == company_id
    ]
    return [{"Workspace": {**row, "status": "normal"}} for row in rows]


def _project(asked: Asked) -> Project:
    caller(asked)
    workspace_id = required(asked, "workspace_id")
    project = asked.world.projects.by_id.get(workspace_id)
    if project is None:
        raise Refusal(404, f"workspace {workspace_id} not existed")
    company = asked.tapd.companies.get(project.company_id)
    if company is None or not company.installed:
        raise Refusal(403, f"The app is not installed in workspace {workspace_id}")
    return project


def _row(project: Project, item: Item) -> dict[str, str]:
    return {
        "id": item.item_id,
        "workspace_id": project.workspace_id,
        "created": item.created,
        "modified": item.modified,
        **item.fields,
    }


ITEM_ENDPOINTS = {
    "stories": Endpoint(method="GET", handler=_list("story")),
    "bugs": Endpoint(method="GET", handler=_list("bug")),
    "tasks": Endpoint(method="GET", handler=_list("task")),
    "iterations": Endpoint(method="GET", handler=_list("iteration")),
    "stories/get_fields_lable": Endpoint(method="GET", handler=_labels("story")),
    "bugs/get_fields_lable": Endpoint(method="GET", handler=_labels("bug")),
    "stories/get_fields_info": Endpoint(method="GET", handler=_fields("story")),
    "bugs/get_fields_info": Endpoint(method="GET", handler=_fields("bug")),
    "tasks/get_fields_info": Endpoint(method="GET", handler=_fields("task")),
    "workflows/status_map": Endpoint(method="GET", handler=_status_map),
    "workspaces/user_participant_projects": Endpoint(
        method="GET", handler=_participant_projects
    ),
    "user_oauth/get_user_todo_story": Endpoint(method="GET", handler=_todo("story")),
    "user_oauth/get_user_todo_bug": Endpoint(method="GET", handler=_todo("bug")),
    "user_oauth/get_user_todo_task": Endpoint(method="GET", handler=_todo("task")),
}
