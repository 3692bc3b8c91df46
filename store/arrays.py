"""Lists as Postgres reads arrays from text, written at once instead of value by value.

psycopg looks at each element with a regular expression and dumps it by a call of its
own: for the pages of a run, lists of a thousand ids or JSON documents, that was a
quarter of the worker's time.
"""

from enum import StrEnum
from types import NoneType
from typing import Any

from psycopg.abc import Buffer
from psycopg.types.array import ListDumper

from store import literals

_NUL = "\x00"


class ArrayDumper(ListDumper):
    """Flat lists of texts, bytes or whole numbers; any other as psycopg dumps it."""

    def dump(self, obj: list[Any]) -> Buffer | None:
        """The text of the array."""
        kinds = set(map(type, obj))
        has_nulls = NoneType in kinds
        kinds.discard(NoneType)
        if kinds == {int}:
            return literals.numbers(obj).encode()
        if kinds == {bytes}:
            return literals.blobs(obj).encode()
        if not kinds or not all(each is str or _is_word(each) for each in kinds):
            return super().dump(obj)
        text = literals.texts_or_nulls(obj) if has_nulls else literals.texts(obj)
        if _NUL in text or self._encoding != "utf-8":
            return super().dump(obj)
        return text.encode()

    @property
    def _encoding(self) -> str:
        connection = self.connection
        return "utf-8" if connection is None else connection.info.encoding


def _is_word(kind: type) -> bool:
    return issubclass(kind, StrEnum)
