"""Values written as Postgres reads them from text, for COPY and for arrays.

psycopg's dumpers look at each element of a list and at each type anew, which for a
page of members takes as long as everything else that is done to write it, and for the
few rows of one event a third of what sending its statements takes.
"""

from collections.abc import Iterable
from datetime import datetime

import orjson


def numbers(values: Iterable[int | None]) -> str:
    """An array of numbers, some of them perhaps null."""
    return f"{{{','.join('NULL' if v is None else str(v) for v in values)}}}"


def texts(values: Iterable[str]) -> str:
    """An array of texts."""
    return f"{{{','.join(map(_quoted, values))}}}"


def times(values: Iterable[datetime]) -> str:
    """An array of moments."""
    return f"{{{','.join(each.isoformat() for each in values)}}}"


def blob(value: bytes) -> str:
    """Bytes, in hexadecimal."""
    return f"\\x{value.hex()}"


def document(value: object) -> str:
    """JSON."""
    return orjson.dumps(value).decode()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
