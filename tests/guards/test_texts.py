"""Every sentence of the catalogues is said somewhere."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from tests.guards.source import PRODUCT, ROOT, modules, modules_at_root

_QUOTED = re.compile(r"""["'`]([a-z_0-9]+(?:\.[a-z_0-9]+)*)["'`]""")
# `"refused." ~ kind`, f"refused.{kind}", f"refused_{kind}", because("refused", kind)
_BEGUN = re.compile(r"""["'`]([a-z_0-9.]+[._])["'`{]""")
_BECAUSE = re.compile(r"""because\(\s*["']([a-z_0-9.]+)["']""")
# What a sentence adds where it is counted.
_COUNTED = re.compile(r"\.(?:one|other)$")


def _source() -> str:
    """All that may name a sentence: Python, templates, scripts."""
    pages = [
        path.read_text(encoding="utf-8")
        for ending in ("*.html", "*.js")
        for path in sorted((ROOT / "web").rglob(ending))
    ]
    ours = [each.text for each in (*modules(*PRODUCT), *modules_at_root())]
    return "\n".join(ours + pages)


def _keys(said: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for name, value in said.items():
        if isinstance(value, Mapping):
            yield from _keys(value, f"{before}{name}.")
        else:
            yield before + name


def test_every_outcome_of_mail_is_told_in_words() -> None:
    settled = re.compile(r'\("(?:done|ignored|folded|parked)", "([a-z_]+)"\)')
    outcomes = {
        word for each in modules("workers") for word in settled.findall(each.text)
    }

    assert {"told", "no_handler", "overtaken"} <= outcomes
    for language in ("en", "zh-CN"):
        path = ROOT / "texts" / "console" / f"{language}.toml"
        said = tomllib.loads(path.read_text(encoding="utf-8"))["outcome"]
        assert outcomes - said.keys() == set()


def test_no_sentence_of_the_catalogues_is_said_by_nobody() -> None:
    source = _source()
    whole = set(_QUOTED.findall(source))
    begun = (*_BEGUN.findall(source), *(f"{at}." for at in _BECAUSE.findall(source)))

    unsaid = [
        key
        for path in sorted((ROOT / "texts").rglob("en*.toml"))
        for key in _keys(tomllib.loads(path.read_text(encoding="utf-8")))
        if not {key, _COUNTED.sub("", key)} & whole and not key.startswith(begun)
    ]

    assert unsaid == []
