"""How every process of ours writes its log: one JSON line each, a phrase and fields."""

import logging
from collections.abc import Iterator
from types import TracebackType

import psycopg
from pythonjsonlogger.json import JsonFormatter

# A fixed phrase to search for; what differs from line to line is in fields (`extra`).
_FIELDS = ("asctime", "levelname", "name", "process", "message")
_ExcInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None]
    | tuple[None, None, None]
)


class DiscreetFormatter(JsonFormatter):
    """Lines of JSON, in whose tracebacks Postgres repeats no value."""

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 - logging's name
        """The traceback without what Postgres says of values."""
        told = super().formatException(ei)
        return without_values(told if isinstance(told, str) else "\n".join(told), ei[1])


def without_values(traceback: str, error: BaseException | None) -> str:
    """A traceback in which every error of Postgres says its kind and nothing else.

    What it says of the values that it refused are people's names, numbers and secrets.
    """
    for each in _chain(error):
        if isinstance(each, psycopg.Error) and each.sqlstate:
            for line in sorted(set(str(each).splitlines()), key=len, reverse=True):
                if line.strip():
                    traceback = traceback.replace(line, f"SQLSTATE {each.sqlstate}")
    return traceback


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error with all that it was raised from, or holds."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__cause__, each.__context__]
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions


def write_json() -> None:
    """Make the lines of this process JSON, whoever has set its handlers up.

    Repeats: harmless.
    """
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.StreamHandler())
        root.setLevel(logging.INFO)
    for handler in root.handlers:
        handler.setFormatter(
            DiscreetFormatter(
                list(_FIELDS),
                rename_fields={"asctime": "at", "levelname": "level"},
                json_ensure_ascii=False,
            )
        )
