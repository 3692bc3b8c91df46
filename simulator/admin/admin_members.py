"""What a WeCom admin does to people: hire, move, promote, disable, delete."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from simulator.admin.changes import member_changes, push_renamed, silent_changes
from simulator.org.corp import Corp
from simulator.org.directory import ROOT, USERID, Directory, Member, Status
from simulator.org.grant import Grant
from simulator.world import World


class Impossible(Exception):
    """WeCom's console refuses the action; carries the errcode the API has for it."""

    def __init__(self, errcode: int, reason: str) -> None:
        super().__init__(reason)
        self.errcode = errcode
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMember:
    """What the admin fills in when hiring; empty ids are made up."""

    name: str
    departments: tuple[int, ...] = (ROOT,)
    main_department: int | None = None
    leads: frozenset[int] = frozenset()
    direct_leader: str | None = None
    status: Status = Status.ACTIVE
    mobile: str = ""
    email: str = ""
    position: str = ""
    userid: str = ""
    open_userid: str = ""


def hire(world: World, corp: Corp, person: NewMember) -> Member:
    """A new member; create_user, and subscribe where in scope and active.

    Raises: Impossible.
    """
    open_userid = person.open_userid or corp.minter.opaque("wo")
    userid = person.userid or open_userid
    _check_userid(corp, userid)
    _check_departments(corp.now, person.departments)
    _check_contact(corp.now, mobile=person.mobile, email=person.email, of=userid)
    main = person.main_department or person.departments[0]
    member = Member(
        userid=userid,
        open_userid=open_userid,
        name=person.name,
        departments=person.departments,
        orders=(0,) * len(person.departments),
        main_department=main,
        leads=person.leads & set(person.departments),
        direct_leader=person.direct_leader,
        status=person.status,
        mobile=person.mobile,
        email=person.email,
        position=person.position,
    )
    with member_changes(world, corp, [userid]) as directory:
        directory.put_member(member)
    return member


def move(
    world: World,
    corp: Corp,
    userid: str,
    *,
    departments: Sequence[int],
    main_department: int | None = None,
) -> Member:
    """Another list of departments; leadership elsewhere ends.

    Raises: Impossible.
    """
    member = get_member(corp, userid)
    _check_departments(corp.now, departments)
    known = dict(zip(member.departments, member.orders, strict=True))
    keeps_main = member.main_department in departments
    main = main_department or (member.main_department if keeps_main else departments[0])
    moved = replace(
        member,
        departments=tuple(departments),
        orders=tuple(known.get(one, 0) for one in departments),
        main_department=main,
        leads=member.leads & set(departments),
    )
    return _replace(world, corp, moved)


def set_leads(
    world: World, corp: Corp, userid: str, department_ids: Sequence[int]
) -> Member:
    """Promote or demote: the departments the member leads from now on.

    Raises: Impossible.
    """
    member = get_member(corp, userid)
    if not set(department_ids) <= set(member.departments):
        raise Impossible(40058, "a leader is a member of the department")
    return _replace(world, corp, replace(member, leads=frozenset(department_ids)))


def set_direct_leader(
    world: World, corp: Corp, userid: str, leader: str | None
) -> Member:
    """Another direct leader, or none.

    Raises: Impossible.
    """
    member = get_member(corp, userid)
    if leader is not None:
        get_member(corp, leader)
    return _replace(world, corp, replace(member, direct_leader=leader))


def set_details(
    world: World, corp: Corp, userid: str, *, changes: dict[str, str]
) -> Member:
    """Name, mobile, e-mail or position; WeCom tells an ordinary app nothing.

    Raises: Impossible.
    """
    member = get_member(corp, userid)
    changed = replace(
        member,
        name=changes.get("name", member.name),
        mobile=changes.get("mobile", member.mobile),
        email=changes.get("email", member.email),
        position=changes.get("position", member.position),
    )
    _check_contact(corp.now, mobile=changed.mobile, email=changed.email, of=userid)
    return _replace(world, corp, changed)


def set_status(world: World, corp: Corp, userid: str, status: Status) -> Member:
    """Activate, disable, enable again, or quit.

    Raises: Impossible.
    """
    return _replace(world, corp, replace(get_member(corp, userid), status=status))


def set_licensed(world: World, corp: Corp, userid: str, *, licensed: bool) -> Member:
    """Give or take the interface licence; taking tells unlicensed_notify (95716).

    Raises: Impossible.
    """
    member = _replace(world, corp, replace(get_member(corp, userid), licensed=licensed))
    if not licensed and corp.now.is_usable(member):
        world.push_data("unlicensed_notify", corp=corp, sender=userid)
    return member


def leave(world: World, corp: Corp, userid: str) -> None:
    """The member is deleted from the corp.

    Raises: Impossible.
    """
    get_member(corp, userid)
    with member_changes(world, corp, [userid]) as directory:
        directory.drop_member(userid)
        _rename_everywhere(directory, old=userid, new=None)
    corp.admins.pop(userid, None)


def rename_userid(world: World, corp: Corp, userid: str, new: str) -> Member:
    """Another userid for the same person; open_userid stays.

    Raises: Impossible.
    """
    member = get_member(corp, userid)
    fresh = new or corp.minter.opaque("wo")
    _check_userid(corp, fresh, of=userid)
    renamed = replace(member, userid=fresh)
    with silent_changes(world, corp) as directory:
        directory.drop_member(userid)
        directory.put_member(renamed)
        _rename_everywhere(directory, old=userid, new=fresh)
    if userid in corp.admins:
        corp.admins[fresh] = corp.admins.pop(userid)
    if userid in corp.phones:
        corp.phones[fresh] = corp.phones.pop(userid)
    push_renamed(world, corp, old=userid, new=renamed)
    return renamed


def _check_userid(corp: Corp, userid: str, *, of: str = "") -> None:
    """WeCom's own limits (90331): what it would refuse to answer for exists nowhere.

    Raises: Impossible.
    """
    if USERID.fullmatch(userid) is None:
        raise Impossible(40003, "a userid is 1 to 64 of 0-9 A-Z a-z _ - @ .")
    holder = corp.now.find_member(userid, ignoring_case=corp.plain_ids)
    if holder is not None and holder.userid != of:
        raise Impossible(60102, "userid exists")
    if userid == of:
        raise Impossible(60102, "that is the userid now")


def get_member(corp: Corp, userid: str) -> Member:
    """The member.

    Raises: Impossible.
    """
    member = corp.now.members.get(userid)
    if member is None:
        raise Impossible(60111, "no such member")
    return member


def _replace(world: World, corp: Corp, member: Member) -> Member:
    with member_changes(world, corp, [member.userid]) as directory:
        directory.put_member(member)
    return member


def _rename_everywhere(directory: Directory, *, old: str, new: str | None) -> None:
    """Every place that names the person, so that none keeps a dead id."""
    for tag in list(directory.tags.values()):
        if old in tag.userids:
            names = (tag.userids - {old}) | ({new} if new else set())
            directory.put_tag(replace(tag, userids=names))
    led = [m for m in directory.members.values() if m.direct_leader == old]
    for member in led:
        directory.put_member(replace(member, direct_leader=new))
    directory.grant = _renamed_grant(directory.grant, old=old, new=new)


def _renamed_grant(grant: Grant, *, old: str, new: str | None) -> Grant:
    def swap(names: tuple[str, ...]) -> tuple[str, ...]:
        swapped = (new if name == old else name for name in names)
        return tuple(name for name in swapped if name is not None)

    scope = replace(
        grant.scope,
        allow_user=swap(grant.scope.allow_user),
        extra_user=swap(grant.scope.extra_user),
    )
    alone = swap(grant.self_authorised)
    return replace(grant, scope=scope, self_authorised=alone)


def _check_departments(directory: Directory, department_ids: Sequence[int]) -> None:
    if not department_ids:
        raise Impossible(40066, "a member is in at least one department")
    if len(set(department_ids)) != len(department_ids):
        raise Impossible(40066, "a department is named twice")
    missing = [one for one in department_ids if one not in directory.departments]
    if missing:
        raise Impossible(60123, f"no such department: {missing[0]}")


def _check_contact(directory: Directory, *, mobile: str, email: str, of: str) -> None:
    owner = directory.find_by_mobile(mobile) if mobile else None
    if owner is not None and owner.userid != of:
        raise Impossible(60104, "mobile exists")
    owner = directory.find_by_email(email) if email else None
    if owner is not None and owner.userid != of:
        raise Impossible(60106, "email exists")
