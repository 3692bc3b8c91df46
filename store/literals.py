"""Values written as Postgres reads them from text, for COPY and for arrays.

psycopg's dumpers look at each element of a list and at each type anew, which for a
page of members takes as long as everything else that is done to write it, and for the
few rows of one event a third of what sending its statements takes.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum
from types import NoneType
from typing import Any

import orjson
from psycopg.abc import Buffer
from psycopg.types.array import ListDumper

_NUL = "\x00"


def numbers(values: Iterable[int | None]) -> str:
    """An array of numbers, some of them perhaps null."""
    # Python writes a list as Postgres reads it, but for its brackets and its None.
    text = str([*values])[1:-1]
    return f"{{{text.replace('None', 'NULL') if 'N' in text else text}}}"


def texts(values: Collection[str]) -> str:
    """An array of texts."""
    if not values:
        return "{}"
    text = '","'.join(values)
    if "\\" not in text and text.count('"') == 2 * (len(values) - 1):
        # Ids, most of the time: nothing in any of them that has to be escaped.
        return f'{{"{text}"}}'
    return f"{{{','.join(map(_quoted, values))}}}"


def times(values: Iterable[datetime]) -> str:
    """An array of moments."""
    return f"{{{','.join(each.isoformat() for each in values)}}}"


def texts_or_nulls(values: Iterable[str | None]) -> str:
    """An array of texts, some of them null."""
    return f"{{{','.join('NULL' if v is None else _quoted(v) for v in values)}}}"


def blob(value: bytes) -> str:
    """Bytes, in hexadecimal."""
    return f"\\x{value.hex()}"


def blobs(values: Iterable[bytes | None]) -> str:
    """An array of bytes, some of them perhaps null."""
    # The backslash of the hexadecimal form is escaped once more within an array.
    said = ["NULL" if v is None else f'"\\\\x{v.hex()}"' for v in values]
    return f"{{{','.join(said)}}}"


def document(value: object) -> str:
    """JSON."""
    return orjson.dumps(value).decode()


class ArrayDumper(ListDumper):
    """Flat lists of texts, bytes or whole numbers; any other as psycopg dumps it.

    Each list of a statement's values is written by this.
    """

    def dump(self, obj: list[Any]) -> Buffer | None:
        """The text of the array."""
        kinds = set(map(type, obj))
        has_nulls = NoneType in kinds
        kinds.discard(NoneType)
        if kinds == {int}:
            return numbers(obj).encode()
        if kinds == {bytes}:
            return blobs(obj).encode()
        if not kinds or not all(each is str or _is_word(each) for each in kinds):
            return super().dump(obj)
        text = texts_or_nulls(obj) if has_nulls else texts(obj)
        if _NUL in text or self._encoding != "utf-8":
            return super().dump(obj)
        return text.encode()

    @property
    def _encoding(self) -> str:
        connection = self.connection
        return "utf-8" if connection is None else connection.info.encoding


def _quoted(text: str) -> str:
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _is_word(kind: type) -> bool:
    return issubclass(kind, StrEnum)
