"""Both languages say the same, and nothing is said that has no words."""

import re
from pathlib import Path
from string import Formatter

import pytest

from domain.links.links import LinkReason
from domain.reasons import Reason
from texts.catalogue import FOLDER, LANGUAGES, catalogue, say
from web.http.texts import count, language

WEB = Path(__file__).parents[3] / "web"
CALL = re.compile(r"""\b(?:t|translate|say)\((?:tag, )?f?["']([a-zA-Z_.{}]+)["']""")
PLURAL = re.compile(r"""\bn\(["']([a-z_.]+)["']""")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_there_is_one_catalogue_for_each_language() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(LANGUAGES)


def test_every_language_has_the_same_keys_and_places() -> None:
    one, other = (catalogue(tag) for tag in LANGUAGES)

    assert one.keys() == other.keys()
    unequal = {key for key in one if fields(one[key]) != fields(other[key])}
    assert unequal == set()


def test_no_text_is_empty_or_left_in_english() -> None:
    chinese, english = catalogue("zh-CN"), catalogue("en")

    assert {key for key, text in english.items() if not text.strip()} == set()
    same = {key for key in english if chinese[key] == english[key]}
    assert same == set()


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_reason_has_its_words(tag: str) -> None:
    said = {key for key in catalogue(tag) if key.startswith("reason.")}

    assert said == {f"reason.{reason.value}" for reason in (*Reason, *LinkReason)}


def test_every_key_that_a_page_names_exists() -> None:
    known = catalogue("en")
    pages = [*WEB.rglob("*.py"), *WEB.rglob("*.html")]
    texts = [path.read_text("utf-8") for path in pages]
    named = {key for text in texts for key in CALL.findall(text) if "{" not in key}
    named |= {f"{key}.one" for text in texts for key in PLURAL.findall(text)}

    whole = {key for key in named if not key.endswith(".")}
    assert len(whole) > 30
    assert whole - known.keys() == set()


def test_an_unknown_key_is_an_error_and_not_a_blank() -> None:
    with pytest.raises(KeyError):
        say("en", "no.such.key")


def test_without_a_request_the_language_is_chinese() -> None:
    assert language() == "zh-CN"
    assert count("people", 1200) == "1,200 人"
