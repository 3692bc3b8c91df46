"""Reads single fields of WeCom's JSON; what does not fit is no answer at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wecom.errors import Unavailable

Payload = Mapping[str, Any]

LARGEST_NUMBER = 2**63 - 1
NUMBER_DIGITS = 19


def identifier(row: Payload, name: str) -> str | None:
    """An id or code, exactly; None when absent or empty."""
    value = row.get(name)
    return None if value is None or value == "" else _identifier(value, name)


def required(row: Payload, name: str) -> str:
    """An id or code that has to be there."""
    value = identifier(row, name)
    if value is None:
        raise Unavailable(f"{name} is missing")
    return value


def detail(row: Payload, name: str) -> str | None:
    """A text about somebody; one that no database can hold counts as not shown."""
    value = row.get(name)
    if value is None:
        return None
    if type(value) is not str:
        raise Unavailable(f"{name} is not text")
    return value if _storable(value) else None


def number(row: Payload, name: str) -> int | None:
    """A number, also when sent as text; None when absent or empty."""
    value = row.get(name)
    return None if value is None or value == "" else _number(value, name)


def required_number(row: Payload, name: str) -> int:
    """A number that has to be there."""
    value = number(row, name)
    if value is None:
        raise Unavailable(f"{name} is missing")
    return value


def numbers(value: object, name: str) -> tuple[int, ...]:
    """A list of numbers."""
    if type(value) is not list:
        raise Unavailable(f"{name} is not a list")
    return tuple(_number(entry, name) for entry in value)


def texts(value: object, name: str) -> tuple[str, ...]:
    """A list of ids."""
    if type(value) is not list:
        raise Unavailable(f"{name} is not a list")
    return tuple(_identifier(entry, name) for entry in value)


def rows(payload: Payload, name: str) -> list[Payload]:
    """A list of objects that has to be there, though it may be empty."""
    value = payload.get(name)
    if type(value) is not list or not all(type(row) is dict for row in value):
        raise Unavailable(f"{name} is not a list of objects")
    return value


def section(payload: Payload, name: str) -> Payload:
    """An object that has to be there."""
    value = payload.get(name)
    if type(value) is not dict:
        raise Unavailable(f"{name} is missing")
    return value


def _identifier(value: object, name: str) -> str:
    if type(value) is not str or not value or not _storable(value):
        raise Unavailable(f"{name} is not an id")
    return value


def _number(value: object, name: str) -> int:
    if type(value) is str and value.isdecimal() and len(value) <= NUMBER_DIGITS:
        value = int(value)
    if type(value) is not int or not 0 <= value <= LARGEST_NUMBER:
        raise Unavailable(f"{name} is not a number")
    return value


def _storable(text: str) -> bool:
    # JSON can name NUL and lone surrogates, which neither UTF-8 nor Postgres can hold.
    if "\x00" in text:
        return False
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)
