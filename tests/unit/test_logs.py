"""Log lines are JSON: a fixed phrase, and what differs in fields of its own."""

import json
import logging
import warnings
from collections.abc import Iterator
from io import StringIO

import pytest

from logs import concerning, write_json


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


def _circle() -> object:
    circle: dict[str, object] = {}
    circle["itself"] = circle
    return circle


def _deep() -> object:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    return deep


class Mute:
    """Says nothing of itself."""

    def __repr__(self) -> str:
        raise LookupError("synthetic")


@pytest.mark.parametrize(
    "value",
    [_circle(), _deep(), {(1, 2): 3}, 10**5000, "\udcff", b"\xff", {1}, Mute()],
    ids=["circle", "deep", "pair", "huge", "surrogate", "bytes", "set", "mute"],
)
@pytest.mark.parametrize("place", ["extra", "concern"])
def test_whatever_is_in_a_field_the_line_is_written(
    stream: StringIO, capsys: pytest.CaptureFixture[str], value: object, place: str
) -> None:
    write_json()
    log = logging.getLogger("workers")

    if place == "extra":
        log.info("drain failed", extra={"odd": value, "mailbox": "m"})
    else:
        with concerning(odd=value, mailbox="m"):
            log.info("drain failed")

    line = json.loads(stream.getvalue().encode())
    assert (line["message"], line["mailbox"]) == ("drain failed", "m")
    assert "odd" in line
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("phrase", "values", "message"),
    [
        ("read %s of %s", ("one",), "read %s of %s"),
        ("read", ("one",), "read"),
        ("%d read", ("many",), "%d read"),
        ("%(name)s read", ({},), "%(name)s read"),
        ("100 % of them", ("one",), "100 % of them"),
        ("read %s", (Mute(),), "read %s"),
    ],
)
def test_a_phrase_that_its_values_do_not_fit_is_written_as_it_is(
    stream: StringIO,
    capsys: pytest.CaptureFixture[str],
    phrase: str,
    values: tuple[object, ...],
    message: str,
) -> None:
    write_json()

    try:
        raise LookupError("synthetic")
    except LookupError:
        logging.getLogger("workers").exception(phrase, *values)

    line = json.loads(stream.getvalue())
    assert line["message"] == message
    assert "LookupError: synthetic" in line["exc_info"]
    assert capsys.readouterr().err == ""


def test_a_warning_of_a_library_is_a_line_too(stream: StringIO) -> None:
    write_json()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old \udcff %s", stacklevel=1)
        logging.captureWarnings(False)

    assert json.loads(stream.getvalue())["name"] == "py.warnings"
