"""Many decisions that are one change, as one: what a person reads of a plan."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from json import dumps, loads

from domain.decisions import DecisionName, Fields, Json
from domain.ids import Key

# How many of those concerned are named, as examples.
_NAMED = 5

# Of these sets only what went and what came counts: whoever is in two departments and
# leaves one of them for a third does the same as somebody who was in that one alone.
_SETS = frozenset({"departments", "grounds", "leads", "direct_leaders"})
# What is the same for all whom one change concerns; the rest is each one's own.
_SHARED: Mapping[DecisionName, tuple[str, ...]] = {
    DecisionName.RENAME_USERID: ("userid",),
    DecisionName.RENAME_MEMBER: ("name",),
    DecisionName.RENAME_DEPARTMENT: ("name",),
    DecisionName.MOVE_MEMBER: ("departments",),
    DecisionName.SET_MAIN: ("main_department",),
    DecisionName.SET_LEADS: ("leads",),
    DecisionName.SET_DIRECT_LEADER: ("direct_leaders",),
    DecisionName.SET_GROUNDS: ("grounds",),
    DecisionName.MARK_LEFT: ("activation",),
    DecisionName.MARK_WORKING: ("activation",),
    DecisionName.REMOVE_MEMBER: ("removal",),
    DecisionName.ADD_DEPARTMENT: ("parent_id",),
    DecisionName.MOVE_DEPARTMENT: ("parent_id",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A decision of a plan; `held` ones wait for a person."""

    name: DecisionName
    key: Key
    before: Fields
    after: Fields
    reason: str
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StepGroup:
    """All to whom the very same happens.

    Shape: `names` are the decisions about each of them, `reasons` why; `before` and
        `after` what the change is, of sets only what went and what came; `keys` some.
    """

    names: tuple[str, ...]
    reasons: tuple[str, ...]
    before: Fields
    after: Fields
    held: bool
    count: int
    keys: tuple[Key, ...]


def group(steps: Iterable[Step]) -> tuple[StepGroup, ...]:
    """The steps with those about one key taken together, and equal ones as one."""
    bundles: dict[Key, list[str]] = {}
    known: dict[str, str] = {}
    for each in steps:
        trace = _trace(each)
        # One text for all who share it: a plan may be about a whole corp.
        bundles.setdefault(each.key, []).append(known.setdefault(trace, trace))
    together: dict[tuple[str, ...], list[Key]] = {}
    for key, traces in bundles.items():
        together.setdefault((_kind(key), *traces), []).append(key)
    return tuple(_group(traces[1:], keys) for traces, keys in together.items())


def _trace(step: Step) -> str:
    """What the step has in common with those of others, as one comparable text."""
    before: dict[str, Json] = {}
    after: dict[str, Json] = {}
    for field in _SHARED.get(step.name, ()):
        old, new = step.before.get(field), step.after.get(field)
        if field in _SETS:
            old, new = _without(old, new), _without(new, old)
        before[field], after[field] = old, new
    link = step.after.get("link")
    if isinstance(link, dict):
        after["link"] = {name: link.get(name) for name in ("state", "reason", "asks")}
    said = [step.name.value, step.reason, step.held, before, after]
    return dumps(said, sort_keys=True)


def _group(traces: Iterable[str], keys: list[Key]) -> StepGroup:
    told = [loads(each) for each in traces]
    before: dict[str, Json] = {}
    after: dict[str, Json] = {}
    for _, _, _, old, new in told:
        before |= old
        after |= new
    return StepGroup(
        names=tuple(each[0] for each in told),
        reasons=tuple(dict.fromkeys(each[1] for each in told)),
        held=any(each[2] for each in told),
        before=before,
        after=after,
        count=len(keys),
        keys=tuple(keys[:_NAMED]),
    )


def _without(some: Json, others: Json) -> Json:
    if not isinstance(some, list):
        return some
    return [each for each in some if not isinstance(others, list) or each not in others]


def _kind(key: Key) -> str:
    return key.partition(":")[0]
