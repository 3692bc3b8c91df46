"""A project in TAPD, where people make items, edit, discuss and delete them."""

from flask import Blueprint, redirect, render_template, request, url_for

from simulator.pages.page import page_words
from simulator.tapd.items import item_acts
from simulator.tapd.items.hook_bodies import FORMS
from simulator.tapd.items.item_control import get_item, get_project
from simulator.tapd.items.projects import KINDS, OWNER, TITLE, Item, Project
from simulator.tapd.pages import Page, item_page, signed_in, visitor
from simulator.world import World

SHOWN_ITEMS = 200


def blueprint(world: World) -> Blueprint:
    """Everything under /tapd/projects/."""
    pages = Blueprint("tapd_items", __name__, url_prefix="/tapd/projects")
    pages.context_processor(
        lambda: {
            **page_words(world),
            "visitor": visitor(world),
            "item_address": item_page,
        }
    )
    _add_project(pages, world)
    _add_item(pages, world)
    return pages


def _add_project(pages: Blueprint, world: World) -> None:
    @pages.get("/<workspace_id>")
    @signed_in(world)
    def project(workspace_id: str) -> Page:
        found = get_project(world, workspace_id)
        items = list(found.items.values())[::-1]
        return render_template(
            "tapd_project.html",
            project=found,
            items=items[:SHOWN_ITEMS],
            more=len(items) > SHOWN_ITEMS,
            kinds=KINDS,
            forms=FORMS,
            sent=[
                each
                for each in list(world.hooks.log)[::-1]
                if each.workspace_id == workspace_id
            ][:20],
        )

    @pages.post("/<workspace_id>/hooks")
    @signed_in(world)
    def hooks(workspace_id: str) -> Page:
        found, given = get_project(world, workspace_id), request.form
        with world.lock:
            if given.get("form") in FORMS:
                found.hooks.form = given["form"]
            found.hooks.secret = given.get("secret", found.hooks.secret)
            found.hooks.status_too = "status_too" in given
            found.hooks.sparse = "sparse" in given
        return _to_project(found)

    @pages.post("/<workspace_id>/items")
    @signed_in(world)
    def create(workspace_id: str) -> Page:
        found, given = get_project(world, workspace_id), request.form
        kind = given.get("kind", "story")
        if kind not in KINDS:
            return _to_project(found)
        # One form for all kinds: a bug's title and owner have names of their own.
        told = {TITLE[kind]: given.get("name", "")}
        if kind in OWNER:
            told[OWNER[kind]] = given.get("owner", "")
        fields = {name: text for name, text in told.items() if text}
        item = item_acts.create(world, found, kind, fields, by=_nick(world))
        return _to_item(found, item)


def _add_item(pages: Blueprint, world: World) -> None:
    @pages.post("/<workspace_id>/items/<kind>/<item_id>")
    @signed_in(world)
    def edit(workspace_id: str, kind: str, item_id: str) -> Page:
        project = get_project(world, workspace_id)
        item = get_item(project, kind, item_id)
        fields = {name: request.form[name] for name in request.form}
        item_acts.change(world, project, item, fields, by=_nick(world))
        return _to_item(project, item)

    @pages.post("/<workspace_id>/items/<kind>/<item_id>/comments")
    @signed_in(world)
    def comment(workspace_id: str, kind: str, item_id: str) -> Page:
        project = get_project(world, workspace_id)
        item = get_item(project, kind, item_id)
        text = request.form.get("text", "")
        item_acts.comment(world, project, item, text, by=_nick(world))
        return _to_item(project, item)

    @pages.post("/<workspace_id>/items/<kind>/<item_id>/delete")
    @signed_in(world)
    def delete(workspace_id: str, kind: str, item_id: str) -> Page:
        project = get_project(world, workspace_id)
        item = get_item(project, kind, item_id)
        item_acts.delete(world, project, item, by=_nick(world))
        return _to_project(project)


def _nick(world: World) -> str:
    account = visitor(world)
    return account.nick if account else ""


def _to_project(project: Project) -> Page:
    return redirect(
        url_for("tapd_items.project", workspace_id=project.workspace_id), 303
    )


def _to_item(project: Project, item: Item) -> Page:
    return redirect(item_page(project, item), 303)
