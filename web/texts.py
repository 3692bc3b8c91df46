"""Every word that people read in pages: one catalogue per language, keys equal."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from flask import has_request_context, request

FOLDER = Path(__file__).parent / "locales"
LANGUAGES = {"zh-CN": "中文", "en": "English"}
DEFAULT = "zh-CN"
COOKIE = "language"


def language() -> str:
    """The language of this request: the one chosen, else what the browser prefers."""
    if not has_request_context():
        return DEFAULT
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return chosen
    # A browser that says `zh` or `zh-TW` is served Chinese, not English.
    wanted = request.accept_languages.best_match(
        ["zh-CN", "zh", "zh-TW", "zh-HK", "en"]
    )
    return "en" if wanted == "en" else DEFAULT


def translate(key: str, **values: object) -> str:
    """The text of a key in the language of this request."""
    return say(language(), key, **values)


def say(tag: str, key: str, **values: object) -> str:
    """The text of a key in a language, with its values put in.

    Raises: KeyError for an unknown key, so that a test finds it.
    """
    text = catalogue(tag)[key]
    return text.format(**values) if values else text


def words() -> dict[str, str]:
    """All texts in the language of this request, to see whether one is there."""
    return catalogue(language())


def count(key: str, number: int, **values: object) -> str:
    """A text about a number of things; English has a form of its own for one."""
    form = "one" if number == 1 else "other"
    return translate(f"{key}.{form}", n=f"{number:,}", **values)


@cache
def catalogue(tag: str) -> dict[str, str]:
    """All texts of a language by their dotted keys."""
    files = (FOLDER / f"{tag}.toml", FOLDER / "console" / f"{tag}.toml")
    texts = [tomllib.loads(file.read_text("utf-8")) for file in files]
    return {key: text for each in texts for key, text in _flat(each, "")}


def _flat(table: dict[str, Any], prefix: str) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in table.items():
        if isinstance(value, dict):
            rows += _flat(value, f"{prefix}{name}.")
        else:
            rows.append((f"{prefix}{name}", str(value)))
    return rows
