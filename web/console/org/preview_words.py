"""A preview in plain words: what would change, what would wait and why, who hears."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.ids import Key, split_key
from store.database import Connection
from store.events.previews import Preview, PreviewHold, PreviewState, PreviewStep
from store.org.journal import JournalLine
from store.summaries.mail.tries import TriedCall
from store.summaries.org.departments import list_names as department_names
from store.summaries.org.journal import masked
from store.summaries.org.members import list_names as member_names
from texts.catalogue import catalogue, say
from web.console.events.calls import ShownCall, shown_calls
from web.console.words import Names, describe, mentioned, value_words, why

# Outcomes that say no more than the decisions do.
_SETTLED = frozenset({"applied", "no_difference"})
# A line that was never written has no time; no sentence says any.
_NEVER = datetime.fromtimestamp(0, UTC)
# How it was found out, in words of the domain: it is told by the reason.
_UNTOLD = frozenset({"evidence"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownChange:
    """One field, from what to what; mobiles and addresses masked."""

    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStep:
    """One decision as people read it; `hold` says why it would wait."""

    name: str
    key: str
    userid: str | None
    text: str
    why: str
    hold: str
    plan_id: str | None
    changes: tuple[ShownChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPreview:
    """All that a preview says, in one language.

    Shape: `own` are decisions about the person asked for, `others` about whom else it
        touches; `next_step` is empty where there is nothing to mend.
    """

    state: PreviewState
    asked_at: datetime
    asked_by: str
    answered_at: datetime | None
    outcome: str
    verdict: str
    is_bad: bool
    next_step: str
    error: str
    own: tuple[ShownStep, ...]
    others: tuple[ShownStep, ...]
    notices: tuple[str, ...]
    calls: tuple[ShownCall, ...]
    more_calls: int


def shown_preview(
    connection: Connection, corp_pk: int, preview: Preview, *, tag: str
) -> ShownPreview:
    """A preview in a language, with the names of whom and what it is about."""
    lines = [_line(each) for each in preview.steps]
    departments, userids = mentioned(lines)
    people = [*userids, *(each.userid for each in preview.notices)]
    names = Names(
        departments=department_names(connection, corp_pk, departments),
        members=member_names(connection, corp_pk, people),
    )
    holds = {each.key: each for each in preview.holds}
    steps = [
        _step(each, line, holds.get(each.key), names, tag)
        for each, line in zip(preview.steps, lines, strict=True)
    ]
    told = _Telling(preview, tag)
    return ShownPreview(
        state=preview.state,
        asked_at=preview.asked_at,
        asked_by=preview.asked_by,
        answered_at=preview.answered_at,
        outcome=preview.outcome,
        verdict=told.verdict(),
        is_bad=told.is_bad,
        next_step=told.next_step(),
        error=preview.error,
        own=tuple(each for each in steps if each.userid in _own(preview)),
        others=tuple(each for each in steps if each.userid not in _own(preview)),
        notices=tuple(_notices(preview, names, tag)),
        calls=_calls(preview, tag),
        more_calls=sum(each.get("more", 0) for each in preview.calls),
    )


class _Telling:
    """The sentence on top, and what to do."""

    def __init__(self, preview: Preview, tag: str) -> None:
        self._preview = preview
        self._tag = tag
        self._held = sum(each.held for each in preview.steps)
        self._done = len(preview.steps) - self._held

    @property
    def is_bad(self) -> bool:
        """Whether a sync would not bring this person in step."""
        preview = self._preview
        if preview.state is PreviewState.ASKING:
            return False
        return preview.outcome not in _SETTLED or self._held > 0

    def verdict(self) -> str:
        """What would come of it, in one sentence or two."""
        state = self._preview.state
        if state is not PreviewState.ANSWERED:
            return self._say(f"preview_state.{state.value}")
        parts = [
            self._count("preview_changes", self._done),
            self._count("preview_held", self._held),
            self._of_outcome(f"preview_outcome.{self._preview.outcome}"),
        ]
        return " ".join(filter(None, parts)) or self._say("preview.nothing")

    def next_step(self) -> str:
        """What the operator can do about it."""
        if self._preview.state is PreviewState.LOST:
            return self._say("preview_state.lost_next")
        if self._held:
            return self._say("preview.held_next")
        return self._of_outcome(f"preview_next.{self._preview.outcome}")

    def _of_outcome(self, key: str) -> str:
        """What is said of the outcome alone; nothing where the decisions say it."""
        if self._preview.outcome in _SETTLED or self._preview.outcome == "":
            return ""
        unknown = key.partition(".")[0] + ".retry"
        return self._say(key if key in catalogue(self._tag) else unknown)

    def _count(self, key: str, number: int) -> str:
        if not number:
            return ""
        return self._say(f"{key}.{'one' if number == 1 else 'other'}", n=number)

    def _say(self, key: str, **values: object) -> str:
        return say(self._tag, key, **values)


def _own(preview: Preview) -> frozenset[str]:
    """What the person is called, before and after."""
    renamed = {
        str(each.after.get("userid"))
        for each in preview.steps
        if each.name == "RenameUserid" and each.key == f"member:{preview.userid}"
    }
    return frozenset({preview.userid, *renamed})


def _line(step: PreviewStep) -> JournalLine:
    return JournalLine(
        line_id=0,
        at=_NEVER,
        cause="mail",
        run_id=None,
        decision=step.name,
        key=step.key,
        reason=step.reason,
        before=masked(dict(step.before)),
        after=masked(dict(step.after)),
    )


def _step(
    step: PreviewStep,
    line: JournalLine,
    hold: PreviewHold | None,
    names: Names,
    tag: str,
) -> ShownStep:
    kind, name = split_key(Key(step.key))
    return ShownStep(
        name=step.name,
        key=step.key,
        userid=name if kind == "member" else None,
        text=describe(line, names, tag=tag),
        why=why(step.name, step.reason, tag=tag),
        hold=_why_held(hold, tag) if step.held and hold else "",
        plan_id=hold.plan_id if step.held and hold else None,
        changes=tuple(_changes(line, names, tag)),
    )


def _why_held(hold: PreviewHold, tag: str) -> str:
    return say(
        tag,
        f"preview_hold.{hold.plan_state}",
        n=hold.removals,
        limit=hold.limit,
        hours=hold.hours,
    )


def _changes(line: JournalLine, names: Names, tag: str) -> Iterator[ShownChange]:
    before, after = dict(_flat(line.before)), dict(_flat(line.after))
    for field in dict.fromkeys([*before, *after]):
        old = _value(before.get(field), field, names, tag)
        new = _value(after.get(field), field, names, tag)
        if old != new:
            yield ShownChange(field=_label(field, tag), old=old, new=new)


def _value(raw: Any, field: str, names: Names, tag: str) -> str:
    known = f"link_state.{raw}"
    if field == "state" and known in catalogue(tag):
        return say(tag, known)
    if field == "reason" and raw:
        return why("", str(raw), tag=tag) or str(raw)
    return value_words(raw, field, names, tag)


def _flat(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The fields one by one; those of a field that has some of its own, too."""
    for name, value in fields.items():
        if name in _UNTOLD:
            continue
        if isinstance(value, dict):
            yield from _flat(value)
        else:
            yield name, value


def _label(field: str, tag: str) -> str:
    known = f"field.{field}"
    return say(tag, known) if known in catalogue(tag) else field


def _notices(preview: Preview, names: Names, tag: str) -> Iterator[str]:
    for each in preview.notices:
        kind = f"notices.kind.{each.kind}"
        yield say(
            tag,
            "preview_notice.queued"
            if each.state == "queued"
            else "preview_notice.over",
            who=names.members.get(each.userid) or each.userid,
            kind=say(tag, kind).strip(":：") if kind in catalogue(tag) else each.kind,
        )
    if any(each.plan_state == "new" for each in preview.holds):
        yield say(tag, "preview_notice.approval")


def _calls(preview: Preview, tag: str) -> tuple[ShownCall, ...]:
    began = preview.began_at or preview.asked_at
    made = [
        TriedCall.of(each, since=began) for each in preview.calls if "endpoint" in each
    ]
    return shown_calls(made, tag=tag)
