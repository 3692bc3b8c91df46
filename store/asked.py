"""With which calls drains asked about mail: what a row of the inbox keeps of them.

Shape:  `inbox.asked` is a list of tries. The first row of a batch has the calls, the
        others of the batch the id of that row:
        [{"at": "…", "calls": [{…}], "error": null}], [{"at": "…", "with": 41}]
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import orjson

KEPT_TRIES = 6


class CallsMade(Protocol):
    """The calls that a piece of work has made so far."""

    def told(self, owners: Mapping[str, int]) -> Sequence[Mapping[str, object]]:
        """One entry for each call; `owners` are the events that ask about each key."""


class NoCalls:
    """Nothing was asked, or nobody was to tell of it."""

    def told(self, owners: Mapping[str, int]) -> Sequence[Mapping[str, object]]:
        """No call."""
        return ()


def noted(row: str) -> str:
    """SQL: the tries of an inbox row with one more; takes what `telling` says."""
    return f"""CASE WHEN %(told)s::jsonb IS NULL THEN {row}.asked ELSE
        CASE WHEN jsonb_array_length({row}.asked) >= {KEPT_TRIES}
            THEN {row}.asked - 0 ELSE coalesce({row}.asked, '[]') END
        || CASE WHEN {row}.event_id = %(head)s THEN %(told)s::jsonb
            ELSE %(pointer)s::jsonb END END"""


def telling(
    calls: Sequence[Mapping[str, object]],
    ids: Collection[int],
    *,
    at: datetime,
    error: str | None = None,
) -> dict[str, object]:
    """What `noted` takes: one try at these rows, and why it was in vain."""
    head = min(ids, default=None)
    if not calls and error is None:
        return {"told": None, "pointer": None, "head": head}
    # By the time of the claim whoever has only the id of the first row finds the calls.
    when = at.isoformat()
    return {
        "told": orjson.dumps({"at": when, "calls": calls, "error": error}).decode(),
        "pointer": orjson.dumps({"at": when, "with": head}).decode(),
        "head": head,
    }
