"""Rows as values whose state is one of the states there are."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from psycopg.rows import BaseRowFactory, kwargs_row

Value = TypeVar("Value")


def stated(value: Callable[..., Value], states: type[StrEnum]) -> BaseRowFactory[Value]:
    """As psycopg's class_row, with the column `state` read as one of these."""

    def make(**row: Any) -> Value:
        return value(**row | {"state": states(row["state"])})

    return kwargs_row(make)
