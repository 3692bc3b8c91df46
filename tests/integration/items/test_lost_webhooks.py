"""A webhook that never came: TAPD is asked, and the same people hear of it, once."""

from datetime import timedelta

import pytest

from simulator.faults import Kind
from simulator.tapd.items import item_acts
from simulator.tapd.items.projects import Item, Project
from tests.support.notices.item_office import ItemOffice, open_office
from tests.support.workbench import Workbench
from workers.items import recheck

CALLS = ("tapd/stories", "tapd/bugs", "tapd/tasks", "tapd/iterations")


@pytest.fixture
def office(simulated: Workbench, monkeypatch: pytest.MonkeyPatch) -> ItemOffice:
    # What was changed a moment ago is looked at here.
    monkeypatch.setattr(recheck, "GRACE", timedelta(0))
    return open_office(simulated, "李四", "王五")


@pytest.fixture
def project(office: ItemOffice) -> Project:
    world = office.bench.world
    company = world.tapd.found(name="c", company_id=office.company_id)
    return world.projects.found(company, name="星河项目", url="")


@pytest.fixture
def story(office: ItemOffice, project: Project) -> Item:
    """A story of which everybody has heard."""
    told = {"name": "登录页", "owner": "李四", "cc": "王五"}
    item = item_acts.create(office.bench.world, project, "story", told, by="赵六")
    arrive(office)
    office.wait(60)
    return item


def arrive(office: ItemOffice) -> None:
    """What TAPD has sent arrives, is told and delivered."""
    log = office.bench.world.hooks.log
    while log:
        office.receive(log.popleft().body.encode())
    office.follow()
    office.deliver()


def get_lost(office: ItemOffice) -> list[bytes]:
    """What TAPD has sent does not arrive."""
    lost = [each.body.encode() for each in office.bench.world.hooks.log]
    office.bench.world.hooks.log.clear()
    return lost


def ask_tapd(office: ItemOffice) -> None:
    """The next turn at asking TAPD comes, and what it finds is told and sent."""
    office.bench.rows(
        "UPDATE workspaces SET rechecked_at = rechecked_at - interval '20 minutes'"
    )
    recheck.recheck(office.bench.runtime)
    office.follow()
    office.deliver()


def said(office: ItemOffice, nick: str) -> list[tuple[str, list[str]]]:
    return [
        (
            card["main_title"]["title"],
            [line["value"] for line in card.get("horizontal_content_list", [])],
        )
        for card in office.cards(nick)
    ]


def test_a_lost_edit_is_told_to_the_same_people_with_its_old_value(
    office: ItemOffice, project: Project, story: Item
) -> None:
    change = {"status": "status_2", "priority": "4"}
    item_acts.change(office.bench.world, project, story, change, by="赵六")
    get_lost(office)

    ask_tapd(office)

    for nick in ("李四", "王五"):
        assert said(office, nick)[1:] == [
            ("【需求】状态变更", ["规划中 → 实现中", "空 → 高"])
        ]


def test_a_lost_creation_is_told(
    office: ItemOffice, project: Project, story: Item
) -> None:
    told = {"title": "白屏", "current_owner": "李四"}
    item_acts.create(office.bench.world, project, "bug", told, by="王五")
    get_lost(office)

    ask_tapd(office)

    assert [title for title, _ in said(office, "李四")] == [
        "【需求】新建",
        "【缺陷】新建",
    ]
    # Who made it is named, and hears nothing.
    assert len(office.phone("王五")) == 1


def test_whoever_is_newly_named_by_a_lost_edit_hears_of_it(
    office: ItemOffice, project: Project, story: Item
) -> None:
    change = {"owner": "王五", "cc": ""}
    item_acts.change(office.bench.world, project, story, change, by="赵六")
    get_lost(office)

    ask_tapd(office)

    roles = office.bench.rows(
        "SELECT nick, role FROM item_notices WHERE event = 'story::update'"
    )
    assert {"nick": "王五", "role": "owner"} in roles
    assert {"nick": "李四", "role": "former_owner"} in roles


def test_a_webhook_that_comes_after_all_is_not_told_twice(
    office: ItemOffice, project: Project, story: Item
) -> None:
    change = {"priority": "4"}
    item_acts.change(office.bench.world, project, story, change, by="赵六")
    late = get_lost(office)
    ask_tapd(office)

    for body in late * 2:
        office.receive(body)
    office.follow()
    office.wait(60)
    office.deliver()

    assert len(office.phone("李四")) == 2
    assert office.outcomes()[-1] == ("folded", "said_before")


def test_what_webhooks_have_told_is_not_told_again_however_often_tapd_is_asked(
    office: ItemOffice, project: Project, story: Item
) -> None:
    for value in ("4", "3"):
        item_acts.change(
            office.bench.world, project, story, {"priority": value}, by="赵六"
        )
        arrive(office)
        office.wait(60)
    office.deliver()
    before = len(office.phone("李四"))

    for _ in range(3):
        ask_tapd(office)
        office.wait(60)

    assert len(office.phone("李四")) == before
    assert before == 3


def test_what_is_asked_twice_is_one_event(
    office: ItemOffice, project: Project, story: Item
) -> None:
    item_acts.change(office.bench.world, project, story, {"priority": "4"}, by="赵六")
    get_lost(office)
    for _ in range(2):
        office.bench.rows(
            "UPDATE workspaces SET rechecked_at = now() - interval '20 minutes'"
        )
        recheck.recheck(office.bench.runtime)
    office.follow()
    office.deliver()

    assert len(office.phone("李四")) == 2


def test_what_was_changed_a_moment_ago_may_still_be_on_its_way(
    office: ItemOffice, project: Project, story: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recheck, "GRACE", timedelta(minutes=2))
    item_acts.change(office.bench.world, project, story, {"priority": "4"}, by="赵六")
    get_lost(office)

    ask_tapd(office)

    assert len(office.phone("李四")) == 1


def test_a_project_is_asked_about_once_in_ten_minutes_by_few_calls(
    office: ItemOffice, project: Project, story: Item
) -> None:
    ask_tapd(office)
    before = [office.bench.calls(each) for each in CALLS]
    for _ in range(5):
        recheck.recheck(office.bench.runtime)

    assert [office.bench.calls(each) for each in CALLS] == before
    assert sum(before) <= 5


@pytest.mark.parametrize("reason", ["company off", "unlinked", "foreign", "no client"])
def test_where_nobody_would_be_told_tapd_is_not_asked(
    office: ItemOffice, project: Project, story: Item, reason: str
) -> None:
    before = office.bench.calls("tapd/bugs")
    changes = {
        "company off": """UPDATE companies SET item_notices = '{"switch": "off"}'""",
        "unlinked": "UPDATE corps SET state = 'revoked'",
        "foreign": "UPDATE workspaces SET standing = 'foreign'",
    }
    if reason in changes:
        office.bench.rows(changes[reason])
    else:
        office.without_tapd()

    recheck.recheck(office.bench.runtime)

    assert office.bench.calls("tapd/bugs") == before


def test_a_tapd_that_does_not_answer_is_asked_again_at_the_next_turn(
    office: ItemOffice, project: Project, story: Item
) -> None:
    item_acts.change(office.bench.world, project, story, {"priority": "4"}, by="赵六")
    get_lost(office)
    office.bench.misbehave(Kind.BUSY, match="tapd/*", count=1)
    ask_tapd(office)
    assert len(office.phone("李四")) == 1

    # No time passes but what the first turn looked at is looked at again.
    recheck.recheck(office.bench.runtime)
    office.follow()
    office.deliver()

    assert len(office.phone("李四")) == 2
