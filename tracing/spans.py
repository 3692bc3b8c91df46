"""What is told of the work on events; costs a look at one name while nobody listens."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Value = str | int | float | bool
# So many events of one batch get a span of their own, or a link; the rest is a number.
MOST_EVENTS = 100


class Span(Protocol):
    """What is under way."""

    def note(self, **attributes: Value) -> None:
        """Say more of it."""


class Listener(Protocol):
    """Who makes spans of what is told here."""

    def arrived(
        self, event_id: int, *, seconds: float, fresh: bool, attributes: "Attributes"
    ) -> None:
        """An event came in and was committed; it took so long."""

    def spilled(
        self, digest: bytes, *, seconds: float, attributes: "Attributes"
    ) -> None:
        """Mail waits in the spill, and has no number yet."""

    def moved(self, event_id: int, digest: bytes, *, fresh: bool) -> None:
        """Mail left the spill and has its number."""

    def working(
        self, name: str, event_ids: Sequence[int], attributes: "Attributes"
    ) -> AbstractContextManager[Span]:
        """Work on these events until the block ends."""

    def within(
        self, name: str, attributes: "Attributes"
    ) -> AbstractContextManager[Span]:
        """A step of the work at hand."""

    def done(self, name: str, *, seconds: float, attributes: "Attributes") -> None:
        """A step of the work at hand that is over and took so long."""


Attributes = dict[str, Value]


class _Unheard:
    """A span that nobody sees."""

    def note(self, **attributes: Value) -> None:
        """Forget it."""


_UNHEARD = _Unheard()
_listeners: list[Listener] = []


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Tell this one as long as the block lasts."""
    _listeners[:] = [listener]
    try:
        yield
    finally:
        _listeners.clear()


def tell(listener: Listener) -> None:
    """Tell this one from here on, for as long as the process lives."""
    _listeners[:] = [listener]


def is_heard() -> bool:
    """Whether anybody listens."""
    return bool(_listeners)


def arrived(
    event_id: int, *, seconds: float, attributes: Attributes, fresh: bool = True
) -> None:
    """An event came in: the beginning of its trace, or a repeat within it."""
    for each in _listeners:
        each.arrived(event_id, seconds=seconds, fresh=fresh, attributes=attributes)


def spilled(digest: bytes, *, seconds: float, attributes: Attributes) -> None:
    """Mail waits in the spill; its own trace begins once it has a number."""
    for each in _listeners:
        each.spilled(digest, seconds=seconds, attributes=attributes)


def moved(event_id: int, digest: bytes, *, fresh: bool) -> None:
    """What was spilled is in the inbox: its trace begins, linked to the callback."""
    for each in _listeners:
        each.moved(event_id, digest, fresh=fresh)


@contextmanager
def working(
    name: str, event_ids: Sequence[int], attributes: Attributes
) -> Iterator[Span]:
    """Work on events: in the trace of the first, linked with those of the others.

    Each of the others, up to a hundred, has a span in its own trace that leads here.
    """
    if not _listeners:
        yield _UNHEARD
        return
    with _listeners[0].working(name, event_ids, attributes) as span:
        yield span


@contextmanager
def within(name: str) -> Iterator[Span]:
    """A step of the work at hand."""
    if not _listeners:
        yield _UNHEARD
        return
    with _listeners[0].within(name, {}) as span:
        yield span


def done(name: str, *, seconds: float, attributes: Attributes) -> None:
    """A step of the work at hand that is over."""
    for each in _listeners:
        each.done(name, seconds=seconds, attributes=attributes)
