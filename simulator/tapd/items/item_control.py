"""The JSON switchboard of projects: items made, changed in bulk, and what was sent."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from simulator.tapd.company_pages import get_company
from simulator.tapd.items import item_acts
from simulator.tapd.items.hook_bodies import FORMS
from simulator.tapd.items.projects import KINDS, Item, Project
from simulator.world import World

Answer = Response | tuple[Response, int]
SETTABLE = {"url", "secret", "form", "status_too", "sparse"}


def blueprint(world: World) -> Blueprint:
    """Everything under /control/tapd/projects and /control/tapd/hooks."""
    pages = Blueprint("tapd_item_control", __name__, url_prefix="/control/tapd")
    _add_projects(pages, world)
    _add_items(pages, world)
    _add_comments(pages, world)
    return pages


def get_project(world: World, workspace_id: str) -> Project:
    """The project, or 404."""
    project = world.projects.by_id.get(workspace_id)
    if project is None:
        abort(404)
    return project


def get_item(project: Project, kind: str, item_id: str) -> Item:
    """The item, or 404."""
    item = project.items.get((kind, item_id))
    if item is None:
        abort(404)
    return item


def _add_projects(pages: Blueprint, world: World) -> None:
    @pages.get("/projects")
    def projects() -> Answer:
        return jsonify({"items": [_summary(p) for p in world.projects.by_id.values()]})

    @pages.post("/projects")
    def found() -> Answer:
        given = _body()
        company = get_company(world, str(given.get("company_id", "")))
        with world.lock:
            project = world.projects.found(
                company,
                name=str(given.get("name") or "星河项目"),
                url=f"{world.config.items_url}/{company.company_id}",
            )
            _set(project, given)
        return jsonify(_summary(project)), 201

    @pages.patch("/projects/<workspace_id>")
    def set_project(workspace_id: str) -> Answer:
        project = get_project(world, workspace_id)
        with world.lock:
            _set(project, _body())
        return jsonify(_summary(project))

    @pages.get("/hooks")
    def hooks() -> Answer:
        return jsonify({"items": [asdict(each) for each in list(world.hooks.log)]})


def _add_items(pages: Blueprint, world: World) -> None:
    @pages.post("/projects/<workspace_id>/items/<kind>")
    def create(workspace_id: str, kind: str) -> Answer:
        project, given = get_project(world, workspace_id), _body()
        if kind not in KINDS:
            abort(404)
        fields, by = _texts(given.get("fields")), str(given.get("by", ""))
        rows = [
            _row(item_acts.create(world, project, kind, fields, by=by))
            for _ in range(int(given.get("count", 1)))
        ]
        return jsonify({"items": rows}), 201

    @pages.patch("/projects/<workspace_id>/items/<kind>")
    def change(workspace_id: str, kind: str) -> Answer:
        project, given = get_project(world, workspace_id), _body()
        wanted = given.get("ids") or [i for k, i in project.items if k == kind]
        items = [get_item(project, kind, str(item_id)) for item_id in wanted]
        number = item_acts.change_all(
            world,
            project,
            items,
            _texts(given.get("fields")),
            by=str(given.get("by", "")),
        )
        return jsonify({"changed": number})

    @pages.delete("/projects/<workspace_id>/items/<kind>/<item_id>")
    def delete(workspace_id: str, kind: str, item_id: str) -> Answer:
        project = get_project(world, workspace_id)
        by = request.args.get("by", "")
        item_acts.delete(world, project, get_item(project, kind, item_id), by=by)
        return jsonify({})


def _add_comments(pages: Blueprint, world: World) -> None:
    @pages.post("/projects/<workspace_id>/items/<kind>/<item_id>/comments")
    def comment(workspace_id: str, kind: str, item_id: str) -> Answer:
        project, given = get_project(world, workspace_id), _body()
        item = get_item(project, kind, item_id)
        said = item_acts.comment(
            world,
            project,
            item,
            str(given.get("text", "")),
            by=str(given.get("by", "")),
        )
        return jsonify(asdict(said)), 201


def _set(project: Project, given: dict[str, Any]) -> None:
    if given.get("form", FORMS[0]) not in FORMS:
        abort(400)
    for name in given.keys() & SETTABLE:
        setattr(project.hooks, name, given[name])
    if "new_task" in given:
        project.new_task = bool(given["new_task"])


def _summary(project: Project) -> dict[str, Any]:
    return {
        "workspace_id": project.workspace_id,
        "company_id": project.company_id,
        "name": project.name,
        "new_task": project.new_task,
        "items": len(project.items),
        **asdict(project.hooks),
    }


def _row(item: Item) -> dict[str, Any]:
    return {"id": item.item_id, "kind": item.kind, **item.fields}


def _texts(given: object) -> dict[str, str]:
    if not isinstance(given, dict):
        return {}
    return {str(name): str(value) for name, value in given.items()}


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    return body if isinstance(body, dict) else {}
