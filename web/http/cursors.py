"""Where a list goes on: signed, opaque, and good for that very list only."""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from itsdangerous import BadData, URLSafeSerializer

from web.http.problems import Problem

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Cursors:
    """Makes and reads cursors; the first secret key signs, all verify."""

    keys: tuple[bytes, ...] = field(repr=False)

    def seal(self, position: list[Any], *, of: Sequence[object]) -> str:
        """The cursor of a position in the list that `of` describes."""
        return str(self._serializer(of).dumps(position))

    def open(self, cursor: str | None, *, of: Sequence[object]) -> list[Any] | None:
        """The position again; None without a cursor.

        Raises: Problem 400 when it was altered or belongs to another list.
        """
        if cursor is None:
            return None
        try:
            return list(self._serializer(of).loads(cursor))
        except BadData as error:
            raise Problem(400, "cursor: not one that this list gave out.") from error

    def _serializer(self, of: Sequence[object]) -> URLSafeSerializer:
        # The library signs with the last key of the list and tries all of them.
        return URLSafeSerializer(list(reversed(self.keys)), salt=repr(tuple(of)))


def derive(secret_keys: Sequence[bytes], purpose: bytes) -> tuple[bytes, ...]:
    """One key for one purpose from each secret key, in the same order."""
    return tuple(
        hmac.new(key, purpose, hashlib.sha256).hexdigest().encode()
        for key in secret_keys
    )


def cut(
    rows: Sequence[Row], *, limit: int, position: Callable[[Row], list[Any]]
) -> tuple[Sequence[Row], list[Any] | None]:
    """A page of `limit` rows out of limit + 1, and where the next one starts."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], position(rows[limit - 1])
