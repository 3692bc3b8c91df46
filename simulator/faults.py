"""Misbehaviour on request: which answer or push is to go wrong, and how."""

import itertools
import threading
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any


class Kind(StrEnum):
    """Every way in which the simulator can be told to misbehave."""

    DUPLICATE = "duplicate"
    REORDER = "reorder"
    DELAY = "delay"
    DROP = "drop"
    ERRCODE = "errcode"
    THROTTLE = "throttle"
    BUSY = "busy"
    HTTP_500 = "http_500"
    TIMEOUT = "timeout"
    TRUNCATED = "truncated"
    TRICKLING = "trickling"
    EMPTY = "empty"
    BLANK = "blank"
    LATE = "late"
    ODD = "odd"
    SHRUNKEN = "shrunken"
    HTML = "html"
    REDIRECT = "redirect"


PUSH_KINDS = frozenset({Kind.DUPLICATE, Kind.REORDER, Kind.DELAY, Kind.DROP})
ANSWER_KINDS = frozenset(Kind) - PUSH_KINDS


@dataclass(slots=True, kw_only=True)
class Fault:
    """One rule of misbehaviour, and how often it has struck.

    Shape: `match` is a pattern over endpoints (`user/*`) or event names; `share` is the
    part of matching occasions that are struck, evenly spread; `count` None is for ever;
    `effect` says whether a call whose answer is lost was carried out all the same.
        For shrunken sets: `key` names what the lists leave out, several by commas.
        For odd answers: `field` of the row of `key` (of every row where that is empty)
        becomes `value`.
    Units: seconds.
    """

    fault_id: str
    kind: Kind
    match: str = "*"
    corp_id: str | None = None
    count: int | None = None
    share: float = 1.0
    seconds: float = 1.0
    errcode: int = -1
    times: int = 2
    window: int = 4
    effect: bool = True
    key: str = ""
    field: str = ""
    value: Any = None
    seen: int = 0
    struck: int = 0

    def concerns(self, name: str, corp_id: str | None) -> bool:
        """Whether this occasion is one of those it waits for."""
        return (
            (self.count is None or self.struck < self.count)
            and (self.corp_id is None or self.corp_id == corp_id)
            and fnmatchcase(name, self.match)
        )

    def strike(self) -> bool:
        """Count one occasion; True when it is to go wrong."""
        before = int(self.seen * self.share + 1e-9)
        self.seen += 1
        hit = int(self.seen * self.share + 1e-9) > before
        self.struck += hit
        return hit


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._rules: dict[str, Fault] = {}

    def next_id(self) -> str:
        """An unused id for a rule."""
        return f"f{next(self._numbers)}"

    def add(self, fault: Fault) -> Fault:
        """Put a rule in force."""
        with self._lock:
            self._rules[fault.fault_id] = fault
        return fault

    def remove(self, fault_id: str) -> bool:
        """Lift one rule; False when there was none."""
        with self._lock:
            return self._rules.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Lift every rule."""
        with self._lock:
            self._rules.clear()

    def list_rules(self) -> list[Fault]:
        """Every rule, oldest first."""
        with self._lock:
            return list(self._rules.values())

    def for_answer(self, endpoint: str, corp_id: str | None) -> Fault | None:
        """The one rule, if any, that spoils this answer (late ones are asked apart)."""
        kinds = ANSWER_KINDS - {Kind.LATE}
        return next(iter(self._take(kinds, endpoint, corp_id, limit=1)), None)

    def late_for(self, endpoint: str, corp_id: str | None) -> Fault | None:
        """The rule, if any, by which this answer is as old as its last change."""
        return next(iter(self._take({Kind.LATE}, endpoint, corp_id, limit=1)), None)

    def expects_late(self, corp_id: str) -> bool:
        """Whether a change of this corp must keep the state before it."""
        with self._lock:
            return any(
                rule.kind is Kind.LATE and rule.corp_id in (None, corp_id)
                for rule in self._rules.values()
            )

    def for_push(self, name: str, corp_id: str | None) -> list[Fault]:
        """Every rule that spoils this push; they add up."""
        return self._take(PUSH_KINDS, name, corp_id, limit=len(PUSH_KINDS))

    def _take(
        self, kinds: Collection[Kind], name: str, corp_id: str | None, *, limit: int
    ) -> list[Fault]:
        hits: list[Fault] = []
        with self._lock:
            for rule in self._rules.values():
                if len(hits) == limit:
                    break
                wanted = rule.kind in kinds and rule.concerns(name, corp_id)
                if wanted and rule.strike():
                    hits.append(rule)
        return hits
