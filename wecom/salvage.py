"""Reads what can be read of a message that is no XML: one bad value costs itself alone.

Only for what WeCom has signed. Names of people are in these messages, and whatever a
name holds, the event is lost with the answer: WeCom does not send it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wecom.errors import Malformed

_NAME = r"[A-Za-z_][A-Za-z0-9_.-]*"
# Without a document type, so that there is no entity but XML's own.
_DOCUMENT = re.compile(
    rf"\ufeff?\s*(?:<\?xml[^<>]*\?>)?\s*<({_NAME})\s*>(.*)</\1\s*>\s*", re.DOTALL
)
_OPENING = re.compile(rf"<({_NAME})\s*(/?)>")
_ENTITY = re.compile(r"&(?:#(\d{1,7})|#x([0-9A-Fa-f]{1,6})|([a-z]+));")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_CDATA, _CDATA_END = "<![CDATA[", "]]>"
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def salvage(document: bytes) -> tuple[dict[str, str], set[str]]:
    """The root's children by name, and the names that have no single, clear text.

    Shape: what is unclear is among the names all the same, without its text.
    Raises: Malformed when there is no root around it, or a document type.
    """
    found = _DOCUMENT.fullmatch(document.decode("utf-8", "surrogateescape"))
    if found is None:
        raise Malformed("not XML")
    values: dict[str, str] = {}
    unclear: set[str] = set()
    for name, raw in _children(found[2]):
        text = None if raw is None else _plain(raw)
        if text is None or name in values:
            unclear.add(name)
        values.setdefault(name, text or "")
    return values, unclear


def _children(inner: str) -> Iterator[tuple[str, str | None]]:
    """Name and content of each child; None where nobody can tell where it ends."""
    at = 0
    while (opening := _OPENING.search(inner, at)) is not None:
        name, at = opening[1], opening.end()
        if opening[2]:
            yield name, ""
            continue
        end = _end_of(inner, at, closing=f"</{name}>")
        yield name, None if end is None else inner[at:end]
        if end is not None:
            at = end + len(name) + len("</>")


def _end_of(inner: str, at: int, *, closing: str) -> int | None:
    """Where the closing tag stands, outside of any CDATA."""
    while (end := inner.find(closing, at)) >= 0:
        cdata = inner.find(_CDATA, at, end)
        cdata_end = inner.find(_CDATA_END, cdata) if cdata >= 0 else -1
        if cdata_end < 0:
            return end
        at = cdata_end + len(_CDATA_END)
    return None


def _plain(raw: str) -> str | None:
    """The text of a child, None when it is none that XML can hold."""
    pieces: list[str] = []
    rest = raw
    while rest:
        text, cdata, rest = rest.partition(_CDATA)
        verbatim, end, rest = rest.partition(_CDATA_END)
        resolved = _resolved(text)
        if resolved is None or (cdata and not end):
            return None
        pieces += (resolved, verbatim)
    plain = "".join(pieces)
    return None if _FORBIDDEN.search(plain) else plain.strip()


def _resolved(text: str) -> str | None:
    if "<" in text or _CDATA_END in text or "&" in _ENTITY.sub("", text):
        return None
    entities = [each[3] for each in _ENTITY.finditer(text) if each[3]]
    if any(each not in _ENTITIES for each in entities):
        return None
    return _ENTITY.sub(_character, text)


def _character(entity: re.Match[str]) -> str:
    decimal, hexadecimal, name = entity.groups()
    if name:
        return _ENTITIES[name]
    code = int(decimal) if decimal else int(hexadecimal, 16)
    # What is no character at all reads as one that XML forbids.
    return chr(code) if code <= 0x10FFFF else "\x00"
