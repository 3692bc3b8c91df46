"""What is different between two moments of an org, for each person and department."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from domain.decisions import DecisionName, Fields
from domain.grouping import Step
from domain.ids import Key, split_key
from domain.org.replay import Folding, Row


class ChangeKind(StrEnum):
    """What became of somebody or something between two moments."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MERGED = "merged"  # Two userids turned out to be one person's.


# What a difference in one of these fields is called, for members and departments.
_MEMBER_WORDS: Mapping[str, DecisionName] = {
    "name": DecisionName.RENAME_MEMBER,
    "departments": DecisionName.MOVE_MEMBER,
    "orders": DecisionName.REORDER_MEMBER,
    "main_department": DecisionName.SET_MAIN,
    "leads": DecisionName.SET_LEADS,
    "direct_leaders": DecisionName.SET_DIRECT_LEADER,
    "grounds": DecisionName.SET_GROUNDS,
    "details": DecisionName.SET_DETAILS,
    "open_userid": DecisionName.SET_DETAILS,
}
_DEPARTMENT_WORDS: Mapping[str, DecisionName] = {
    "parent_id": DecisionName.MOVE_DEPARTMENT,
    "name": DecisionName.RENAME_DEPARTMENT,
    "order": DecisionName.REORDER_DEPARTMENT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgChange:
    """One person's or department's difference.

    Shape: `key` is the later one, `was` the earlier if it was another; `before` and
        `after` hold the fields that differ, all of them for who was added or removed,
        none for who became one with somebody else.
    """

    kind: ChangeKind
    key: Key
    was: Key | None
    before: Fields
    after: Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class PastSight:
    """Whom a folding shows at one moment, by what they are called and by who they are.

    Shape: `rows` by the number that stays a person's own through renames and returns.
    """

    rows: Mapping[int, tuple[Key, Row]]

    @classmethod
    def of(cls, folding: Folding) -> Self:
        """What the folding shows now; it may go on."""
        return cls(rows={row.born: (key, row) for key, row in folding.rows.items()})


def changes(
    *,
    before: PastSight,
    after: PastSight,
    whereabouts: Mapping[int, Key],
    keys: Collection[Key],
) -> Iterator[OrgChange]:
    """The differences of those whom the journal knew last under one of these keys.

    Shape: about others the folding may know too little; another set of keys has them.
    """
    there = {key for key, _ in after.rows.values()}
    for born in _all_in_order(before, after, whereabouts):
        if whereabouts[born] in keys:
            was, now = before.rows.get(born), after.rows.get(born)
            if was is not None and now is None and whereabouts[born] in there:
                yield _merged(was[0], whereabouts[born])
            else:
                yield from _change(was, now)


def _all_in_order(
    before: PastSight, after: PastSight, whereabouts: Mapping[int, Key]
) -> Iterable[int]:
    everybody = before.rows.keys() | after.rows.keys()
    return sorted(everybody, key=lambda born: whereabouts[born])


def _change(
    was: tuple[Key, Row] | None, now: tuple[Key, Row] | None
) -> Iterator[OrgChange]:
    if now is None and was is not None:
        key, row = was
        yield OrgChange(
            kind=ChangeKind.REMOVED, key=key, was=None, before=_told(row), after={}
        )
    elif was is None and now is not None:
        key, row = now
        yield OrgChange(
            kind=ChangeKind.ADDED, key=key, was=None, before={}, after=_told(row)
        )
    elif was is not None and now is not None:
        yield from _difference(was, now)


def _merged(was: Key, now: Key) -> OrgChange:
    return OrgChange(kind=ChangeKind.MERGED, key=now, was=was, before={}, after={})


def _difference(was: tuple[Key, Row], now: tuple[Key, Row]) -> Iterator[OrgChange]:
    old, new = _told(was[1]), _told(now[1])
    differing = [
        name for name in old.keys() | new.keys() if old.get(name) != new.get(name)
    ]
    if not differing:
        return
    yield OrgChange(
        kind=ChangeKind.CHANGED,
        key=now[0],
        was=was[0] if was[0] != now[0] else None,
        before={name: old.get(name) for name in sorted(differing)},
        after={name: new.get(name) for name in sorted(differing)},
    )


def _told(row: Row) -> Fields:
    link = row.link or {}
    linked = link.get("account_id") if link.get("state") == "linked" else None
    return {**row.fields, "account_id": linked}


def steps_of(change: OrgChange) -> tuple[Step, ...]:
    """The change as the decisions that would make it, so that it reads like a plan."""
    return tuple(
        Step(
            name=name,
            key=change.key,
            before=before,
            after=after,
            reason=change.kind.value,
        )
        for name, before, after in _named(change)
    )


_Named = tuple[DecisionName, Fields, Fields]


def _named(change: OrgChange) -> Iterator[_Named]:
    of_member = split_key(change.key)[0] == "member"
    if change.was is not None:
        old, new = split_key(change.was)[1], split_key(change.key)[1]
        yield DecisionName.RENAME_USERID, {"userid": old}, {"userid": new}
    if change.kind is ChangeKind.ADDED:
        yield _ADDED[of_member], change.before, change.after
    elif change.kind is ChangeKind.REMOVED:
        yield _REMOVED[of_member], change.before, change.after
    else:
        yield from _fields(change, _MEMBER_WORDS if of_member else _DEPARTMENT_WORDS)


_ADDED = {True: DecisionName.ADD_MEMBER, False: DecisionName.ADD_DEPARTMENT}
_REMOVED = {True: DecisionName.REMOVE_MEMBER, False: DecisionName.REMOVE_DEPARTMENT}


def _fields(change: OrgChange, words: Mapping[str, DecisionName]) -> Iterator[_Named]:
    before, after = change.before, change.after
    found = {
        words[each]: each for each in words if each in before.keys() | after.keys()
    }
    if DecisionName.MOVE_MEMBER in found:
        # Whoever moves has another place, too.
        found.pop(DecisionName.REORDER_MEMBER, None)
    for name, field in found.items():
        yield name, {field: before.get(field)}, {field: after.get(field)}
    if "employment" in after:
        left = after["employment"] == "left"
        yield DecisionName.MARK_LEFT if left else DecisionName.MARK_WORKING, {}, {}
    elif "activation" in after and DecisionName.SET_DETAILS not in found:
        yield DecisionName.SET_DETAILS, {}, {}
    if "account_id" in after:
        linked = after["account_id"] is not None
        yield DecisionName.LINK_ACCOUNT if linked else DecisionName.UNLINK, {}, {}
