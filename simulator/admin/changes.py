"""From what changed in the contacts to what WeCom tells the app about it."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from simulator.events import Field, joined
from simulator.org.corp import Corp
from simulator.org.directory import Directory, Member, Status
from simulator.org.grant import DIRECT_LEADER, AuthMode
from simulator.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One member as the app may see them at one moment."""

    member: Member
    readable: bool
    usable: bool
    departments: tuple[int, ...]
    main_department: int | None
    leads: tuple[int, ...] | None
    direct_leader: str | None

    @property
    def follows(self) -> bool:
        """Whether the member uses the app: what (un)subscribe is about."""
        return self.usable and self.member.status is Status.ACTIVE


def look(directory: Directory, userid: str) -> Seen | None:
    """A member through the app's eyes; None when there is no such member."""
    member = directory.members.get(userid)
    if member is None:
        return None
    grant = directory.grant
    shown = directory.shown_departments(member)
    leads = tuple(int(one in member.leads) for one in shown)
    return Seen(
        member=member,
        readable=directory.is_readable(member),
        usable=directory.is_usable(member),
        departments=shown,
        main_department=main_department(directory, member),
        leads=leads if grant.sees_whole_tree else None,
        direct_leader=direct_leader(directory, member),
    )


def main_department(directory: Directory, member: Member) -> int | None:
    """The main department where the app may know it (WeCom 90332, 94496)."""
    if directory.grant.auth_mode is AuthMode.MEMBER:
        return 1
    shown = directory.shown_departments(member)
    return member.main_department if member.main_department in shown else None


def direct_leader(directory: Directory, member: Member) -> str | None:
    """The direct leader where permission and scope allow it."""
    if DIRECT_LEADER not in directory.grant.permissions:
        return None
    leader = directory.members.get(member.direct_leader or "")
    return (
        leader.userid if leader is not None and directory.is_readable(leader) else None
    )


@contextmanager
def member_changes(
    world: World, corp: Corp, userids: Collection[str]
) -> Iterator[Directory]:
    """A change of these members' own records: contact events and (un)subscribe."""
    before = {userid: look(corp.now, userid) for userid in userids}
    with corp.changing(at=world.now(), keep=_keeps(world, corp)) as directory:
        yield directory
    for userid, old in before.items():
        new = look(corp.now, userid)
        _push_contact(world, corp, old=old, new=new)
        _push_following(world, corp, old=old, new=new)


@contextmanager
def reach_changes(
    world: World, corp: Corp, userids: Collection[str]
) -> Iterator[Directory]:
    """A change of what the app reaches: (un)subscribe alone (WeCom 90376)."""
    before = {userid: look(corp.now, userid) for userid in userids}
    with corp.changing(at=world.now(), keep=_keeps(world, corp)) as directory:
        yield directory
    for userid, old in before.items():
        _push_following(world, corp, old=old, new=look(corp.now, userid))


@contextmanager
def silent_changes(world: World, corp: Corp) -> Iterator[Directory]:
    """A change about which nothing is pushed for members."""
    with corp.changing(at=world.now(), keep=_keeps(world, corp)) as directory:
        yield directory


def push_renamed(world: World, corp: Corp, *, old: str, new: Member) -> None:
    """update_user with NewUserID (WeCom 90639)."""
    if corp.now.is_readable(new):
        fields = [*_identity(corp, userid=old, open_userid=new.open_userid)]
        fields.append(("NewUserID", new.userid))
        world.push_contact("update_user", corp=corp, fields=fields)


def _keeps(world: World, corp: Corp) -> bool:
    return world.faults.expects_late(corp.corp_id)


def _push_contact(
    world: World, corp: Corp, *, old: Seen | None, new: Seen | None
) -> None:
    if old is None and new is not None and new.readable:
        fields = [*_identity_of(corp, new), *_details(corp, old=None, new=new)]
        fields += [*_fields(old=None, new=new), ("Status", int(new.member.status))]
        world.push_contact("create_user", corp=corp, fields=fields)
    elif old is not None and new is None and old.readable:
        world.push_contact("delete_user", corp=corp, fields=_identity_of(corp, old))
    elif old is not None and new is not None and (old.readable or new.readable):
        changed = [*_details(corp, old=old, new=new), *_fields(old=old, new=new)]
        changed += _status(old=old, new=new)
        if changed:
            fields = [*_identity_of(corp, new), *changed]
            world.push_contact("update_user", corp=corp, fields=fields)


def _push_following(
    world: World, corp: Corp, *, old: Seen | None, new: Seen | None
) -> None:
    was, does = old is not None and old.follows, new is not None and new.follows
    userid = new.member.userid if new else old.member.userid if old else ""
    if was != does:
        event = "subscribe" if does else "unsubscribe"
        world.push_data(event, corp=corp, sender=userid)


def _identity_of(corp: Corp, seen: Seen) -> list[Field]:
    return _identity(
        corp, userid=seen.member.userid, open_userid=seen.member.open_userid
    )


def _identity(corp: Corp, *, userid: str, open_userid: str) -> list[Field]:
    fields: list[Field] = [("UserID", userid)]
    if corp.tells_open_userid:
        fields.append(("OpenUserID", open_userid))
    return fields


def _details(corp: Corp, *, old: Seen | None, new: Seen) -> list[Field]:
    """Who somebody is, to the few apps that are told; the id as a name to others."""
    if not corp.tells_details:
        return [("Name", new.member.userid)] if old is None else []
    return [
        (name.capitalize(), getattr(new.member, name))
        for name in ("name", "mobile", "email", "position")
        if old is None or getattr(old.member, name) != getattr(new.member, name)
    ]


def _fields(*, old: Seen | None, new: Seen) -> list[Field]:
    """The elements that differ; a list of departments is always the whole list."""
    moved = old is None or old.departments != new.departments
    fields: list[Field] = []
    if moved:
        fields.append(("Department", joined(new.departments)))
    if new.main_department is not None and (
        old is None or old.main_department != new.main_department
    ):
        fields.append(("MainDepartment", new.main_department))
    if new.leads is not None and (moved or old is None or old.leads != new.leads):
        fields.append(("IsLeaderInDept", joined(new.leads)))
    if new.direct_leader != (old.direct_leader if old else None):
        fields.append(("DirectLeader", new.direct_leader or ""))
    return fields


def _status(*, old: Seen, new: Seen) -> list[Field]:
    """Status is told unless unsubscribe tells it: when a follower is disabled."""
    status = new.member.status
    if status is old.member.status or (status is Status.DISABLED and old.follows):
        return []
    return [("Status", int(status))]
