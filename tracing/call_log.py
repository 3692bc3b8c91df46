"""What a piece of work has asked, call by call, so that its events can tell of it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

# A batch tells so many of its calls, and how many more there were.
MOST_TOLD = 40
# The outcome of a call that was not made: a limit or a back-off forbade it.
HELD_BACK = "held_back"
_PEOPLE = "member:"
_OF_TOKENS = "_token"

Answer = TypeVar("Answer")


class Question:
    """What is asked at this moment, and how many things its answer named."""

    __slots__ = ("about", "answers")

    def __init__(self, about: str) -> None:
        self.about = about
        self.answers: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeCall:
    """One call: its endpoint, and what came of it.

    Shape: `outcome` is the errcode, `none` for no answer, or HELD_BACK.
    Units: seconds; `after_seconds` since the work began.
    """

    endpoint: str
    outcome: str
    after_seconds: float
    seconds: float
    question: Question | None

    def told(self, owners: Mapping[str, int]) -> dict[str, object]:
        """As it is kept: people are named by the event that asks about them, or not."""
        about = self.question.about if self.question else ""
        is_person = about.startswith(_PEOPLE)
        return {
            "endpoint": self.endpoint,
            "outcome": self.outcome,
            "after_ms": round(self.after_seconds * 1000),
            "ms": round(self.seconds * 1000),
            "about": "member" if is_person else about,
            "event": owners.get(about) if is_person else None,
            "answers": self.question.answers if self.question else None,
        }


class CallLog:
    """The calls of one piece of work, in the order in which they ended."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._calls: list[MadeCall] = []

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear of the calls within this block, of those that its threads make too."""
        token = _LOG.set(self)
        try:
            yield
        finally:
            _LOG.reset(token)

    @property
    def calls(self) -> Sequence[MadeCall]:
        """All of them so far."""
        return tuple(self._calls)

    def add(self, endpoint: str, outcome: str, seconds: float) -> None:
        """Take down a call that has just ended."""
        self._calls.append(
            MadeCall(
                endpoint=endpoint,
                outcome=outcome,
                after_seconds=time.monotonic() - self._began - seconds,
                seconds=seconds,
                # A token is fetched for whoever comes first, not for what they ask.
                question=None if endpoint.endswith(_OF_TOKENS) else _QUESTION.get(),
            )
        )

    def told(self, owners: Mapping[str, int]) -> list[dict[str, object]]:
        """One entry for each of the first calls, and one for how many follow."""
        told = [each.told(owners) for each in self._calls[:MOST_TOLD]]
        more = len(self._calls) - len(told)
        return [*told, {"more": more}] if more else told


# Threads that ask for a piece of work do so in its context (concurrent.py).
_LOG: ContextVar[CallLog | None] = ContextVar("call_log", default=None)
_QUESTION: ContextVar[Question | None] = ContextVar("question", default=None)


def note_call(endpoint: str, outcome: str, *, seconds: float = 0.0) -> None:
    """Tell whoever listens of a call that has ended, or was not made."""
    log = _LOG.get()
    if log is not None:
        log.add(endpoint, outcome, seconds)


def asking(
    about: str, question: Callable[[], Answer], *, size: Callable[[Answer], int]
) -> Answer:
    """The answer; the calls that it takes are told as calls about this."""
    asked = Question(about)
    token = _QUESTION.set(asked)
    try:
        answer = question()
    finally:
        _QUESTION.reset(token)
    asked.answers = size(answer)
    return answer
