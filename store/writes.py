"""Changes that nobody waits for the answer of, sent together where that is possible.

A statement, its way there and its plan cost more than the one row that it changes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import psycopg

# Stands among the conditions of a change, for the one that all may be made under.
ALLOWED = "(true /* or what all of them are made under */)"
_ALLOWED = "EXISTS (SELECT FROM allowed)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A statement that changes rows, with its values by name.

    Shape: a name means the same in all changes of a transaction. None of them reads
        or changes a row that another one changes: together they see one moment.
    """

    text: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """Changes that wait for the end of their transaction, which has not begun.

    Shape: `begin` begins it and makes those that were gathered, because something
        else is to be asked or done in it.
    """

    begin: Callable[[Sequence[Change]], None]
    changes: list[Change] = field(default_factory=list)


def make(connection: psycopg.Connection[Any], *changes: Change) -> None:
    """Make changes by one statement: now, or before anything else is asked or done."""
    gathering: Gathering | None = getattr(connection, "gathering", None)
    if gathering is not None:
        gathering.changes.extend(changes)
    elif changes:
        texts = tuple([each.text for each in changes])
        connection.execute(_together(texts), _values(changes))


def make_if(
    connection: psycopg.Connection[Any], condition: Change, changes: Sequence[Change]
) -> bool:
    """Make changes now, by one statement, if a condition holds; whether it does.

    Shape: the condition is the beginning of a WITH, whose part `allowed` has a row
        where it holds. What it locks is locked before anything else is changed.
    """
    texts = tuple([each.text for each in changes])
    made = connection.execute(
        _conditional(condition.text, texts), _values([condition, *changes])
    )
    return made.rowcount == 1


@lru_cache
def _together(texts: tuple[str, ...]) -> bytes:
    *parts, last = texts
    return _short(f"WITH {_parts(parts)} {last}" if parts else last)


@lru_cache
def _conditional(condition: str, texts: tuple[str, ...]) -> bytes:
    if not all(ALLOWED in each for each in texts):
        raise ValueError("a change names no condition that it is made under")
    parts = [each.replace(ALLOWED, _ALLOWED) for each in texts]
    begun = f"{condition}, {_parts(parts)}" if parts else condition
    return _short(f"{begun} SELECT 1 FROM allowed")  # noqa: S608 - constants


def _parts(texts: Iterable[str]) -> str:
    return ", ".join(f"change_{n} AS ({each})" for n, each in enumerate(texts))


def _short(text: str) -> bytes:
    # psycopg remembers how it reads a statement of at most 4,096 bytes.
    return " ".join(text.split()).encode()


def _values(changes: Iterable[Change]) -> dict[str, object]:
    return {name: value for each in changes for name, value in each.values.items()}
