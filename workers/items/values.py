"""An item's fields and values as people read them, safe to show, within their room."""

import re

from domain.items.changes import FieldChange
from domain.items.items import PEOPLE, split_nicks
from domain.plain_text import shorten, shown_length, text_of_html
from store.items.facts import ItemFacts
from texts.catalogue import find, say
from wecom.messages import inert

ARROW = " → "

_STATUS, _ITERATION = "status", "iteration_id"
# TAPD writes the same key with blanks here and underscores there.
_BLANKS = re.compile(r"[ _]+")
_CUSTOM = re.compile(r"custom_field_(\d{1,3})")
_NONE = frozenset({"", "0", "0000-00-00", "0000-00-00 00:00:00"})


def harmless(text: str) -> str:
    """Somebody's text on one line, unable to become markup, a link or a name."""
    # A `$` alone could open what another value closes.
    return inert(text_of_html(text)).replace("$", "＄")


def label(facts: ItemFacts, name: str, *, language: str, chars: int) -> str:
    """What a field is called: by the project itself, else by us, else by TAPD."""
    own = facts.labels.get(name) or find(language, f"item.field.{name}")
    if own is None and (custom := _CUSTOM.fullmatch(name)):
        own = say(language, "item.custom_field", n=custom[1])
    own = own or name
    return shorten(harmless(own), chars) or "…"


def pair(facts: ItemFacts, field: FieldChange, *, language: str, chars: int) -> str:
    """`old → new` in so many characters; the value alone where there was no old one."""
    new = _value(facts, field.name, field.new, language)
    if field.old is None:
        return shorten(new, chars)
    old = _value(facts, field.name, field.old, language)
    room = chars - len(ARROW)
    of_old = min(shown_length(old), max(room // 2, room - shown_length(new)))
    was, now = shorten(old, of_old), shorten(new, room - of_old)
    half = room // 2
    if shorten(old, half) == shorten(new, half):
        return shorten(say(language, "item.reworded"), chars)
    return f"{was}{ARROW}{now}"


def _value(facts: ItemFacts, name: str, value: str, language: str) -> str:
    text = _named(facts, name, value.strip(), language)
    return harmless(text) or say(language, "item.none")


def _named(facts: ItemFacts, name: str, value: str, language: str) -> str:
    """What a value is called: by the project itself, else by us, else by TAPD."""
    if name == _STATUS:
        return facts.statuses.get(value) or _ours(facts, name, value, language) or value
    if name == _ITERATION and value not in _NONE:
        return facts.iterations.get(value) or _theirs(facts, name, value) or value
    if name in PEOPLE:
        return say(language, "item.and").join(split_nicks(value))
    if value in _NONE:
        return ""
    return _theirs(facts, name, value) or _ours(facts, name, value, language) or value


def _theirs(facts: ItemFacts, name: str, value: str) -> str | None:
    return facts.options.get(name, {}).get(value)


def _ours(facts: ItemFacts, name: str, value: str, language: str) -> str | None:
    """Our word for a key of TAPD's own lists.

    A key is in small letters or a number. What TAPD shows itself, "Nice To Have" or a
    word of the project's, is left as people know it from there.
    """
    key = _BLANKS.sub("_", value)
    for place in (f"{facts.kind}.{name}", name.removesuffix("_label")):
        if word := find(language, f"item.value.{place}.{key}"):
            return word
    return None
