"""Rows read as values with one of the states there are; many new rows written."""

from collections.abc import Callable, Iterable, Sequence, Sized
from enum import StrEnum
from typing import Any, TypeVar

from psycopg.rows import BaseRowFactory, kwargs_row

from store.database import Connection

Value = TypeVar("Value")

# What an event or two come to. For so few, INSERT is cheaper: a COPY takes two more
# round trips and its own planning.
_FEW_ROWS = 10


def stated(value: Callable[..., Value], states: type[StrEnum]) -> BaseRowFactory[Value]:
    """As psycopg's class_row, with the column `state` read as one of these."""

    def make(**row: Any) -> Value:
        return value(**row | {"state": states(row["state"])})

    return kwargs_row(make)


def are_many(rows: Sized) -> bool:
    """Whether it pays to copy so many."""
    return len(rows) > _FEW_ROWS


def copy_rows(
    connection: Connection,
    table: str,
    columns: str,
    rows: Iterable[Sequence[str | None]],
) -> None:
    """Append these rows, none of which may be there.

    Shape: taken one by one, so that Postgres takes in what was sent while the rest is
        made; values as `store.literals` writes them.
    """
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
    ):
        copy.set_types(["text"] * len(columns.split(",")))
        for row in rows:
            copy.write_row(row)
