"""Reads an item event out of whatever form TAPD was told to send it in.

Source: TAPD's webhook page (flat, JSON or form) and captured automation bodies.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

# Descriptions are long, and form encoding triples Chinese text.
BODY_BYTES = 8 * 1024 * 1024
UNKNOWN = "unknown"

_COMMENTED = ("story", "bug", "task")
_DONE = ("create", "update", "delete", "status_change")
FOLLOWED = frozenset(
    {
        *(f"{item}::{done}" for item in (*_COMMENTED, "iteration") for done in _DONE),
        *(
            f"{item}_comment::{done}"
            for item in _COMMENTED
            for done in ("add", "update", "delete")
        ),
    }
)
_KEY = re.compile(r"([a-z_]{1,40})::([a-z_]{1,40})")
# Longer than any id is: what is cut here is no item's.
_KIND_CHARS, _ID_CHARS, _EVENT_ID_CHARS = 80, 65, 256
# Of each text so much is kept, and less while the whole is still too long.
_TEXT_CHARS = (2_000, 200, 20)
_KEPT_BYTES = 128 * 1024
_DEPTH = 5
_FORM_FIELDS = 10_000
# Said anew by every delivery of one event.
_OF_DELIVERY = frozenset({"queue_id", "rio_token", "devproxy_host", "secret"})


class UnreadableItem(Exception):
    """A body that is none of TAPD's forms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemEvent:
    """What every form tells of an item event; "" where a form leaves it out.

    Shape: `kind` as in `story::update` or `story_comment::add`; `item` is what was
        edited or commented on, `item_id` its id; `fields` the parsed body with long
        texts cut and without the secret; `garbled`: some of its bytes are no text.
    """

    kind: str
    item: str
    item_id: str
    event_id: str
    secret: str = field(repr=False)
    fields: Mapping[str, Any] = field(repr=False)
    garbled: bool = False

    @property
    def is_followed(self) -> bool:
        """Whether it is a kind of event that notices come from."""
        return self.kind in FOLLOWED

    @property
    def identity(self) -> bytes:
        """What makes two deliveries the same event."""
        if self.event_id:
            return f"{self.event_id}\x00{self.kind}".encode()
        said = {k: v for k, v in self.fields.items() if k not in _OF_DELIVERY}
        text = json.dumps(said, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "replace")).digest()

    def kept(self) -> bytes:
        """The body as it is kept, to be read again by `read_item_event`."""
        return json.dumps(self.fields, ensure_ascii=True).encode()


def read_item_event(body: bytes) -> ItemEvent:
    """The event in a body of any form.

    Raises: UnreadableItem.
    """
    fields = _parse(body)
    kind = _kind(fields)
    item, _, _ = kind.partition("::")
    comment = item.endswith("_comment")
    return ItemEvent(
        kind=kind,
        item=item.removesuffix("_comment"),
        item_id=_item_id(fields, comment=comment),
        event_id=_text(fields, "event_id")[:_EVENT_ID_CHARS],
        secret=_text(fields, "secret"),
        fields=_cut(_without_secret(fields)),
        garbled=_is_garbled(body),
    )


def inner(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where the automation assistant nests what the other forms have at the top."""
    nested = fields.get("event")
    return nested if isinstance(nested, dict) else {}


def _parse(body: bytes) -> dict[str, Any]:
    # By its looks, not by its Content-Type: people set that freely in TAPD. A broken
    # byte in a description loses no event.
    text = body.decode("utf-8-sig", "replace").strip()
    if text.startswith("{"):
        return _parse_json(text)
    if text and ("=" not in text or text.startswith(("<", "[", '"'))):
        raise UnreadableItem("neither a JSON object nor a form")
    try:
        values = parse_qs(text, keep_blank_values=True, max_num_fields=_FORM_FIELDS)
    except ValueError:
        values = None
    if values is None:
        raise UnreadableItem("more fields than any form has")
    return {name: last for name, (*_, last) in values.items()}


def _parse_json(text: str) -> dict[str, Any]:
    try:
        # Numbers as they are written: ids are longer than a float is exact.
        parsed: object = json.loads(text, strict=False, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        # Not raised in here: the decoder's error holds the text.
        parsed = None
    if not isinstance(parsed, dict):
        raise UnreadableItem("not JSON")
    return parsed


def _is_garbled(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return True
    return False


def _kind(fields: Mapping[str, Any]) -> str:
    key = _text(fields, "event_key") or _text(fields, "event")
    if not key and isinstance(fields.get("events"), dict):
        key = next(iter(fields["events"]), "")
    key = key.strip().lower()
    found = _KEY.fullmatch(key)
    if found is None:
        return _storable(key)[:_KIND_CHARS] or UNKNOWN
    item, done = found.groups()
    if done == "comment" and item in _COMMENTED:
        return f"{item}_comment::{_text(fields, 'sub_event').lower() or 'add'}"
    return key


def _item_id(fields: Mapping[str, Any], *, comment: bool) -> str:
    names = ["id"]
    if comment:
        # A flat comment's own id is no item's; the assistant may send just that one.
        own = ["id"] if "event_key" in {**fields, **inner(fields)} else []
        names = ["entity_id", "entry_id", *own]
    found = (_text(fields, each) for each in names)
    return next(filter(None, found), "")[:_ID_CHARS]


def _text(fields: Mapping[str, Any], name: str) -> str:
    for level in (fields, inner(fields)):
        if found := _plain(level.get(name)):
            return found
    return ""


def _plain(value: object) -> str:
    if isinstance(value, str | int) and not isinstance(value, bool):
        return _storable(str(value))
    return ""


def _storable(text: str) -> str:
    # JSON can spell what neither UTF-8 nor Postgres can hold.
    return text.encode("utf-8", "replace").decode().replace("\x00", "")


def _without_secret(fields: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in fields.items() if name != "secret"}
    if isinstance(kept.get("event"), dict):
        kept["event"] = {k: v for k, v in kept["event"].items() if k != "secret"}
    return kept


def _cut(fields: dict[str, Any]) -> dict[str, Any]:
    shortened = fields
    for chars in _TEXT_CHARS:
        shortened = _shortened(shortened, chars, _DEPTH)
        if len(json.dumps(shortened)) <= _KEPT_BYTES:
            break
    return shortened


def _shortened(value: Any, chars: int, depth: int) -> Any:
    if isinstance(value, str):
        return _storable(value[:chars])
    if isinstance(value, dict) and depth:
        return {
            _storable(str(name)[:chars]): _shortened(each, chars, depth - 1)
            for name, each in value.items()
        }
    if isinstance(value, list) and depth:
        return [_shortened(each, chars, depth - 1) for each in value[:chars]]
    return value if isinstance(value, bool) or value is None else ""
