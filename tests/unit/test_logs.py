"""Log lines are JSON: a fixed phrase, and what differs in fields of its own."""

import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest

from logs import write_json


@pytest.fixture
def stream() -> Iterator[StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = StringIO()
    root.handlers[:] = [logging.StreamHandler(stream)]
    root.setLevel(logging.INFO)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def test_the_fields_of_a_line_stand_beside_its_phrase(stream: StringIO) -> None:
    write_json()

    logging.getLogger("workers.inbox.drain").info(
        "drain failed", extra={"mailbox": "m"}
    )

    line = json.loads(stream.getvalue())
    assert (line["message"], line["mailbox"]) == ("drain failed", "m")
    assert (line["level"], line["name"]) == ("INFO", "workers.inbox.drain")
    assert line["at"]


def test_an_error_keeps_its_traceback_in_the_same_line(stream: StringIO) -> None:
    write_json()

    try:
        raise LookupError("synthetic")
    except LookupError as error:
        logging.getLogger("workers").error("failed", exc_info=error)

    [line] = stream.getvalue().splitlines()
    assert "LookupError: synthetic" in json.loads(line)["exc_info"]
