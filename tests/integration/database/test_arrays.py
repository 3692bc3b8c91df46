"""A list comes to Postgres as it is, whatever is in it."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import psycopg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from store.connecting import connect
from store.literals import ArrayDumper
from tests.support.examples import examples

TEXTS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8
) | st.sampled_from(["", "NULL", '"', "\\", "{}", "a,b", ' "\\" ', "\u3000", "None"])
NUMBERS = st.integers(min_value=-(2**63), max_value=2**63 - 1)


class Word(StrEnum):
    """A word that is written as its value."""

    PLAIN = "plain"
    ODD = 'o"d\\d'


@pytest.fixture(scope="module")
def connection(module_database: str) -> Iterator[psycopg.Connection[Any]]:
    with connect(module_database) as connection:
        yield connection


def sent(connection: psycopg.Connection[Any], values: list[Any], kind: str) -> Any:
    row = connection.execute(f"SELECT %s::{kind}[]".encode(), [values]).fetchone()
    assert row is not None
    return row[0]


@settings(max_examples=examples(100), deadline=None)
@given(values=st.lists(st.none() | TEXTS, max_size=6))
@example(values=["a\\", "b"])
@example(values=['a"', "b"])
@example(values=["", "NULL", "{}", "a,b"])
@example(values=["NULL", None, "\\"])
def test_texts_come_as_they_are(
    connection: psycopg.Connection[Any], values: list[str | None]
) -> None:
    assert sent(connection, values, "text") == values


@settings(max_examples=examples(50), deadline=None)
@given(values=st.lists(st.none() | NUMBERS, max_size=6))
def test_numbers_come_as_they_are(
    connection: psycopg.Connection[Any], values: list[int | None]
) -> None:
    assert sent(connection, values, "bigint") == values


@settings(max_examples=examples(50), deadline=None)
@given(values=st.lists(st.none() | st.binary(max_size=40), max_size=6))
@example(values=[b""])
@example(values=[b"\\x\x00", None, b'"'])
def test_bytes_come_as_they_are(
    connection: psycopg.Connection[Any], values: list[bytes | None]
) -> None:
    assert sent(connection, values, "bytea") == values


def test_words_come_as_their_values(connection: psycopg.Connection[Any]) -> None:
    assert sent(connection, [*Word], "text") == ["plain", 'o"d\\d']


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([True, None], "bool"),
        ([1.5], "float8"),
        ([bytearray(b"\\x\x00")], "bytea"),
        ([[b"a", b"\\"], [b"", b'"']], "bytea"),
        ([["a", "b"], ["c", '"']], "text"),
        ([[1, 2], [3, 4]], "bigint"),
    ],
)
def test_what_is_neither_text_nor_bytes_nor_number_goes_psycopgs_way(
    connection: psycopg.Connection[Any], values: list[Any], kind: str
) -> None:
    assert sent(connection, values, kind) == values


def test_a_text_that_no_database_holds_is_refused_not_cut_short(
    connection: psycopg.Connection[Any],
) -> None:
    with pytest.raises(psycopg.DataError):
        sent(connection, ["a", "b\0c"], "text")


def test_every_connection_of_ours_writes_lists_so(
    connection: psycopg.Connection[Any],
) -> None:
    found = connection.adapters.get_dumper(list, psycopg.adapt.PyFormat.AUTO)
    assert found is ArrayDumper
