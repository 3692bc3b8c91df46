"""The catalogues: one file per language, the same keys in each."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
CHINESE, ENGLISH = "zh-CN", "en"
LANGUAGES = {CHINESE: "中文", ENGLISH: "English"}
DEFAULT = CHINESE


def say(tag: str, key: str, **values: object) -> str:
    """The text of a key in a language, with its values put in.

    Raises: KeyError for an unknown key, so that a test finds it.
    """
    text = catalogue(tag)[key]
    return text.format(**values) if values else text


def find(tag: str, key: str) -> str | None:
    """The text of a key in a language; None when there is none."""
    return catalogue(tag).get(key)


@cache
def catalogue(tag: str) -> dict[str, str]:
    """All texts of a language by their dotted keys."""
    files = (
        FOLDER / f"{tag}.toml",
        FOLDER / "console" / f"{tag}.toml",
        FOLDER / "stores" / f"{tag}.toml",
    )
    read = [tomllib.loads(file.read_text("utf-8")) for file in files]
    return {key: text for each in read for key, text in _flat(each, "")}


def _flat(table: dict[str, Any], prefix: str) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in table.items():
        if isinstance(value, dict):
            rows += _flat(value, f"{prefix}{name}.")
        else:
            rows.append((f"{prefix}{name}", str(value)))
    return rows
