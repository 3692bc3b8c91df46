"""Finds whom a comment addresses: `@` and a nick, with or without a blank behind it."""

import re
from collections.abc import Collection

# A nick begins where a mail address would go on.
_AT = re.compile(r"(?<![0-9A-Za-z._%+-])[@＠]")
_MOST_MENTIONS = 50
_NICK_CHARS = 40


def possible_nicks(text: str) -> list[list[str]]:
    """For each `@` what may be the nick behind it, the longest first."""
    found = []
    for each in list(_AT.finditer(text))[:_MOST_MENTIONS]:
        rest = text[each.end() : each.end() + _NICK_CHARS]
        prefixes = {rest[:length].strip(): None for length in range(len(rest), 0, -1)}
        found.append([nick for nick in prefixes if nick])
    return found


def mentioned(text: str, known: Collection[str]) -> list[str]:
    """The known nicks that a text addresses, each once."""
    nicks: dict[str, None] = {}
    for choices in possible_nicks(text):
        nick = next((each for each in choices if each in known), None)
        if nick is not None:
            nicks[nick] = None
    return list(nicks)
