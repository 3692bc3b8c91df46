"""Names of people, departments and companies stand by themselves on every page."""

import re
from pathlib import Path

from tests.guards.source import ROOT

TEMPLATES = ROOT / "web" / "templates"
NAME = re.compile(
    r"\{\{-? (?:[\w.]+\.(?:name|nick|corp_name|company_name|holder_name)\b"
    r"|about\.person_title\()[^}]*\}\}"
)
# Ours, not a person's: queues, threads, figures.
OURS = re.compile(r"\{\{-? (?:each|thread|chart|step)\.name\b")
TITLE = re.compile(r"\{% block title %\}.*?\{% endblock %\}", re.DOTALL)
TAG = re.compile(r"<[a-z][^<>]*(?:\{\{[^}]*\}\}[^<>]*)*>")
ISOLATED = re.compile(r"<(bdi|code)>[^<]*</\1>")


def loose_names(page: str) -> list[str]:
    """The names that may turn what stands beside them."""
    for unseen in (TITLE, ISOLATED, TAG):
        page = unseen.sub(" ", page)
    return [each for each in NAME.findall(page) if not OURS.match(each)]


def pages() -> list[Path]:
    return sorted(TEMPLATES.rglob("*.html"))


def test_every_name_on_a_page_is_isolated() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {each}"
        for path in pages()
        for each in loose_names(path.read_text("utf-8"))
    }

    assert found == set()


def test_names_are_found_where_they_are_not_isolated() -> None:
    assert len(loose_names("<p>{{ row.name or row.userid }}</p>")) == 1
    assert loose_names("<p><bdi>{{ row.name }}</bdi></p>") == []
    assert sum("<bdi>" in path.read_text("utf-8") for path in pages()) > 10
