"""Reads the flat XML of a callback without DTD, so that no entity is ever expanded."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar
from xml.parsers import expat

from wecom.errors import Malformed
from wecom.salvage import salvage

# Ids go into database indexes; WeCom's own have at most 64 bytes, codes 512, the keys
# of card buttons 1024.
IDENTIFIER_BYTES = 1024
SHORT_CHARS = IDENTIFIER_BYTES // 4
NUMBER_DIGITS = 19
LARGEST_NUMBER = 2**63 - 1

Value = TypeVar("Value")


class Fields:
    """The children of a document's root by name, as text without outer blanks.

    A child that is absent reads as None, an empty one as empty. A child that is
    there twice, or has children itself, has no single text: reading it is Malformed.
    """

    __slots__ = ("_unclear", "_values")

    def __init__(self, values: dict[str, str], unclear: set[str]) -> None:
        self._values = values
        self._unclear = unclear

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str | None:
        """The text, "" when empty, None when absent."""
        if self._unclear and name in self._unclear:
            raise Malformed(f"{name} has no single value")
        return self._values.get(name)

    def identifier(self, name: str) -> str | None:
        """An id or code exactly as sent; None when absent or empty."""
        text = self.text(name)
        if not text:
            return None
        if len(text) > SHORT_CHARS and len(text.encode()) > IDENTIFIER_BYTES:
            raise Malformed(f"{name} is too long")
        return text

    def required(self, name: str) -> str:
        """An id or code that has to be there."""
        text = self.identifier(name)
        if text is None:
            raise Malformed(f"{name} is missing")
        return text

    def number(self, name: str) -> int | None:
        """A number of up to 63 bits; None when absent or empty."""
        text = self.text(name)
        return _number(name, text) if text else None

    def required_number(self, name: str) -> int:
        """A number that has to be there."""
        return _number(name, self.text(name) or "")

    def numbers(self, name: str) -> tuple[int, ...] | None:
        """A comma list of numbers: None when absent, () when empty."""
        texts = self.texts(name)
        if texts is None:
            return None
        return tuple(map(partial(_number, name), texts))

    def texts(self, name: str) -> tuple[str, ...] | None:
        """A comma list of ids: None when absent, () when empty."""
        text = self.text(name)
        if not text:
            return None if text is None else ()
        parts = tuple(map(str.strip, text.split(",")))
        if "" in parts:
            raise Malformed(f"{name} has an empty entry")
        return parts

    def said(self, read: Callable[[str], Value | None], name: str) -> Value | None:
        """What one of the readers above gives; None also when it cannot be read.

        For fields that only say where to look: WeCom is asked anyway, and a refused
        event would be lost.
        """
        # Most of what may be said is not.
        if name not in self._values:
            return None
        try:
            return read(name)
        except Malformed:
            return None


def parse_fields(document: bytes) -> Fields:
    """The root's children of an XML document.

    Raises: Malformed when it is not XML or has a document type.
    """
    values: dict[str, str] = {}
    unclear: set[str] = set()
    pieces: list[str] = []
    depth, name = 0, ""

    def start(tag: str, _attributes: object) -> None:
        nonlocal depth, name
        depth += 1
        if depth == 2:
            name = tag
            pieces.clear()
            if tag in values:
                unclear.add(tag)
        elif depth > 2:
            unclear.add(name)

    def end(tag: str) -> None:
        nonlocal depth
        if depth == 2:
            values[tag] = "".join(pieces).strip()
        depth -= 1

    # The encoding is fixed, so the document cannot declare an exotic decoder.
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = pieces.append
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, ValueError):
        raise Malformed("not XML") from None
    return Fields(values, unclear)


def parse_message(document: bytes) -> Fields:
    """The same of a message that is believed, where one bad value costs itself alone.

    A value that XML cannot hold (a character that it forbids, a broken byte, an unknown
    entity) has no single text, like one that is there twice.
    Raises: Malformed when not even the elements can be told apart, or has a document
        type.
    """
    try:
        return parse_fields(document)
    except Malformed:
        return Fields(*salvage(document))


def _refuse_doctype(*_declaration: object) -> None:
    raise Malformed("a document type is not allowed")


def _number(name: str, text: str) -> int:
    plain = text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS
    value = int(text) if plain else -1
    if not 0 <= value <= LARGEST_NUMBER:
        raise Malformed(f"{name} is not a number")
    return value
