"""Every decision is made somewhere, replayed from the journal, and has its words."""

import ast
import tomllib

import pytest

from domain.decisions import DecisionName
from tests.guards.source import Module, modules, read

LANGUAGES = ("en", "zh-CN")
# Named by the interface, and made by a part that is not here yet; whoever makes the
# first one takes it off this list.
AWAITED: set[DecisionName] = set()
# They read decisions; they do not make any.
READERS = {
    "domain/org/changes.py",
    "domain/decisions.py",
    "domain/grouping.py",
    "domain/reconcile/guard.py",
    "domain/org/replay.py",
}


def named_in(files: list[Module]) -> set[DecisionName]:
    return {
        DecisionName[node.attr]
        for module in files
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "DecisionName"
        and node.attr in DecisionName.__members__
    }


def makers() -> list[Module]:
    return [each for each in modules("domain", "workers") if each.path not in READERS]


def phrases(language: str) -> dict[str, str]:
    journal = tomllib.loads(read(f"texts/{language}.toml"))["journal"]
    assert isinstance(journal, dict)
    return journal


def test_every_decision_is_made_by_the_domain_or_a_worker() -> None:
    assert set(DecisionName) - AWAITED - named_in(makers()) == set()


def test_a_decision_that_is_made_is_not_awaited_any_more() -> None:
    assert AWAITED & named_in(makers()) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_decision_has_a_phrase_in_both_languages(language: str) -> None:
    said = {name for name, phrase in phrases(language).items() if phrase.strip()}

    assert {each.value for each in DecisionName} - said == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_phrase_is_about_a_decision_that_nobody_knows(language: str) -> None:
    names = {name.partition(".")[0] for name in phrases(language)}
    decisions = {name for name in names if name[:1].isupper()}

    assert decisions - {each.value for each in DecisionName} == set()


def test_every_decision_has_its_words_in_the_glossary() -> None:
    glossary = read("docs/glossary.md")

    assert {each.value for each in DecisionName if f"`{each}`" not in glossary} == set()
