"""Every form in which TAPD sends events ends in the same cards, asked back or not."""

from typing import Any

import pytest

from simulator.faults import Kind
from simulator.tapd.items import item_acts
from simulator.tapd.items.hook_bodies import FORMS
from simulator.tapd.items.projects import STATUSES, Item, Project
from simulator.tokens import Paper
from tests.support.notices.item_office import ItemOffice, open_office
from tests.support.workbench import Workbench

OWNERS = {"story": "owner", "bug": "current_owner", "task": "owner"}
TITLES = {"story": "name", "bug": "title", "task": "name", "iteration": "name"}


@pytest.fixture
def office(simulated: Workbench) -> ItemOffice:
    return open_office(simulated, "李四", "王五")


@pytest.fixture
def project(office: ItemOffice) -> Project:
    world = office.bench.world
    company = world.tapd.found(name="c", company_id=office.company_id)
    return world.projects.found(company, name="星河项目", url="")


def arrive(office: ItemOffice) -> None:
    """What TAPD has sent since the last time arrives, is told and delivered."""
    log = office.bench.world.hooks.log
    while log:
        office.receive(log.popleft().body.encode())
    office.follow()
    office.deliver()


def made(office: ItemOffice, project: Project, kind: str, **fields: str) -> Item:
    """A new item whose creation nobody was told of."""
    told = {TITLES[kind]: "登录页", **fields}
    item = item_acts.create(office.bench.world, project, kind, told, by="王五")
    office.bench.world.hooks.log.clear()
    return item


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["story", "bug", "task"])
def test_each_form_tells_the_same(
    office: ItemOffice, project: Project, form: str, kind: str
) -> None:
    world, project.hooks.form = office.bench.world, form
    owner, status = OWNERS[kind], list(_statuses(kind))[-1]

    item = item_acts.create(
        world, project, kind, {TITLES[kind]: "登录页", owner: "李四"}, by="王五"
    )
    arrive(office)
    office.wait(60)
    item_acts.change(world, project, item, {"status": status}, by="王五")
    arrive(office)
    office.wait(60)
    item_acts.comment(world, project, item, "请看一下", by="王五")
    arrive(office)
    office.wait(60)
    item_acts.delete(world, project, item, by="王五")
    arrive(office)

    said = [_said(card) for card in office.cards("李四")]
    assert [title for title, _, _ in said] == [
        f"【{_word(kind)}】新建",
        f"【{_word(kind)}】状态变更",
        f"【{_word(kind)}】新评论",
        f"【{_word(kind)}】已删除",
    ]
    assert said[0][2][owner_label()] == "李四"
    assert said[1][2]["状态"].endswith(_statuses(kind)[status])
    assert said[2][1] == "登录页\n请看一下"
    assert said[3][1] == "登录页"
    assert {card["source"]["desc"] for card in office.cards("李四")} == {"星河项目"}


@pytest.mark.parametrize("form", FORMS)
def test_iterations_are_told_to_their_creator(
    office: ItemOffice, project: Project, form: str
) -> None:
    world, project.hooks.form = office.bench.world, form
    item = item_acts.create(world, project, "iteration", {"name": "迭代 3"}, by="李四")
    arrive(office)

    item_acts.change(world, project, item, {"enddate": "2026-04-01"}, by="王五")
    arrive(office)

    [card] = office.cards("李四")
    assert card["sub_title_text"] == "迭代 3"
    assert "iterations%2Fcard_view" in card["card_action"]["url"]


def test_what_has_no_new_values_is_read_from_tapd(
    office: ItemOffice, project: Project
) -> None:
    project.hooks.sparse = True
    item = made(office, project, "story", owner="李四")

    item_acts.change(office.bench.world, project, item, {"priority": "High"}, by="王五")
    arrive(office)

    [card] = office.cards("李四")
    assert _said(card)[2] == {"优先级": "空 → High"}
    assert office.bench.calls("tapd/stories") == 1


def test_three_hundred_items_are_read_by_few_calls(
    office: ItemOffice, project: Project
) -> None:
    project.hooks.sparse = True
    items = [made(office, project, "story", owner="李四") for _ in range(300)]

    item_acts.change_all(
        office.bench.world, project, items, {"priority": "High"}, by="王五"
    )
    log = office.bench.world.hooks.log
    for each in list(log):
        office.receive(each.body.encode())
    office.calm()
    office.follow()

    assert office.bench.calls("tapd/stories") == 2


def test_a_comment_on_an_item_nobody_told_of_is_told_by_reading_it(
    office: ItemOffice, project: Project
) -> None:
    item = made(office, project, "bug", current_owner="李四")

    item_acts.comment(office.bench.world, project, item, "白屏", by="王五")
    arrive(office)

    [card] = office.cards("李四")
    assert card["sub_title_text"] == "登录页\n白屏"


def test_whom_a_comment_names_is_told_as_well(
    office: ItemOffice, project: Project
) -> None:
    item = made(office, project, "story", owner="李四")

    item_acts.comment(
        office.bench.world, project, item, "<b>@王五</b>请看，邮箱 a@李四.cn", by="别人"
    )
    arrive(office)

    roles = office.bench.rows("SELECT nick, roles FROM item_notices ORDER BY nick")
    assert {"nick": "李四", "roles": ["owner"]} in roles
    assert len(office.phone("王五")) == 1


def test_an_event_waits_for_a_tapd_that_is_away_and_goes_as_it_is_at_last(
    office: ItemOffice, project: Project
) -> None:
    item = made(office, project, "story", owner="李四")
    office.bench.misbehave(Kind.BUSY, match="tapd/*")

    item_acts.comment(office.bench.world, project, item, "@李四 看", by="王五")
    arrive(office)

    assert office.phone("李四") == []
    for _ in range(3):
        office.bench.rows("UPDATE inbox SET not_before = NULL")
        office.follow()
    office.deliver()

    [card] = office.cards("李四")
    assert "未能从 TAPD 读到标题" in card["sub_title_text"]


def test_once_tapd_is_back_the_event_is_told_in_full(
    office: ItemOffice, project: Project
) -> None:
    item = made(office, project, "story", owner="李四")
    office.bench.misbehave(Kind.THROTTLE, match="tapd/*")
    item_acts.comment(office.bench.world, project, item, "看", by="王五")
    arrive(office)
    office.bench.world.faults.clear()
    office.rest_tapd()

    office.bench.rows("UPDATE inbox SET not_before = NULL")
    office.follow()
    office.deliver()

    assert [card["sub_title_text"] for card in office.cards("李四")] == ["登录页\n看"]


def test_a_token_that_tapd_forgot_is_fetched_anew(
    office: ItemOffice, project: Project
) -> None:
    item = made(office, project, "story", owner="李四")
    item_acts.comment(office.bench.world, project, item, "一", by="王五")
    arrive(office)
    office.bench.world.papers.end(Paper.TAPD_TOKEN, owner=None, forget=True)
    other = made(office, project, "story", owner="李四")

    item_acts.comment(office.bench.world, project, other, "二", by="王五")
    arrive(office)

    assert len(office.phone("李四")) == 2


def test_without_credentials_events_are_told_as_far_as_they_go(
    office: ItemOffice,
) -> None:
    office.without_tapd()

    office.tell(
        office.event(
            "story::update", new_priority="High", change_fields="priority,due"
        ),
        office.event(
            "story::create", id="114846449400100099", owner="李四;", name="新"
        ),
    )

    [card] = office.cards("李四")
    assert card["sub_title_text"] == "新"


def test_an_event_of_another_companys_project_is_refused_and_counted(
    office: ItemOffice, project: Project
) -> None:
    office.bench.rows(
        "INSERT INTO companies (company_id, name, origin) VALUES ('77', 'x', 'tapd')"
    )
    project.company_id = "77"
    office.bench.world.tapd.found(name="x", company_id="77")

    made_of_another = item_acts.create(
        office.bench.world, project, "story", {"name": "x", "owner": "李四"}, by="王五"
    )
    arrive(office)

    assert made_of_another.title == "x"
    assert office.phone("李四") == []
    assert office.outcomes() == [("ignored", "foreign_workspace")]


def test_an_id_of_forty_digits_is_followed(office: ItemOffice) -> None:
    office.without_tapd()
    number = "1" * 40

    office.tell(office.event("story::create", id=number, owner="李四;", name="新"))

    [card] = office.cards("李四")
    assert number in card["card_action"]["url"]


@pytest.mark.parametrize("wrong", [{"id": ""}, {"id": "../x"}, {"workspace_id": "a"}])
def test_an_event_that_names_no_item_is_told_to_nobody(
    office: ItemOffice, wrong: dict[str, Any]
) -> None:
    office.tell(office.event("story::create", owner="李四;", name="新", **wrong))

    assert office.outcomes() == [("ignored", "no_item")]
    assert office.phone("李四") == []


def _said(card: dict[str, Any]) -> tuple[str, str, dict[str, str]]:
    lines = card.get("horizontal_content_list", [])
    told = {line["keyname"]: line["value"] for line in lines}
    return card["main_title"]["title"], card["sub_title_text"], told


def _statuses(kind: str) -> dict[str, str]:
    return dict(STATUSES[kind])


def _word(kind: str) -> str:
    return {"story": "需求", "bug": "缺陷", "task": "任务"}[kind]


def owner_label() -> str:
    return "处理人"
