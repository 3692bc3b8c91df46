"""The words of messages: in both languages, for WeCom does not say who reads which."""

from texts.catalogue import CHINESE, ENGLISH, say

_BETWEEN = " · "


def chinese(key: str, **values: object) -> str:
    """The Chinese text of a key.

    Raises: KeyError.
    """
    return say(CHINESE, key, **values)


def english(key: str, **values: object) -> str:
    """The English text of a key.

    Raises: KeyError.
    """
    return say(ENGLISH, key, **values)


def both(key: str, **values: object) -> str:
    """Chinese and English on one line.

    Raises: KeyError.
    """
    return f"{chinese(key, **values)}{_BETWEEN}{english(key, **values)}"
