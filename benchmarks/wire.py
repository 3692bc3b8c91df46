"""What is sent to Postgres: read off the wire itself, or from the server's log."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import IO

from psycopg import pq

from store.database import Connection, Pool

_BORDERS = ("BEGIN", "COMMIT", "ROLLBACK")
_PREPARED = re.compile(r'^F\t\d+\tParse\t "(?P<name>[^"]*)" "(?P<text>.*)" \d+', re.S)
_BOUND = re.compile(r'^F\t\d+\tBind\t "[^"]*" "(?P<name>[^"]*)"')
_SIMPLE = re.compile(r'^F\t\d+\tQuery\t "(?P<text>.*)"$', re.S)
# Further lines of a statement are indented.
_LOGGED = re.compile(r"LOG: +(?:statement|execute [^:]*): (?P<text>.*(?:\n\t.*)*)")


@dataclass(slots=True)
class Statements:
    """Statements by connection, each as its text; BEGIN and COMMIT are borders.

    Shape: a connection's transactions are the stretches between borders; a statement
        outside of any is a transaction of its own.
    """

    texts: list[str] = field(default_factory=list)
    transactions: int = 0

    def note(self, sent: list[str]) -> None:
        """Count what one connection sent, in its order."""
        inside = False
        for text in sent:
            if text.startswith(_BORDERS):
                inside = text.startswith("BEGIN")
                self.transactions += inside
                continue
            self.transactions += not inside
            self.texts.append(text)

    def __str__(self) -> str:
        listed = [" ".join(each.split())[:110] for each in self.texts]
        return "\n".join([f"{self.transactions} transactions", *listed])


@contextmanager
def counted(pool: Pool, *, connections: int) -> Iterator[Statements]:
    """What is sent through this pool, which lends so many connections, in a block."""
    found = Statements()
    with ExitStack() as open_files:
        with ExitStack() as lent:
            traced = [
                (lent.enter_context(pool.connection()), _file(open_files))
                for _ in range(connections)
            ]
            known = [_prepared(each) for each, _ in traced]
        for connection, file in traced:
            connection.pgconn.trace(file.fileno())
            connection.pgconn.set_trace_flags(pq.Trace.SUPPRESS_TIMESTAMPS)
        try:
            yield found
        finally:
            for connection, _ in traced:
                connection.pgconn.untrace()
        for names, (_, file) in zip(known, traced, strict=True):
            file.seek(0)
            found.note(list(_sent(file.read(), names)))


def logged(text: str) -> list[str]:
    """The statements that a server's log tells of, but for borders."""
    sent = [" ".join(found["text"].split()) for found in _LOGGED.finditer(text)]
    return [each for each in sent if not each.startswith(_BORDERS)]


def _file(stack: ExitStack) -> IO[str]:
    return stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))


def _prepared(connection: Connection) -> dict[str, str]:
    rows = connection.execute("SELECT name, statement FROM pg_prepared_statements")
    return dict(rows.fetchall())


def _sent(trace: str, names: dict[str, str]) -> Iterator[str]:
    """The statements of a trace; a message may have line breaks in it."""
    for message in re.split(r"\n(?=[FB]\t)", trace):
        if found := _PREPARED.match(message):
            names[found["name"]] = found["text"]
        elif found := _BOUND.match(message):
            yield names[found["name"]]
        elif found := _SIMPLE.match(message):
            yield found["text"]
