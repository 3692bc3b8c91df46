"""Rows read as values with one of the states there are; rows given to statements."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from enum import StrEnum
from typing import Any, TypeVar

from psycopg.rows import BaseRowFactory, kwargs_row

from store import literals
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


class GivenRows:
    """Rows that a statement is given as a table, whose text is `one` or `many`.

    Shape: values as `store.literals` writes them. A single row, as an event mostly
        comes to, is given by its values: arrays cost more than the row that they bear.
    """

    def __init__(self, name: str, columns: Mapping[str, str]) -> None:
        self._names = [f"{name}_{each}" for each in columns]
        shown = {f"%({name}_{each})s": each for each in columns}
        types = columns.values()
        ones = zip(shown.items(), types, strict=True)
        values = ", ".join(f"{v}::{kind} AS {each}" for (v, each), kind in ones)
        self.one = f"(SELECT {values}) AS {name}"
        lists = ", ".join(f"{v}::{t}[]" for v, t in zip(shown, types, strict=True))
        self.many = f"unnest({lists}) AS {name} ({', '.join(columns)})"

    def values(self, rows: Sequence[Sequence[str | None]]) -> dict[str, str | None]:
        """What the text for so many rows takes."""
        if len(rows) == 1:
            return dict(zip(self._names, rows[0], strict=True))
        columns = zip(*rows, strict=True) if rows else [()] * len(self._names)
        lists = map(literals.texts_or_nulls, columns)
        return dict(zip(self._names, lists, strict=True))


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
