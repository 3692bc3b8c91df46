"""Which removals must wait for a person, because too many came at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from hashlib import sha256
from json import dumps
from math import floor
from typing import Self

from domain.decisions import Decision, DecisionName, Fields
from domain.ids import CorpId, Key

# Below this size the half counts for nothing: two of three may well leave.
SMALL_SIZE = 4
# A year; what nobody has looked at for longer is no longer "at once".
MOST_WINDOW_HOURS = 8_760


class RemovalKind(StrEnum):
    """What is counted apart."""

    MEMBERS = "members"
    DEPARTMENTS = "departments"


KIND_BY_DECISION: Mapping[DecisionName, RemovalKind] = {
    DecisionName.REMOVE_MEMBER: RemovalKind.MEMBERS,
    DecisionName.REMOVE_DEPARTMENT: RemovalKind.DEPARTMENTS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """When removals wait.

    Units: `removals` and `ceiling` in removals per window, `share` of the size, 0 to 1.
    Raises: TypeError for a count or share that arrives as text or bool; ValueError
        for one out of range.
    """

    switch: bool
    removals: int
    share: Fraction
    ceiling: int

    def __post_init__(self) -> None:
        if not isinstance(self.switch, bool):
            raise TypeError("switch must be a bool")
        _check_counts(removals=self.removals, ceiling=self.ceiling)
        if not isinstance(self.share, Fraction):
            raise TypeError("share must be a Fraction, so that the edge is exact")
        if not 0 <= self.share <= 1:
            raise ValueError("share must lie between 0 and 1")

    @classmethod
    def of(cls, *, switch: str, removals: int, share: float, ceiling: int) -> Self:
        """The settings as an operator writes them; 0.1 means exactly a tenth."""
        if switch not in {"on", "off"}:
            raise ValueError("switch must be on or off")
        if isinstance(share, bool) or not isinstance(share, int | float):
            raise TypeError("share must be a number")
        return cls(
            switch=switch == "on",
            removals=removals,
            share=Fraction(repr(share)),
            ceiling=ceiling,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What the guard counts of one kind before this plan.

    Shape: `present` now; `removed` in the window; `unapproved` those of them that
        nobody approved and that are still removed.
    Raises: TypeError for a count that arrives as text; ValueError for a negative one.
    """

    present: int
    removed: int
    unapproved: int

    def __post_init__(self) -> None:
        _check_counts(
            present=self.present, removed=self.removed, unapproved=self.unapproved
        )

    @property
    def size(self) -> int:
        """What the share is taken of: a slow emptying does not shrink its own limit."""
        return self.present + self.removed


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalEntry:
    """One removal that waits."""

    kind: RemovalKind
    key: Key
    before: Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPlan:
    """All removals of one kind at once, frozen until a person decides."""

    corp_id: CorpId
    kind: RemovalKind
    entries: tuple[RemovalEntry, ...]
    hash: str


def held(n: int, *, size: int, settings: GuardSettings) -> bool:
    """Whether n removals out of this size wait for a person."""
    return settings.switch and n > limit_of(size, settings=settings)


def limit_of(size: int, *, settings: GuardSettings) -> int:
    """How many removals out of this size pass without a person, while it is on."""
    limit = min(
        Fraction(settings.ceiling),
        max(Fraction(settings.removals), settings.share * size),
    )
    return min(floor(limit), size // 2) if size >= SMALL_SIZE else floor(limit)


def guard(
    removals: Sequence[Decision],
    *,
    corp_id: CorpId,
    kind: RemovalKind,
    window: Window,
    settings: GuardSettings,
) -> HeldPlan | None:
    """The plan that all these removals of one kind wait in, if they are too many."""
    at_once = window.unapproved + len(removals)
    if not removals or not held(at_once, size=window.size, settings=settings):
        return None
    return held_plan(
        corp_id=corp_id,
        kind=kind,
        entries=(
            RemovalEntry(kind=kind, key=each.key, before=each.before)
            for each in removals
        ),
    )


def held_plan(
    *, corp_id: CorpId, kind: RemovalKind, entries: Iterable[RemovalEntry]
) -> HeldPlan:
    """These entries as a plan that can be approved by its hash."""
    ordered = tuple(sorted(entries, key=_canonical))
    return HeldPlan(
        corp_id=corp_id,
        kind=kind,
        entries=ordered,
        hash=plan_hash(corp_id, ordered),
    )


def plan_hash(corp_id: CorpId, entries: Iterable[RemovalEntry]) -> str:
    """What an approval must repeat: SHA-256, in hex, of corp and sorted entries.

    Shape: over the ASCII JSON [corp_id, [[kind, key, before], ...]], keys sorted,
        without blanks.
    """
    return decisions_hash(
        corp_id, ((each.kind, each.key, each.before) for each in entries)
    )


def decisions_hash(corp_id: CorpId, steps: Iterable[tuple[str, Key, Fields]]) -> str:
    """The same over anything that would be done: of each (kind, key, before)."""
    listed = ",".join(sorted(_written(*each) for each in steps))
    return sha256(f"[{dumps(corp_id)},[{listed}]]".encode("ascii")).hexdigest()


def _canonical(entry: RemovalEntry) -> str:
    return _written(entry.kind, entry.key, entry.before)


def _written(kind: str, key: Key, before: Fields) -> str:
    value = [kind, key, dict(before)]
    return dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def _check_counts(**counts: int) -> None:
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int):
            raise TypeError(f"{name} must be a whole number, not {count!r}")
        if count < 0:
            raise ValueError(f"{name} must not be negative")
