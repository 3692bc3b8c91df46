"""Reads the flat XML of a callback without DTD, so that no entity is ever expanded."""

from __future__ import annotations

from xml.parsers import expat

from wecom.errors import Malformed

# Ids go into database indexes; WeCom's own have at most 64 bytes, codes 512, the keys
# of card buttons 1024.
IDENTIFIER_BYTES = 1024
NUMBER_DIGITS = 19
LARGEST_NUMBER = 2**63 - 1


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
        if len(text.encode()) > IDENTIFIER_BYTES:
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
        return tuple(_number(name, text) for text in texts)

    def texts(self, name: str) -> tuple[str, ...] | None:
        """A comma list of ids: None when absent, () when empty."""
        text = self.text(name)
        if not text:
            return None if text is None else ()
        parts = tuple(part.strip() for part in text.split(","))
        if not all(parts):
            raise Malformed(f"{name} has an empty entry")
        return parts


def parse_fields(document: bytes) -> Fields:
    """The root's children of an XML document.

    Raises: Malformed when it is not XML or has a document type.
    """
    reader = _Reader()
    # The encoding is fixed, so the document cannot declare an exotic decoder.
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, ValueError):
        raise Malformed("not XML") from None
    return Fields(reader.values, reader.unclear)


class _Reader:
    __slots__ = ("_depth", "_name", "_text", "unclear", "values")

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.unclear: set[str] = set()
        self._depth = 0
        self._name = ""
        self._text = ""

    def start(self, tag: str, _attributes: object) -> None:
        self._depth += 1
        if self._depth == 2:
            if tag in self.values:
                self.unclear.add(tag)
            self._name = tag
            self._text = ""
        elif self._depth > 2:
            self.unclear.add(self._name)

    def end(self, tag: str) -> None:
        if self._depth == 2:
            self.values[tag] = self._text.strip()
        self._depth -= 1

    def data(self, piece: str) -> None:
        self._text += piece


def _refuse_doctype(*_declaration: object) -> None:
    raise Malformed("a document type is not allowed")


def _number(name: str, text: str) -> int:
    plain = text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS
    value = int(text) if plain else -1
    if not 0 <= value <= LARGEST_NUMBER:
        raise Malformed(f"{name} is not a number")
    return value
