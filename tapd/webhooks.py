"""Reads an item event out of whatever form TAPD was told to send it in.

Source: TAPD's webhook page (flat, JSON or form) and captured automation bodies.
"""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

# Descriptions are long, and a form spells each Chinese character in nine bytes.
BODY_BYTES = 8 * 1024 * 1024
_FORM_FIELDS = 10_000


class UnreadableItem(Exception):
    """Neither an object of JSON nor a form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemEvent:
    """What every form tells of an item event; "" where a form leaves it out.

    Shape: `kind` as in `story::update`, `item` its first part.
    """

    kind: str
    item_id: str
    event_id: str
    secret: str = field(repr=False)

    @property
    def item(self) -> str:
        """story, bug, task, or whatever else TAPD has."""
        return self.kind.partition("::")[0]


def read_item_event(body: bytes) -> ItemEvent:
    """The event in a body of any form.

    Raises: UnreadableItem.
    """
    fields = _parse(body)
    return ItemEvent(
        kind=_text(fields, "event_key") or _text(fields, "event") or "unknown",
        item_id=_text(fields, "id"),
        event_id=_text(fields, "event_id"),
        secret=_text(fields, "secret"),
    )


def _parse(body: bytes) -> dict[str, Any]:
    # By its looks, not by its Content-Type: people set that freely in TAPD.
    try:
        text = body.decode()
        if not text.lstrip().startswith(("{", "[")):
            values = parse_qs(text, keep_blank_values=True, max_num_fields=_FORM_FIELDS)
            return {name: last for name, (*_, last) in values.items()}
        parsed: object = json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableItem from None
    if not isinstance(parsed, dict):
        raise UnreadableItem
    return parsed


def _text(fields: dict[str, Any], name: str) -> str:
    # The automation assistant nests what the other forms have at the top.
    inner = fields.get("event")
    for level in (fields, inner if isinstance(inner, dict) else {}):
        value = level.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool):
            return _storable(str(value))
    return ""


def _storable(text: str) -> str:
    # JSON can spell what neither UTF-8 nor Postgres can hold.
    return text.encode("utf-8", "replace").decode().replace("\x00", "")
