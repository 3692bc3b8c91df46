"""What people do to items in TAPD, each act causing the events that TAPD sends."""

from collections.abc import Iterable, Mapping

from simulator.tapd.items.hook_bodies import Done
from simulator.tapd.items.projects import (
    FIELDS,
    Comment,
    Item,
    Project,
    people,
    put_item,
)
from simulator.tapd.people import china_time
from simulator.world import World

COMMENTED = ("story", "bug", "task")


def create(
    world: World, project: Project, kind: str, fields: Mapping[str, str], *, by: str
) -> Item:
    """A new item, and `<kind>::create`."""
    with world.lock:
        at = world.now()
        item = put_item(project, kind, fields, by=by, at=at)
        _tell(world, project, item, f"{kind}::create", by=by, after=dict(item.fields))
    return item


def change(
    world: World, project: Project, item: Item, fields: Mapping[str, str], *, by: str
) -> bool:
    """Other values of some fields, and `<kind>::update` if any differs."""
    with world.lock:
        before = dict(item.fields)
        known = set(FIELDS[item.kind])
        told = {name: people(name, text) for name, text in fields.items()}
        item.fields |= {name: text for name, text in told.items() if name in known}
        if item.fields == before:
            return False
        item.modified = china_time(world.now())
        after = dict(item.fields)
        _tell(
            world,
            project,
            item,
            f"{item.kind}::update",
            by=by,
            before=before,
            after=after,
        )
        moved = before["status"] != after["status"]
        if moved and project.hooks.status_too and item.kind in COMMENTED:
            only = {**before, "status": after["status"]}
            kind = f"{item.kind}::status_change"
            _tell(world, project, item, kind, by=by, before=before, after=only)
    return True


def change_all(
    world: World,
    project: Project,
    items: Iterable[Item],
    fields: Mapping[str, str],
    *,
    by: str,
) -> int:
    """The same values for many items at once, an event each; how many changed."""
    return sum(change(world, project, item, fields, by=by) for item in items)


def delete(world: World, project: Project, item: Item, *, by: str) -> None:
    """An item less, and `<kind>::delete`, which tells neither title nor people."""
    with world.lock:
        project.items.pop((item.kind, item.item_id), None)
        before = dict(item.fields)
        _tell(world, project, item, f"{item.kind}::delete", by=by, before=before)


def comment(
    world: World, project: Project, item: Item, text: str, *, by: str
) -> Comment:
    """Somebody says something about an item: `<kind>_comment::add`."""
    with world.lock:
        said = Comment(
            comment_id=project.next_id(),
            kind=item.kind,
            item_id=item.item_id,
            author=by,
            description=f"<p>{text}</p>",
        )
        project.comments[said.comment_id] = said
        _tell(world, project, item, f"{item.kind}_comment::add", by=by, comment=said)
    return said


def change_comment(
    world: World, project: Project, said: Comment, text: str | None, *, by: str
) -> None:
    """A comment reworded, or with None taken back."""
    with world.lock:
        item = project.items[said.kind, said.item_id]
        if text is None:
            project.comments.pop(said.comment_id, None)
        else:
            said.description = f"<p>{text}</p>"
        verb = "delete" if text is None else "update"
        kind = f"{said.kind}_comment::{verb}"
        _tell(world, project, item, kind, by=by, comment=said)


def _tell(
    world: World,
    project: Project,
    item: Item,
    kind: str,
    *,
    by: str,
    before: Mapping[str, str] | None = None,
    after: Mapping[str, str] | None = None,
    comment: Comment | None = None,
) -> None:
    done = Done(
        kind=kind,
        item_id=item.item_id,
        by=by,
        at=world.now(),
        before=before,
        after=after,
        comment=comment,
    )
    world.hooks.send(project, done)
