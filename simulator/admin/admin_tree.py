"""What a WeCom admin does to the tree and to tags."""

from collections.abc import Collection
from dataclasses import replace

from simulator.admin.admin_members import Impossible
from simulator.admin.changes import reach_changes, silent_changes
from simulator.events import Field, joined
from simulator.org.corp import Corp
from simulator.org.directory import ROOT, Department, Directory, Tag
from simulator.world import World

MAX_DEPTH = 15


def add_department(
    world: World,
    corp: Corp,
    *,
    name: str,
    parent_id: int = ROOT,
    order: int = 0,
    department_id: int | None = None,
) -> Department:
    """A new department; create_party where the app sees it.

    Raises: Impossible.
    """
    get_department(corp, parent_id)
    if _depth(corp.now, parent_id) >= MAX_DEPTH:
        raise Impossible(81002, "too deep")
    fresh = department_id or _unused_id(corp)
    if fresh in corp.now.departments:
        raise Impossible(60008, "department exists")
    made = Department(department_id=fresh, name=name, parent_id=parent_id, order=order)
    with silent_changes(world, corp) as directory:
        directory.put_department(made)
    if fresh in corp.now.listed_departments():
        fields: list[Field] = [("Id", fresh), ("Name", str(fresh))]
        fields += [("ParentId", parent_id), ("Order", order)]
        world.push_contact("create_party", corp=corp, fields=fields)
    return made


def move_department(
    world: World, corp: Corp, department_id: int, *, parent_id: int
) -> Department:
    """Another parent; update_party, and (un)subscribe for who came or went.

    Raises: Impossible.
    """
    department = get_department(corp, department_id)
    get_department(corp, parent_id)
    if department_id == ROOT or parent_id in corp.now.subtree([department_id]):
        raise Impossible(60004, "a department cannot be below itself")
    seen = department_id in corp.now.listed_departments()
    moved = replace(department, parent_id=parent_id)
    touched = corp.now.people_below([department_id])
    with reach_changes(world, corp, touched) as directory:
        directory.put_department(moved)
    if seen or department_id in corp.now.listed_departments():
        fields: list[Field] = [("Id", department_id), ("ParentId", parent_id)]
        world.push_contact("update_party", corp=corp, fields=fields)
    return moved


def set_department(
    world: World,
    corp: Corp,
    department_id: int,
    *,
    name: str | None = None,
    order: int | None = None,
) -> Department:
    """Another name or order; an ordinary app is told of neither (WeCom 90640).

    Raises: Impossible.
    """
    department = get_department(corp, department_id)
    changed = replace(
        department,
        name=department.name if name is None else name,
        order=department.order if order is None else order,
    )
    with silent_changes(world, corp) as directory:
        directory.put_department(changed)
    return changed


def remove_department(world: World, corp: Corp, department_id: int) -> None:
    """Remove an empty department; delete_party where the app saw it.

    Raises: Impossible.
    """
    get_department(corp, department_id)
    if department_id == ROOT:
        raise Impossible(60007, "the root stays")
    if any(True for _ in corp.now.people(department_id)):
        raise Impossible(60005, "department has members")
    if any(True for _ in corp.now.children(department_id)):
        raise Impossible(60006, "department has departments")
    seen = department_id in corp.now.listed_departments()
    with silent_changes(world, corp) as directory:
        directory.drop_department(department_id)
        _forget_department(directory, department_id)
    if seen:
        fields: list[Field] = [("Id", department_id)]
        world.push_contact("delete_party", corp=corp, fields=fields)


def add_tag(world: World, corp: Corp, *, name: str) -> Tag:
    """A new, empty tag."""
    tag = Tag(tag_id=corp.minter.tag_id(), name=name)
    with silent_changes(world, corp) as directory:
        directory.put_tag(tag)
    return tag


def set_tag(
    world: World,
    corp: Corp,
    tag_id: int,
    *,
    userids: Collection[str],
    department_ids: Collection[int],
) -> Tag:
    """Other people and departments in a tag; update_tag where the tag is in scope.

    Raises: Impossible.
    """
    old = get_tag(corp, tag_id)
    for userid in userids:
        if userid not in corp.now.members:
            raise Impossible(60111, "no such member")
    for department_id in department_ids:
        get_department(corp, department_id)
    new = replace(
        old, userids=frozenset(userids), department_ids=frozenset(department_ids)
    )
    parties = old.department_ids ^ new.department_ids
    touched = {**dict.fromkeys(sorted(old.userids ^ new.userids))}
    touched |= corp.now.people_below(parties)
    with reach_changes(world, corp, touched) as directory:
        directory.put_tag(new)
    if tag_id in scope_tags(corp.now):
        _push_tag(world, corp, old=old, new=new)
    return new


def remove_tag(world: World, corp: Corp, tag_id: int) -> None:
    """Delete a tag; where it was in scope: update_tag, then change_auth.

    Raises: Impossible.
    """
    tag = get_tag(corp, tag_id)
    in_scope = tag_id in scope_tags(corp.now)
    touched = dict.fromkeys(sorted(tag.userids))
    touched |= corp.now.people_below(tag.department_ids)
    with reach_changes(world, corp, touched) as directory:
        directory.drop_tag(tag_id)
        scope = directory.grant.scope
        rest = replace(
            scope,
            allow_tag=tuple(one for one in scope.allow_tag if one != tag_id),
            extra_tag=tuple(one for one in scope.extra_tag if one != tag_id),
        )
        directory.grant = replace(directory.grant, scope=rest)
    if in_scope:
        _push_tag(world, corp, old=tag, new=Tag(tag_id=tag_id, name=tag.name))
        world.push_about("change_auth", corp=corp, fields=[("ExtraInfo", "")])


def get_department(corp: Corp, department_id: int) -> Department:
    """The department.

    Raises: Impossible.
    """
    department = corp.now.departments.get(department_id)
    if department is None:
        raise Impossible(60003, "no such department")
    return department


def get_tag(corp: Corp, tag_id: int) -> Tag:
    """The tag.

    Raises: Impossible.
    """
    tag = corp.now.tags.get(tag_id)
    if tag is None:
        raise Impossible(40068, "no such tag")
    return tag


def scope_tags(directory: Directory) -> set[int]:
    """Tags the app may read."""
    scope = directory.grant.scope
    return {*scope.allow_tag, *scope.extra_tag}


def _unused_id(corp: Corp) -> int:
    while (fresh := corp.minter.department_id()) in corp.now.departments:
        pass
    return fresh


def _push_tag(world: World, corp: Corp, *, old: Tag, new: Tag) -> None:
    fields: list[Field] = [("TagId", new.tag_id)]
    lists = (
        ("AddUserItems", joined(sorted(new.userids - old.userids))),
        ("DelUserItems", joined(sorted(old.userids - new.userids))),
        ("AddPartyItems", joined(sorted(new.department_ids - old.department_ids))),
        ("DelPartyItems", joined(sorted(old.department_ids - new.department_ids))),
    )
    fields += [(name, items) for name, items in lists if items]
    if len(fields) > 1:
        world.push_contact("update_tag", corp=corp, fields=fields)


def _forget_department(directory: Directory, department_id: int) -> None:
    """Tags and scope lose the node; the app hears of neither (WeCom 90641)."""
    for tag in list(directory.tags.values()):
        if department_id in tag.department_ids:
            rest = tag.department_ids - {department_id}
            directory.put_tag(replace(tag, department_ids=rest))
    scope = directory.grant.scope
    rest_of = replace(
        scope,
        allow_party=tuple(one for one in scope.allow_party if one != department_id),
        extra_party=tuple(one for one in scope.extra_party if one != department_id),
    )
    directory.grant = replace(directory.grant, scope=rest_of)


def _depth(directory: Directory, department_id: int) -> int:
    depth = 0
    while department_id in directory.departments:
        department_id = directory.departments[department_id].parent_id
        depth += 1
    return depth
