"""Migrations are numbered, named, forward only, and explain what they store."""

import re

import pytest

from tests.guards.source import ROOT, read

FOLDER = "store/migrations"
NAME = re.compile(r"(\d{4})_[a-z][a-z0-9]*(_[a-z0-9]+)*\.sql")
TABLE = re.compile(r"CREATE (?:UNLOGGED )?TABLE (\w+) \(\n(.*?)\n\)[^;]*;", re.DOTALL)
COLUMN = re.compile(r"^    ([a-z0-9_]+) ([A-Z][A-Za-z]*(?: \[\])?)", re.MULTILINE)
ADDED = re.compile(
    r"ALTER TABLE (\w+)[^;]*?ADD COLUMN (?:IF NOT EXISTS )?(\w+) ([A-Z]\w*(?: \[\])?)"
)
EXPLAINED = re.compile(r"COMMENT ON (?:TABLE|COLUMN) ([\w.]+) IS '(?:[^']|'')+';")
# What such a column holds cannot be told from its type.
OPAQUE = re.compile(r"BYTEA|JSONB|\w+ \[\]")
KEYS = re.compile(r"^\s*(?!CONSTRAINT).*\b(PRIMARY KEY|FOREIGN KEY|REFERENCES|CHECK)\b")


def names() -> list[str]:
    return sorted(path.name for path in (ROOT / FOLDER).iterdir())


def everything() -> str:
    return "\n".join(read(f"{FOLDER}/{name}") for name in names())


def tables() -> dict[str, str]:
    """The columns and constraints of each table, as they are written."""
    return dict(TABLE.findall(everything()))


def columns() -> list[tuple[str, str, str]]:
    """Table, column and type, of every column."""
    created = [
        (table, column, kind)
        for table, body in tables().items()
        for column, kind in COLUMN.findall(body)
    ]
    return created + ADDED.findall(everything())


def test_every_migration_is_named_with_its_number_and_words() -> None:
    assert [name for name in names() if not NAME.fullmatch(name)] == []


def test_migrations_are_numbered_without_gaps() -> None:
    numbers = [int(name[:4]) for name in names()]

    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("name", names())
def test_every_migration_begins_with_its_one_idea(name: str) -> None:
    first = read(f"{FOLDER}/{name}").splitlines()[0]

    assert re.fullmatch(r"-- [A-Z].*[.,;:a-z]", first)


def test_every_table_is_explained() -> None:
    explained = {each.partition(".")[0] for each in EXPLAINED.findall(everything())}

    assert len(tables()) > 20
    assert tables().keys() - explained == set()


def test_every_column_whose_type_says_nothing_is_explained() -> None:
    explained = set(EXPLAINED.findall(everything()))

    silent = [
        f"{table}.{column}"
        for table, column, kind in columns()
        if OPAQUE.fullmatch(kind)
        and f"{table}.{column}" not in explained
        and table not in explained
    ]

    assert silent == []


def test_no_comment_is_about_a_column_that_is_not_there() -> None:
    there = {f"{table}.{column}" for table, column, _ in columns()} | tables().keys()

    assert set(EXPLAINED.findall(everything())) - there == set()


def test_every_constraint_has_a_name() -> None:
    nameless = [
        f"{table}: {line.strip()}"
        for table, body in tables().items()
        for line in body.splitlines()
        # A CHECK may stand on lines of its own below its name.
        if KEYS.match(line) and "CONSTRAINT" not in line
    ]

    assert nameless == []
