"""Folds what one person does to one item within half a minute into one change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.items.items import ItemAction, ItemEdit, ItemState

# For so long after a first edit the same person's further ones are one card.
WINDOW = timedelta(seconds=30)
# Two events of one edit carry the same second; forms of delivery may round it apart.
SAME_EDIT = timedelta(seconds=2)
# What of a value is kept to be told: a card has room for far less.
VALUE_CHARS = 400
# What a new item is shown with, where a change has old and new.
_OF_A_NEW_ITEM = (
    "status",
    "owner",
    "current_owner",
    "priority_label",
    "priority",
    "severity",
    "begin",
    "startdate",
    "due",
    "deadline",
    "enddate",
    "iteration_id",
)
_WEIGHT = {
    ItemAction.DELETE: 6,
    ItemAction.CREATE: 5,
    ItemAction.STATUS: 4,
    ItemAction.UPDATE: 3,
    ItemAction.COMMENT: 2,
    ItemAction.COMMENT_UPDATE: 1,
    ItemAction.COMMENT_DELETE: 0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field before and after; `old` None where there was no before."""

    name: str
    old: str | None
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What one event adds to a change, as it is kept until it is told."""

    action: ItemAction
    at: datetime | None
    fields: tuple[FieldChange, ...] = ()
    comment_id: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemChange:
    """What one card tells: the last state, and the value from before the first edit.

    Shape: `comments` is how many were made; `comment` the last one's text.
    """

    action: ItemAction
    at: datetime | None
    fields: tuple[FieldChange, ...]
    comment: str
    comments: int

    @property
    def says_nothing(self) -> bool:
        """Whether everything was put back as it was."""
        return not self.fields and self.action in {ItemAction.UPDATE, ItemAction.STATUS}


def utter(edit: ItemEdit, state: ItemState | None) -> Utterance:
    """What an event adds; values that it leaves out come from what is remembered."""
    known = {} if state is None else state.fields
    return Utterance(
        action=_action(edit),
        at=edit.at,
        fields=tuple(_differences(edit, known)),
        comment_id=edit.comment_id,
        comment=edit.comment[:VALUE_CHARS],
    )


def unsaid(said: Iterable[Utterance], new: Utterance) -> Utterance | None:
    """What of an utterance was not said yet; None when nothing is left to tell.

    Two events may tell of one edit (an update and a status_change, two forms of
    delivery): equal words of the same moment are one.
    """
    near = {word for each in said if _same_moment(each, new) for word in _words(each)}
    fresh = [each for each in _words(new) if each not in near]
    made_before = new.action is ItemAction.CREATE and (ItemAction.CREATE,) in near
    if not fresh or made_before:
        return None
    fields = tuple(each for each in new.fields if _word(each) not in near)
    return replace(new, fields=fields)


def is_told(said: Iterable[Utterance], again: Utterance) -> bool:
    """Whether some of an utterance is among what was said at that moment."""
    near = {word for each in said if _same_moment(each, again) for word in _words(each)}
    return any(each in near for each in _words(again))


def fold(utterances: Sequence[Utterance]) -> ItemChange:
    """One change of all that was said: first old value, last new one.

    Raises: ValueError for nothing at all.
    """
    ordered = sorted(utterances, key=_order)
    if not ordered:
        raise ValueError("a change holds an utterance")
    fields: dict[str, FieldChange] = {}
    for field in _chained(ordered):
        first = fields.get(field.name, field)
        fields[field.name] = replace(field, old=first.old)
    comments = [each for each in ordered if each.action.is_comment]
    return ItemChange(
        action=max((each.action for each in ordered), key=_WEIGHT.__getitem__),
        at=ordered[-1].at,
        fields=tuple(each for each in fields.values() if each.old != each.new),
        comment=comments[-1].comment if comments else "",
        comments=len({each.comment_id or each.comment for each in comments}),
    )


def _chained(ordered: Sequence[Utterance]) -> Iterable[FieldChange]:
    """The field changes in order; of one second, each from where another ended."""
    waiting: list[FieldChange] = []
    for place, each in enumerate(ordered):
        waiting += each.fields
        following = ordered[place + 1 : place + 2]
        if following and following[0].at == each.at:
            continue
        yield from _from_first_to_last(waiting)
        waiting = []


def _from_first_to_last(fields: Sequence[FieldChange]) -> Iterable[FieldChange]:
    left = list(fields)
    while left:
        # Nothing of the same field ended where the first one began.
        first = next(
            (each for each in left if not any(_leads(other, each) for other in left)),
            left[0],
        )
        left.remove(first)
        yield first


def _leads(before: FieldChange, after: FieldChange) -> bool:
    same = before.name == after.name and before is not after
    return same and before.new == after.old


def _order(utterance: Utterance) -> tuple[float, int]:
    moment = utterance.at.timestamp() if utterance.at else float("inf")
    return moment, 0 if utterance.action is ItemAction.CREATE else 1


def _action(edit: ItemEdit) -> ItemAction:
    """An update that changes the status is a change of status, whatever its name."""
    if edit.action is ItemAction.UPDATE and "status" in edit.changed:
        return ItemAction.STATUS
    return edit.action


def _differences(edit: ItemEdit, known: Mapping[str, str]) -> Iterable[FieldChange]:
    if edit.action is ItemAction.CREATE:
        for name in _OF_A_NEW_ITEM:
            value = edit.after.get(name, "").strip()
            if value and value not in {"0", "0000-00-00"}:
                yield FieldChange(name=name, old=None, new=value[:VALUE_CHARS])
    if edit.action not in {ItemAction.UPDATE, ItemAction.STATUS}:
        return
    for name in edit.changed:
        old, new = edit.before.get(name, known.get(name)), edit.after.get(name)
        if new is None or _same(old, new):
            continue
        yield _shortened(name, old or "", new)


def _same(old: str | None, new: str) -> bool:
    return old is not None and old.strip().rstrip(";") == new.strip().rstrip(";")


def _shortened(name: str, old: str, new: str) -> FieldChange:
    """Both values from where they begin to differ, when they are long."""
    start = 0
    if max(len(old), len(new)) > VALUE_CHARS:
        start = max(0, _first_difference(old, new) - VALUE_CHARS // 4)
    part = slice(start, start + VALUE_CHARS)
    return FieldChange(name=name, old=old[part], new=new[part])


def _first_difference(old: str, new: str) -> int:
    for place, (was, now) in enumerate(zip(old, new, strict=False)):
        if was != now:
            return place
    return min(len(old), len(new))


def _same_moment(said: Utterance, new: Utterance) -> bool:
    if said.at is None or new.at is None:
        return said.at is new.at
    return abs(said.at - new.at) <= SAME_EDIT


def _words(utterance: Utterance) -> list[tuple[str | None, ...]]:
    """What is told, each thing so that the same thing told again is equal."""
    words = [_word(each) for each in utterance.fields]
    if utterance.action in {ItemAction.CREATE, ItemAction.DELETE}:
        words.append((utterance.action,))
    if utterance.action.is_comment:
        words.append((utterance.action, utterance.comment_id, utterance.comment))
    return words


def _word(field: FieldChange) -> tuple[str | None, ...]:
    return ("field", field.name, field.old, field.new)
