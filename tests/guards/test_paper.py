"""What the paper says is there: commands, files, states, processes, metrics."""

import re
import tomllib

import pytest
from click.testing import CliRunner

from commands.sections import SECTIONS
from demo.machine.procfile import read_procfile
from manage import cli
from store.intake.gaps import GapReason
from tests.guards.source import (
    ROOT,
    called,
    functions,
    modules,
    modules_at,
    read,
    texts,
)
from wecom.intake import CallbackRefused

READMES = ("README.md", "README.zh-CN.md")
README_LINES = 100
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
)
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)\s]*)?\)")
PLACED_LINK = re.compile(r"\]\(([^)#:\s]*)#([^)\s]+)\)")
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
STATES = re.compile(r"_state CHECK \(\s*state IN \(([^)]*)\)", re.DOTALL)
FOLDERS = re.compile(r"^\| (`[^|]+/`) \|", re.MULTILINE)
RECORD = re.compile(r"(\d{4})-[a-z0-9]+(-[a-z0-9]+)*\.md")


def headings(page: str) -> list[str]:
    return [level for level, _ in HEADING.findall(FENCE.sub("", read(page)))]


def anchors(text: str) -> set[str]:
    """The places of a page that links may name, as GitHub makes them."""
    return {
        re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        for _, title in HEADING.findall(FENCE.sub("", text))
    }


def commands(page: str) -> list[str]:
    """The commands of a page's code blocks, without what explains them."""
    shown = [
        line.split("#")[0].strip()
        for block in FENCE.findall(read(page))
        for line in block.splitlines()[1:-1]
    ]
    return [line for line in shown if line.startswith(("make ", "python "))]


def states() -> set[str]:
    schema = "".join(
        path.read_text("utf-8") for path in (ROOT / "store/migrations").glob("*.sql")
    )
    return {
        state
        for group in STATES.findall(schema)
        for state in re.findall(r"'(\w+)'", group)
    }


def metrics() -> set[str]:
    """The metrics that receiver and web show, by the names in their code."""
    shown = modules_at(
        "web/operations/gauges.py",
        "receiver/meters.py",
        "store/intake/receiver_stores.py",
    )
    pattern = re.compile(r"(sync|receiver|spill|inbox)_[a-z_]+")
    found = {text for each in shown for text in texts(each.tree)}
    return {text for text in found if pattern.fullmatch(text)}


@pytest.mark.parametrize("page", READMES)
def test_a_readme_stays_under_a_hundred_lines(page: str) -> None:
    assert len(read(page).splitlines()) < README_LINES


def test_both_readmes_have_the_same_sections_and_commands() -> None:
    english, chinese = READMES

    assert headings(english) == headings(chinese)
    assert commands(english) == commands(chinese)
    assert LINK.findall(read(english))[1:] == LINK.findall(read(chinese))[1:]


@pytest.mark.parametrize("page", READMES)
def test_a_readme_names_every_process_with_its_duty(page: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \|", read(page), re.MULTILINE)

    assert rows == list(read_procfile(ROOT / "Procfile"))


def test_both_readmes_name_the_same_folders() -> None:
    english, chinese = (FOLDERS.findall(read(page)) for page in READMES)

    assert len(english) > 8
    assert english == [each.replace("、", ", ") for each in chinese]


@pytest.mark.parametrize("page", READMES)
def test_a_readme_names_every_command_in_the_order_of_the_help(page: str) -> None:
    row = next(line for line in read(page).splitlines() if "`manage.py`" in line)
    named = re.findall(r"`([a-z-]+)`", row)

    assert named == [name for names in SECTIONS.values() for name in names]


def test_the_help_has_every_command_in_one_section() -> None:
    listed = [name for names in SECTIONS.values() for name in names]

    assert sorted(listed) == sorted(cli.commands)


def test_the_help_cuts_no_sentence_off() -> None:
    said = CliRunner().invoke(cli, ["-h"]).output

    assert all(title in said for title in SECTIONS)
    assert "..." not in said.split("Options:", 1)[1]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    folder = (ROOT / page).parent

    lost = [to for to in LINK.findall(read(page)) if not (folder / to).exists()]

    assert lost == []


@pytest.mark.parametrize("page", PAGES)
def test_every_place_that_a_link_names_is_on_its_page(page: str) -> None:
    folder = (ROOT / page).parent

    lost = [
        f"{to}#{place}"
        for to, place in PLACED_LINK.findall(read(page))
        if place not in anchors((folder / to if to else ROOT / page).read_text("utf-8"))
    ]

    assert lost == []


@pytest.mark.parametrize("page", PAGES)
def test_every_operators_command_of_a_page_is_one(page: str) -> None:
    known = {
        name.replace("_", "-")
        for module in (*modules_at("manage.py"), *modules("commands"))
        for function in functions(module)
        for name in [function.name]
        if any(called(each) == "command" for each in function.decorator_list)
    }

    named = set(re.findall(r"python manage\.py ([a-z][a-z-]*)", read(page)))

    assert len(known) > 4
    assert named - known == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_make_command_of_a_page_is_a_target(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))

    named = set(re.findall(r"`make ([a-z-]+)", read(page))) | {
        command.split()[1] for command in commands(page) if command.startswith("make ")
    }

    assert named - targets == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    named = re.findall(
        r"`((?:domain|store|workers|wecom|web|receiver|demo|tapd|simulator|docs|tests)"
        r"/[\w./-]*\w)`",
        read(page),
    )

    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_state_of_the_schema_is_in_the_state_machines() -> None:
    flow = "".join(read(page) for page in PAGES if page.startswith("docs/flow/"))

    assert len(states()) > 15
    assert {state for state in states() if f"`{state}`" not in flow} == set()


def test_every_metric_is_in_the_runbook() -> None:
    runbook = read("docs/operations.md")

    assert len(metrics()) > 15
    assert {name for name in metrics() if f"`{name}" not in runbook} == set()


def test_every_reason_of_a_gap_is_in_the_runbook() -> None:
    runbook = read("docs/operations.md")

    assert {each for each in GapReason if f"`{each.value}`" not in runbook} == set()


def test_every_reason_to_refuse_a_callback_is_in_the_runbook() -> None:
    shape = (
        (CallbackRefused.__doc__ or "").partition("reasons are ")[2].partition(".")[0]
    )
    reasons = re.findall(r"\w+", shape)
    runbook = read("docs/operations.md")

    assert len(reasons) > 5
    assert [each for each in reasons if f"`{each}`" not in runbook] == []


def test_decision_records_are_numbered_named_and_listed() -> None:
    folder = ROOT / "docs/decisions"
    records = sorted(p.name for p in folder.glob("*.md") if p.name != "README.md")
    listed = read("docs/decisions/README.md")

    numbers = [name[:4] for name in records]

    assert [name for name in records if not RECORD.fullmatch(name)] == []
    assert len(numbers) == len(set(numbers))
    assert [name for name in records if f"({name})" not in listed] == []


def test_every_decision_record_tells_context_choice_and_cost() -> None:
    folder = ROOT / "docs/decisions"
    records = [path for path in folder.glob("*.md") if path.name != "README.md"]

    for path in records:
        parts = re.findall(r"^## (\w+)$", path.read_text("utf-8"), re.MULTILINE)
        assert parts == ["Context", "Choice", "Cost"], path.name


def test_the_version_is_in_the_changelog() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    changelog = read("CHANGELOG.md")

    assert "## [Unreleased]" in changelog
    assert f"[{project['version']}]" in changelog or project["version"] == "0.1.0"
