"""A project's words are read once, and again when a card would show a key."""

from types import MappingProxyType
from typing import Any

import pytest

from simulator.tapd.items import item_acts, item_endpoints, projects
from simulator.tapd.items.projects import Item, Project
from tests.support.notices.item_office import ItemOffice, open_office
from tests.support.workbench import Workbench

WORDS = ("tapd/bugs/get_fields_info", "tapd/workflows/status_map")


@pytest.fixture
def office(simulated: Workbench) -> ItemOffice:
    return open_office(simulated, "李四")


@pytest.fixture
def project(office: ItemOffice) -> Project:
    world = office.bench.world
    company = world.tapd.found(name="c", company_id=office.company_id)
    return world.projects.found(company, name="星河项目", url="")


@pytest.fixture
def bug(office: ItemOffice, project: Project) -> Item:
    told = {"title": "白屏", "current_owner": "李四"}
    item = item_acts.create(office.bench.world, project, "bug", told, by="王五")
    office.bench.world.hooks.log.clear()
    return item


def edit(office: ItemOffice, project: Project, item: Item, **fields: str) -> str:
    """Somebody edits, TAPD tells; what the card's only line says."""
    item_acts.change(office.bench.world, project, item, fields, by="王五")
    log = office.bench.world.hooks.log
    while log:
        office.receive(log.popleft().body.encode())
    office.follow()
    office.deliver()
    office.wait(60)
    [line] = office.cards("李四")[-1]["horizontal_content_list"]
    return str(line["value"])


def later(office: ItemOffice, minutes: int) -> None:
    """So much time passes for the words that are known."""
    office.bench.rows(
        "UPDATE workspaces SET words = (SELECT jsonb_object_agg(key, value ||"
        " jsonb_build_object('read_at', (value->>'read_at')::timestamptz"
        "  - make_interval(mins => %s))) FROM jsonb_each(words))",
        minutes,
    )


def asked(office: ItemOffice) -> list[int]:
    return [office.bench.calls(each) for each in WORDS]


def test_values_have_the_names_of_the_projects_lists(
    office: ItemOffice, project: Project, bug: Item
) -> None:
    assert edit(office, project, bug, severity="serious") == "空 → 严重"
    assert edit(office, project, bug, status="resolved") == "新 → 已解决"


def test_words_are_read_once_for_all_edits_of_a_day(
    office: ItemOffice, project: Project, bug: Item
) -> None:
    for value in ("serious", "fatal", "normal"):
        edit(office, project, bug, severity=value)
    later(office, 23 * 60)
    edit(office, project, bug, severity="advice")
    assert asked(office) == [1, 1]

    later(office, 2 * 60)
    edit(office, project, bug, severity="prompt")
    assert asked(office) == [2, 2]


@pytest.mark.parametrize("name", ["status", "severity"])
def test_a_value_without_a_name_has_the_words_read_again_after_ten_minutes(
    office: ItemOffice,
    project: Project,
    bug: Item,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    edit(office, project, bug, severity="fatal")

    assert edit(office, project, bug, **{name: "brand_new"}).endswith("→ brand_new")
    assert asked(office) == [1, 1]
    teach(monkeypatch, name, brand_new="全新的")
    later(office, 11)
    edit(office, project, bug, **{name: "closed" if name == "status" else "normal"})

    assert asked(office) == [2, 2]
    assert edit(office, project, bug, **{name: "brand_new"}).endswith("→ 全新的")


def test_a_project_that_refuses_to_tell_is_asked_again_within_the_hour(
    office: ItemOffice, project: Project, bug: Item
) -> None:
    company = office.bench.world.tapd.companies[project.company_id]
    company.installed = False
    assert edit(office, project, bug, severity="serious") == "空 → 严重"

    company.installed = True
    later(office, 61)
    edit(office, project, bug, severity="fatal")

    [line] = office.cards("李四")[-1]["horizontal_content_list"]
    assert line["keyname"] == "严重程度"


def teach(monkeypatch: pytest.MonkeyPatch, name: str, **words: str) -> None:
    """Bugs have one more status, or one more value of a field."""
    if name == "status":
        told: Any = {**projects.STATUSES["bug"], **words}
        changed = MappingProxyType({**projects.STATUSES, "bug": told})
        monkeypatch.setattr(item_endpoints, "STATUSES", changed)
        return
    fields = {
        **projects.OPTIONS["bug"],
        name: {**projects.OPTIONS["bug"][name], **words},
    }
    options = MappingProxyType({**projects.OPTIONS, "bug": fields})
    monkeypatch.setattr(item_endpoints, "OPTIONS", options)
