"""The calls of a drain in plain words: what was asked, what came, how long it took."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store.summaries.mail.tries import TriedCall
from texts.catalogue import say
from web.http.texts import language

_UNANSWERED = frozenset({"none", "held_back"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCall:
    """One call as a line of the story."""

    endpoint: str
    outcome: str
    at: datetime
    text: str
    is_bad: bool
    event_id: int | None


def shown_calls(
    calls: Sequence[TriedCall], *, tag: str | None = None
) -> tuple[ShownCall, ...]:
    """The calls in the order in which they began, in a language or the request's."""
    spoken = tag or language()
    return tuple(
        ShownCall(
            endpoint=each.endpoint,
            outcome=each.outcome,
            at=each.at,
            text=_about(each, spoken) + _outcome(each, spoken),
            is_bad=each.outcome in _UNANSWERED,
            event_id=None if each.is_own else each.event_id,
        )
        for each in sorted(calls, key=lambda call: call.at)
    )


def _about(call: TriedCall, tag: str) -> str:
    kind, _, name = call.about.partition(":")
    if not kind:
        return ""
    if kind == "member":
        kind = "own" if call.is_own else "of_event" if call.event_id else "another"
    return say(tag, f"calls_about.{kind}", id=name or call.event_id or "")


def _outcome(call: TriedCall, tag: str) -> str:
    milliseconds = f"{call.milliseconds:,}"
    match call.outcome:
        case "0" if call.answers is not None and call.answers != 1:
            form = "one" if call.answers == 1 else "other"
            return say(
                tag, f"calls_answered_many.{form}", n=call.answers, ms=milliseconds
            )
        case "0":
            return say(tag, "calls_outcome.answered", ms=milliseconds)
        case "none":
            return say(tag, "calls_outcome.none", ms=milliseconds)
        case "held_back":
            return say(tag, "calls_outcome.held_back")
        case code:
            return say(tag, "calls_outcome.refused", code=code, ms=milliseconds)
