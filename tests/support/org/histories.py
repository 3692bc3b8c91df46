"""What happens in a company, and what WeCom pushes about it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

from domain.decisions import Json
from domain.ids import Key, department_key, member_key, split_key, tag_key
from tests.support.org.pipeline import LONG_AGO, Event
from tests.support.wecom.fake_answers import answering
from tests.support.wecom.fakes import Holding, Person, Place, Truth, World

ROOT = 1
HOME = 2
TEAM = 2**31 + 7
KEEPER = "woKeeper"
TAG = 5


def company() -> Truth:
    """A small company; department HOME and the KEEPER in it are always in the scope."""
    return Truth(
        departments={
            ROOT: Place(parent=None, order=1),
            HOME: Place(parent=ROOT, order=2),
            TEAM: Place(parent=HOME, order=3),
            4: Place(parent=ROOT, order=2**32 - 1),
        },
        people={
            KEEPER: Person(open_userid="oKeeper", departments={HOME: 1}, main=HOME),
            "woA": Person(open_userid="oA", departments={TEAM: 0}, main=TEAM),
            "woa": Person(open_userid="oa", departments={TEAM: 2, 4: 1}, main=4),
            "woB": Person(open_userid="oB", departments={4: 0}, main=4),
        },
        tags={TAG: Holding(userids=frozenset({"woB"}))},
        allow_departments=frozenset({HOME}),
        authorised=frozenset({KEEPER}),
    )


class Company:
    """Changes the truth of a World; `outbox` is what WeCom has still to push.

    Shape: with `tells_person` events about people say whose they are; `former` are the
        userids that somebody bore and nobody bears now, `renamed` those that went
        from one to another or may; `past` is what the company
        was before each change, the latest last.
    """

    def __init__(self, world: World, *, tells_person: bool = False) -> None:
        self.world = world
        self.outbox: list[Event] = []
        self.past: list[Truth] = []
        self.renamed: set[str] = set()
        self._tells_person = tells_person
        self._seconds = 0
        self._ever = set(world.truth.people)

    @property
    def former(self) -> list[str]:
        """Userids that are free to be handed on: nobody answers to them."""
        truth = self.world.truth
        return sorted(each for each in self._ever if not truth.known(frozenset({each})))

    def become(self, after: Truth, *, renamed: tuple[str, str] | None = None) -> None:
        """Let the truth change, and have WeCom push what it tells of that."""
        before = self.world.truth
        self._seconds += 1
        at = LONG_AGO + timedelta(seconds=self._seconds)
        if renamed:
            events = [_member("update_user", renamed[0], new_userid=renamed[1])]
        else:
            events = [*_people(before, after), *_places(before, after)]
            events += [*_tags(before, after), *_scope(before, after)]
        self.world.before, self.world.truth = before.copy(), after
        self.past.append(self.world.before)
        self._ever |= after.people.keys()
        if self._tells_person:
            events = [_with_person(each, before, after) for each in events]
        self.outbox += [replace(each, sent_at=at) for each in events]

    def hire(self, userid: str, department: int, *, person: str | None = None) -> None:
        """Somebody joins, if nothing else is said somebody of the userid's own."""
        if userid in self._ever:
            self.renamed.add(userid)
        after = self.world.truth.copy()
        nameless = any(each.open_userid is None for each in after.people.values())
        after.people[userid] = Person(
            open_userid=None if nameless else person or f"o{userid}",
            departments={department: 0},
            main=department,
        )
        self.become(after)

    def change(self, userid: str, **fields: object) -> None:
        """Something about a person changes."""
        after = self.world.truth.copy()
        after.people[userid] = replace(after.people[userid], **fields)  # type: ignore[arg-type]  # any field.
        self.become(after)

    def rename(self, old: str, new: str) -> None:
        """A person gets another userid; wherever they are named, so does the name."""
        self.renamed |= {old, new}
        after = self.world.truth.copy()
        named = partial(_renamed, self.world.truth, old, new)
        after.people[new] = after.people.pop(old)
        after.allow_members = named(after.allow_members)
        after.authorised = named(after.authorised)
        for tag_id, tag in after.tags.items():
            after.tags[tag_id] = replace(tag, userids=named(tag.userids))
        self.become(after, renamed=(old, new))

    def leave(self, userid: str) -> None:
        """Somebody leaves the company, and so whatever names them."""
        after = self.world.truth.copy()
        named = partial(_renamed, self.world.truth, userid, None)
        del after.people[userid]
        after.allow_members = named(after.allow_members)
        after.authorised = named(after.authorised)
        for tag_id, tag in after.tags.items():
            after.tags[tag_id] = replace(tag, userids=named(tag.userids))
        self.become(after)

    def place(self, department: int, parent: int, order: int) -> None:
        """A department is made, moved or sorted otherwise."""
        after = self.world.truth.copy()
        after.departments[department] = Place(parent=parent, order=order)
        self.become(after)

    def dissolve(self, department: int) -> None:
        """A department goes; its people and children first move to the one above."""
        parent = self.world.truth.departments[department].parent or ROOT
        for userid, person in list(self.world.truth.people.items()):
            if department in person.departments:
                rest = {k: v for k, v in person.departments.items() if k != department}
                self.change(userid, departments=rest or {parent: 0}, main=None)
        for child, place in list(self.world.truth.departments.items()):
            if place.parent == department:
                self.place(child, parent, place.order)
        after = self.world.truth.copy()
        del after.departments[department]
        after.allow_departments -= {department}
        after.extra_departments -= {department}
        for tag_id, tag in after.tags.items():
            left = tag.departments - {department}
            after.tags[tag_id] = replace(tag, departments=left)
        self.become(after)

    def tag(self, userids: frozenset[str], departments: frozenset[int]) -> None:
        """The tag holds others."""
        after = self.world.truth.copy()
        after.tags[TAG] = Holding(userids=userids, departments=departments)
        self.become(after)

    def authorise(self, **fields: object) -> None:
        """The admin, or in auth_mode 1 a member, lets us see more or less."""
        self.become(replace(self.world.truth.copy(), **fields))  # type: ignore[arg-type]  # any field.


def _people(before: Truth, after: Truth) -> Iterator[Event]:
    for userid in sorted(before.people.keys() | after.people.keys()):
        was = userid in before.people and before.is_visible(userid)
        now = userid in after.people and after.is_visible(userid)
        if userid not in after.people and was:
            yield _member("delete_user", userid)
        elif userid not in before.people and now:
            yield _member("create_user", userid, **_said(after, userid))
        elif (was or now) and before.people[userid] != after.people[userid]:
            said = _said(after, userid)
            if before.people[userid].status == after.people[userid].status:
                said.pop("status")
            yield _member("update_user", userid, **said)
        yield from _subscription(before, after, userid)


def _subscription(before: Truth, after: Truth, userid: str) -> Iterator[Event]:
    was = userid in before.people and bool(before.grounds(userid))
    now = userid in after.people and bool(after.grounds(userid))
    if was != now:
        kind = "subscribe" if now else "unsubscribe"
        yield Event(kind=kind, key=member_key(userid))


def _said(truth: Truth, userid: str) -> dict[str, Json]:
    row = truth.row(userid)
    said: dict[str, Json] = {"departments": list(row.departments), "status": row.status}
    if row.main_department is not None:
        said["main_department"] = row.main_department
    return said


def _member(change: str, userid: str, **hint: Json) -> Event:
    return Event(change=change, key=member_key(userid), hint=hint)


def _places(before: Truth, after: Truth) -> Iterator[Event]:
    for each in sorted(before.departments.keys() | after.departments.keys()):
        old, new = before.departments.get(each), after.departments.get(each)
        was, now = each in before.visible_departments, each in after.visible_departments
        if old == new or not (was or now):
            continue
        key = department_key(each)
        if new is None:
            yield Event(change="delete_party", key=key)
        else:
            hint: dict[str, Json] = {"parent_id": new.parent or 0}
            change = "create_party" if old is None else "update_party"
            yield Event(change=change, key=key, hint=hint)


def _tags(before: Truth, after: Truth) -> Iterator[Event]:
    for each in sorted(before.allow_tags & after.allow_tags):
        old, new = before.tags[each], after.tags[each]
        if old != new:
            hint: dict[str, Json] = {
                "add_userids": [*sorted(new.userids - old.userids)],
                "del_userids": [*sorted(old.userids - new.userids)],
                "add_departments": [*sorted(new.departments - old.departments)],
                "del_departments": [*sorted(old.departments - new.departments)],
            }
            yield Event(change="update_tag", key=tag_key(each), hint=hint)


def _scope(before: Truth, after: Truth) -> Iterator[Event]:
    # Members who authorise the app themselves are told of by subscriptions alone.
    if any(getattr(before, each) != getattr(after, each) for each in _SCOPE):
        yield Event(kind="change_auth", key="corp")


_SCOPE = (
    "allow_departments",
    "allow_members",
    "allow_tags",
    "extra_departments",
    "auth_mode",
    "whole_tree",
)


def _with_person(event: Event, before: Truth, after: Truth) -> Event:
    """The event with the open_userid of whom it is about, if it is about somebody."""
    kind, name = split_key(Key(event.key))
    if kind != "member" or event.kind != "change_contact":
        return event
    new = event.hint.get("new_userid")
    told = after.people.get(str(new or name)) or before.people.get(name)
    if told is None or told.open_userid is None:
        return event
    return replace(event, hint={**event.hint, "open_userid": told.open_userid})


def _renamed(
    truth: Truth, old: str, new: str | None, names: frozenset[str]
) -> frozenset[str]:
    """The names without those that are this person's; their new one, if any, instead.

    Where WeCom ignores case a name in another case is theirs as well.
    """
    ignoring = truth.ignores_case
    mine = {each for each in names if answering({each}, {old}, ignoring_case=ignoring)}
    # Whoever is spelt exactly so is nobody else.
    mine -= truth.people.keys() - {old}
    return names - mine | ({new} if mine and new is not None else set())
