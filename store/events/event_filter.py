"""Which events are wanted: one meaning for the list, the count and the retry."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

SET_ASIDE = ("failed", "parked")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """What an event must be; None and empty filter nothing.

    Shape: `mailboxes` are alternatives; `kind` is the kind or the change; `error` a
        part of the error's text.
    """

    mailboxes: tuple[str, ...] | None = None
    key: str | None = None
    kind: str | None = None
    state: str | None = None
    error: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_by_index(self) -> bool:
        """Whether an index finds what matches, so that nothing is looked through."""
        return not (self.key or self.kind or self.error or self._is_of_state_alone)

    @property
    def _is_of_state_alone(self) -> bool:
        return self.state in {"done", "folded", "ignored"}

    def as_json(self) -> dict[str, Any]:
        """The filter as it is kept with a batch."""
        values = asdict(self)
        for name in ("since", "until"):
            moment = values[name]
            values[name] = moment.isoformat() if moment else None
        values["mailboxes"] = list(self.mailboxes) if self.mailboxes else None
        return values


def from_json(values: Mapping[str, Any]) -> EventFilter:
    """The filter that was kept."""
    since, until, boxes = values["since"], values["until"], values["mailboxes"]
    return EventFilter(
        mailboxes=tuple(boxes) if boxes is not None else None,
        key=values["key"],
        kind=values["kind"],
        state=values["state"],
        error=values["error"],
        since=datetime.fromisoformat(since) if since else None,
        until=datetime.fromisoformat(until) if until else None,
    )


# What an index or the order of ids decides, and what has to be looked at.
BY_INDEX = """
    (%(mailboxes)s::text[] IS NULL OR mailbox = ANY(%(mailboxes)s))
    AND (%(since)s::timestamptz IS NULL OR received_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR received_at < %(until)s)
"""
BY_LOOK = """
    (%(key)s::text IS NULL OR key = %(key)s)
    AND (%(kind)s::text IS NULL OR %(kind)s IN (kind, change))
    AND (%(state)s::text IS NULL OR state = %(state)s)
    AND (%(error)s::text IS NULL
        OR strpos(lower(coalesce(error, '')), lower(%(error)s)) > 0)
"""


def values_of(wanted: EventFilter) -> dict[str, Any]:
    """The values of both conditions."""
    boxes = None if wanted.mailboxes is None else list(wanted.mailboxes)
    return {
        "mailboxes": boxes,
        "key": wanted.key,
        "kind": wanted.kind,
        "state": wanted.state,
        "error": wanted.error,
        "since": wanted.since,
        "until": wanted.until,
    }
