"""The words of messages: in both languages, for WeCom does not say who reads which."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[2] / "web" / "locales"
_CHINESE, _ENGLISH = "zh-CN", "en"
_BETWEEN = " · "


def chinese(key: str, **values: object) -> str:
    """The Chinese text of a key.

    Raises: KeyError.
    """
    return _say(_CHINESE, key, values)


def english(key: str, **values: object) -> str:
    """The English text of a key.

    Raises: KeyError.
    """
    return _say(_ENGLISH, key, values)


def both(key: str, **values: object) -> str:
    """Chinese and English on one line.

    Raises: KeyError.
    """
    return f"{chinese(key, **values)}{_BETWEEN}{english(key, **values)}"


def _say(tag: str, key: str, values: dict[str, object]) -> str:
    found: Any = _catalogue(tag)
    for part in key.split("."):
        found = found[part]
    return str(found).format(**values) if values else str(found)


@cache
def _catalogue(tag: str) -> dict[str, Any]:
    with (_FOLDER / f"{tag}.toml").open("rb") as file:
        return tomllib.load(file)
