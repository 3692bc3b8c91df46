"""Reads single fields of WeCom's JSON, by what hangs on them.

A field that decides something and does not fit raises OddAnswer; one that decides
nothing (`detail`, `shown`) and does not fit reads as not visible.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from wecom.errors import OddAnswer

Payload = Mapping[str, Any]
Value = TypeVar("Value")

LARGEST_NUMBER = 2**63 - 1
NUMBER_DIGITS = 19
NOTHING: Payload = {}


def identifier(row: Payload, name: str) -> str | None:
    """An id or code, exactly; None when absent or empty."""
    value = row.get(name)
    return None if value is None or value == "" else _identifier(value, name)


def required(row: Payload, name: str) -> str:
    """An id or code that has to be there."""
    value = identifier(row, name)
    if value is None:
        raise OddAnswer(f"{name} is missing")
    return value


def detail(row: Payload, name: str) -> str | None:
    """A text that decides nothing; any other thing, or one no database can hold: None.

    An empty text is visibly empty.
    """
    value = row.get(name)
    return value if type(value) is str and _storable(value) else None


def shown(
    read: Callable[[Payload, str], Value], row: Payload, name: str
) -> Value | None:
    """A field that decides nothing: what `read` makes of it, None when it is odd."""
    try:
        return read(row, name)
    except OddAnswer:
        return None


def number(row: Payload, name: str) -> int | None:
    """A number, also when sent as text; None when absent or empty."""
    value = row.get(name)
    return None if value is None or value == "" else _number(value, name)


def required_number(row: Payload, name: str) -> int:
    """A number that has to be there."""
    value = number(row, name)
    if value is None:
        raise OddAnswer(f"{name} is missing")
    return value


def numbers(value: object, name: str) -> tuple[int, ...]:
    """A list of numbers."""
    if type(value) is not list:
        raise OddAnswer(f"{name} is not a list")
    return tuple(_number(entry, name) for entry in value)


def texts(value: object, name: str) -> tuple[str, ...]:
    """A list of ids."""
    if type(value) is not list:
        raise OddAnswer(f"{name} is not a list")
    return tuple(_identifier(entry, name) for entry in value)


def rows(payload: Payload, name: str) -> list[Payload]:
    """A list of objects that has to be there, though it may be empty.

    Shape: an entry that is no object is an empty one: a row that names nobody.
    """
    value = payload.get(name)
    if type(value) is not list:
        raise OddAnswer(f"{name} is not a list")
    return [row if type(row) is dict else NOTHING for row in value]


def ids_listed(row: Payload, name: str) -> tuple[str, ...] | None:
    """A list of ids; None when absent or null."""
    value = row.get(name)
    return None if value is None else texts(value, name)


def numbers_listed(row: Payload, name: str) -> tuple[int, ...] | None:
    """A list of numbers; None when absent or null."""
    value = row.get(name)
    return None if value is None else numbers(value, name)


def section(payload: Payload, name: str) -> Payload:
    """An object that has to be there."""
    value = payload.get(name)
    if type(value) is not dict:
        raise OddAnswer(f"{name} is missing")
    return value


def _identifier(value: object, name: str) -> str:
    if type(value) is not str or not value or not _storable(value):
        raise OddAnswer(f"{name} is not an id")
    return value


def _number(value: object, name: str) -> int:
    if type(value) is str and value.isdecimal() and len(value) <= NUMBER_DIGITS:
        value = int(value)
    if type(value) is not int or not 0 <= value <= LARGEST_NUMBER:
        raise OddAnswer(f"{name} is not a number")
    return value


def _storable(text: str) -> bool:
    # JSON can name NUL and lone surrogates, which neither UTF-8 nor Postgres can hold.
    if "\x00" in text:
        return False
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)
