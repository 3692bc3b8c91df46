"""Reads settings one by one, and keeps every fault for a single message."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import TypeVar

Value = TypeVar("Value")

_PAIRS = ('""', "''", "``", "“”", "‘’", "「」", "””", "’’")
_TYPOGRAPHIC = "“”‘’"
# Controls, marks that are not seen, halves of characters, separators of lines.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_UNREPLACED = re.compile(r"\$\{[^}]*\}|\$\([^)]*\)|\$[A-Z_]+|<[^<>]*>|\{\{.*\}\}")


class Reader:
    """Reads names of an environment; a fault never shows what was written."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.missing: list[str] = []
        self.faults: list[str] = []

    def is_given(self, name: str) -> bool:
        """Whether the name is set to something."""
        return bool(self._text(name))

    def required(self, name: str, parse: Callable[[str], Value], blank: Value) -> Value:
        """The value of a name that must be set."""
        text = self._text(name)
        if not text:
            self.missing.append(f"{name} is missing.")
            return blank
        return self._parsed(name, text, parse, blank)

    def optional(self, name: str, parse: Callable[[str], Value], blank: Value) -> Value:
        """The value of a name, or what holds without it."""
        text = self._text(name)
        return self._parsed(name, text, parse, blank) if text else blank

    def given(self, name: str, parse: Callable[[str], str]) -> str:
        """The text of a name that may be set to empty on purpose, but not left out."""
        if name not in self._environment:
            self.missing.append(
                f"{name} is missing (it may be empty, but must be set)."
            )
        return self.optional(name, parse, "")

    def _text(self, name: str) -> str:
        return self._environment.get(name, "").strip()

    def _parsed(
        self, name: str, text: str, parse: Callable[[str], Value], blank: Value
    ) -> Value:
        try:
            return parse(_as_meant(text))
        except ValueError as error:
            self.faults.append(f"{name}: {error}.")
            return blank


def _as_meant(text: str) -> str:
    """The text, unless it bears what its writer took for syntax or never saw.

    Raises: ValueError.
    """
    if text[:1] + text[-1:] in _PAIRS or set(_TYPOGRAPHIC) & {text[0], text[-1]}:
        raise ValueError(
            "stands in quotation marks, which are taken for a part of it (docker "
            "--env-file, systemd and shells differ there); leave them out"
        )
    if any(unicodedata.category(each) in _UNSEEN for each in text):
        raise ValueError(
            "holds a line break, or a character that cannot be seen; type it anew on "
            "one line"
        )
    if _UNREPLACED.fullmatch(text):
        raise ValueError(
            "is a placeholder that nobody has replaced; write the value itself"
        )
    return text
