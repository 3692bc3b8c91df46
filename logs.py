"""How every process of ours writes its log: one JSON line each, a phrase and fields.

What a line concerns (events, a run, a corp) is said once, where the work on it begins;
every line until its end carries it, whoever writes it.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any

import psycopg
from pythonjsonlogger.json import JsonFormatter

# A fixed phrase to search for; what differs from line to line is in fields (`extra`).
_FIELDS = ("asctime", "levelname", "name", "process", "message")
# A line names so many events; how many there were is said beside them.
MOST_EVENTS = 20
# What every line has before anybody gives it fields.
_RECORD = frozenset(vars(logging.makeLogRecord({})))
_ExcInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None]
    | tuple[None, None, None]
)


class Concern:
    """What the lines of a block are about; events are known only once they are opened.

    Shared by the threads that work on the block: what one of them notes, all say.
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields

    @property
    def fields(self) -> dict[str, Any]:
        """What a line says beside its phrase."""
        return dict(self._fields)

    def note(self, **fields: Any) -> None:
        """Say this, too, from here on."""
        self._fields.update(fields)

    def note_events(self, event_ids: Sequence[int]) -> None:
        """These events are meant from here on: one by its id, several by the first."""
        for name in ("event_id", "event_ids", "events"):
            self._fields.pop(name, None)
        if event_ids:
            self._fields["event_id"] = event_ids[0]
        if len(event_ids) > 1:
            self._fields["event_ids"] = list(event_ids[:MOST_EVENTS])
            self._fields["events"] = len(event_ids)


_CONCERN: ContextVar[Concern | None] = ContextVar("concern", default=None)


@contextmanager
def concerning(event_ids: Sequence[int] = (), **fields: Any) -> Iterator[Concern]:
    """Lines within this block say what it is about, and what was said around it.

    What a block had noted when it failed is said of the block around it, too: whoever
    catches the error writes the line.
    """
    around = _CONCERN.get()
    concern = Concern({**(around.fields if around else {}), **fields})
    if event_ids:
        concern.note_events(event_ids)
    token = _CONCERN.set(concern)
    try:
        yield concern
    except BaseException:
        if around is not None:
            around.note(**concern.fields)
        raise
    finally:
        _CONCERN.reset(token)


def concerned() -> dict[str, Any]:
    """What a line written now would say it is about."""
    concern = _CONCERN.get()
    return concern.fields if concern else {}


class DiscreetFormatter(JsonFormatter):
    """Lines of JSON, in whose tracebacks Postgres repeats no value.

    Not by a factory of records: a field that a call gives itself is not refused here.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line; whatever is in it, it is written, and ends no work."""
        try:
            line = super().format(record)
        except Exception as error:
            line = self._without_what_cannot_be_told(record, error)
        # A lone surrogate stays what JSON writes for it: no stream takes it as it is.
        return line.encode("utf-8", "backslashreplace").decode()

    def _without_what_cannot_be_told(
        self, record: logging.LogRecord, error: Exception
    ) -> str:
        fields = {
            name: value if name in _RECORD else _tellable(value)
            for name, value in vars(record).items()
        }
        phrase = record.msg if isinstance(record.msg, str) else type(record.msg)
        told = {"msg": str(phrase), "args": None, "untold": type(error).__name__}
        concern = Concern({k: _tellable(v) for k, v in concerned().items()})
        token = _CONCERN.set(concern)
        try:
            return super().format(logging.makeLogRecord(fields | told))
        finally:
            _CONCERN.reset(token)

    def add_fields(
        self,
        log_data: dict[str, Any],
        record: logging.LogRecord,
        message_dict: dict[str, Any],
    ) -> None:
        """The fields of a line; what it says itself wins over what it is within."""
        super().add_fields(log_data, record, message_dict)
        for name, value in concerned().items():
            log_data.setdefault(name, value)

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 - logging's name
        """The traceback without what Postgres says of values."""
        told = super().formatException(ei)
        return without_values(told if isinstance(told, str) else "\n".join(told), ei[1])


def _tellable(value: object) -> object:
    """The value, or its kind where JSON has no word for it."""
    try:
        json.dumps(value)
    except Exception:
        return f"<{type(value).__name__}>"
    return value


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
