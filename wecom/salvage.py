"""Reads what can be read of a message that is no XML: one bad value costs itself alone.

Only for what WeCom has signed. Names of people are in these messages, and whatever a
name holds, the event is lost with the answer: WeCom does not send it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wecom.errors import Malformed

_NAME = r"[A-Za-z_][A-Za-z0-9_.-]*"
_ATTRIBUTES = r"(?:\s[^<>]*?)?"
_COMMENT, _COMMENT_END = "<!--", "-->"
# Without a document type, so that there is no entity but XML's own.
_DOCUMENT = re.compile(
    rf"\ufeff?(?:\s|<\?[^<>]*\?>|{_COMMENT}[^<>]*{_COMMENT_END})*+"
    rf"<({_NAME}){_ATTRIBUTES}>(.*)</\1\s*>[\s\x00]*",
    re.DOTALL,
)
_OPENING = re.compile(rf"<({_NAME}){_ATTRIBUTES}(/?)>|{_COMMENT}")
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
    at, endless = 0, set[str]()
    while (opening := _OPENING.search(inner, at)) is not None:
        name, at = opening[1], opening.end()
        if name is None:
            comment_end = (
                inner.find(_COMMENT_END, at) if _COMMENT not in endless else -1
            )
            # Of one without end nothing is a comment.
            if comment_end < 0:
                endless.add(_COMMENT)
            else:
                at = comment_end + len(_COMMENT_END)
            continue
        if opening[2]:
            yield name, ""
            continue
        closing = f"</{name}>"
        # Looked for only once: none of the name that comes later has an end either.
        end = None if name in endless else _end_of(inner, at, closing=closing)
        if end is not None and _opens_again(inner[at:end], name):
            # One within one of its name: what stands between them is no child.
            yield name, None
            at = inner.rfind(closing) + len(closing)
            continue
        if end is None:
            if closing not in inner[at:]:
                endless.add(name)
            yield name, None
            continue
        yield name, inner[at:end]
        at = end + len(closing)


def _opens_again(raw: str, name: str) -> bool:
    """Whether an element contains one of its own name, outside of any CDATA."""
    outside, _, rest = raw.partition(_CDATA)
    while rest:
        text, _, rest = rest.partition(_CDATA_END)[2].partition(_CDATA)
        outside += text
    return any(each[1] == name for each in _OPENING.finditer(outside))


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
