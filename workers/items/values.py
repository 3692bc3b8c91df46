"""An item's fields and values as people read them, safe to show, within their room."""

from domain.item_changes import FieldChange
from domain.items import PEOPLE, split_nicks
from domain.plain_text import shorten, shown_length, text_of_html
from store.items.facts import ItemFacts
from texts.catalogue import find, say
from wecom.messages import inert

ARROW = " → "

_ITERATION = "iteration_id"
_NONE = frozenset({"", "0", "0000-00-00", "0000-00-00 00:00:00"})


def harmless(text: str) -> str:
    """Somebody's text on one line, unable to become markup, a link or a name."""
    # A `$` alone could open what another value closes.
    return inert(text_of_html(text)).replace("$", "＄")


def label(facts: ItemFacts, name: str, *, language: str, chars: int) -> str:
    """What a field is called: by the project itself, else by us, else by TAPD."""
    own = facts.labels.get(name)
    if own is None:
        own = find(language, f"item.field.{name}") or name
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
    if name == "status":
        ours = find(language, f"item.status.{facts.kind}.{value}")
        return facts.statuses.get(value) or ours or value
    if name == _ITERATION and value not in _NONE:
        return facts.iterations.get(value, value)
    if name == "priority":
        return find(language, f"item.priority.{value}") or value
    if name in PEOPLE:
        return say(language, "item.and").join(split_nicks(value))
    return "" if value in _NONE else value
