"""TAPD's projects: people edit items, and each edit is sent, in whatever form."""

import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from simulator.faults import Kind
from simulator.tapd.items.hook_bodies import FORMS
from simulator.tapd.items.hooks import HookSender
from simulator.tapd.items.projects import Project
from tests.unit.simulator.staging import Stage

COMPANY = "20001"


@pytest.fixture
def sent(stage: Stage) -> list[str]:
    """The events that arrive, in the order of their arrival."""
    arrived: list[str] = []

    def post(url: str, body: bytes, content_type: str) -> int:
        assert url.endswith(COMPANY)
        fields = parse_qs(body.decode())
        name = fields.get("new_priority", fields.get("name", ["?"]))[0]
        arrived.append(f"{fields['event'][0]} {name}")
        return 200

    stage.world.hooks = HookSender(stage.world.faults, post=post)
    return arrived


@pytest.fixture
def project(stage: Stage, sent: list[str]) -> Project:
    """A project of a company in which Ann has an account."""
    assert sent == []
    company = stage.world.tapd.found(name="星河", company_id=COMPANY)
    account = stage.world.tapd.register(account_id="1", nick="安")
    stage.world.tapd.join(company, account, at=0.0)
    stage.client.post("/tapd/login", data={"account_id": "1"})
    given = {"company_id": COMPANY, "name": "星河项目"}
    made = stage.client.post("/control/tapd/projects", json=given).get_json()
    return stage.world.projects.by_id[made["workspace_id"]]


def create(stage: Stage, project: Project, **fields: str) -> str:
    path = f"/control/tapd/projects/{project.workspace_id}/items/story"
    answer = stage.client.post(path, json={"by": "安", "fields": fields})
    return str(answer.get_json()["items"][0]["id"])


def change(stage: Stage, project: Project, **fields: str) -> None:
    path = f"/control/tapd/projects/{project.workspace_id}/items/story"
    stage.client.patch(path, json={"by": "安", "fields": fields})


def idle(stage: Stage) -> None:
    assert stage.world.hooks.wait_idle(10)


def test_a_person_edits_an_item_on_its_page_and_that_is_sent(
    stage: Stage, project: Project, sent: list[str]
) -> None:
    base = f"/tapd/projects/{project.workspace_id}"
    made = stage.client.post(
        f"{base}/items", data={"kind": "story", "name": "登录页", "owner": "安"}
    )
    page = stage.client.get(made.headers["Location"])
    [(kind, item_id)] = project.items
    stage.client.post(f"{base}/items/{kind}/{item_id}", data={"priority": "High"})
    stage.client.post(f"{base}/items/{kind}/{item_id}/comments", data={"text": "好"})
    stage.client.post(f"{base}/items/{kind}/{item_id}/delete")
    idle(stage)

    assert "登录页" in page.text
    assert [each.partition(" ")[0] for each in sent] == [
        "story::create",
        "story::update",
        "story_comment::add",
        "story::delete",
    ]
    assert "登录页" not in stage.client.get(base).text


def test_an_items_page_is_where_tapds_links_lead(
    stage: Stage, project: Project
) -> None:
    item_id = create(stage, project, name="登录页")
    path = f"/tapd/{project.workspace_id}/prong/stories/view/{item_id}"

    assert "登录页" in stage.client.get(path).text
    assert stage.client.get(path.replace(item_id, "1")).status_code == 200


def test_what_is_to_be_lost_is_lost(
    stage: Stage, project: Project, sent: list[str]
) -> None:
    stage.fault(Kind.DROP, match="tapd/story::create")

    create(stage, project, name="a")
    change(stage, project, priority="1")
    idle(stage)

    assert sent == ["story::update 1"]
    fates = [each.fate for each in stage.world.hooks.log]
    assert fates == ["lost", "answered"]


def test_what_is_to_be_repeated_arrives_so_often(
    stage: Stage, project: Project, sent: list[str]
) -> None:
    stage.fault(Kind.DUPLICATE, match="tapd/*", times=3)

    create(stage, project, name="a")
    idle(stage)

    assert sent == ["story::create a"] * 3
    [record] = stage.world.hooks.log
    assert record.statuses == [200, 200, 200]


def test_what_is_to_come_disordered_comes_behind_the_next(
    stage: Stage, project: Project, sent: list[str]
) -> None:
    stage.fault(Kind.REORDER, match="tapd/story::create")

    create(stage, project, name="a")
    change(stage, project, priority="1")
    idle(stage)

    assert sent == ["story::update 1", "story::create a"]


def test_what_is_disordered_and_has_nothing_behind_it_comes_all_the_same(
    stage: Stage, project: Project, sent: list[str]
) -> None:
    stage.fault(Kind.REORDER, match="tapd/*")

    create(stage, project, name="a")
    idle(stage)

    assert sent == ["story::create a"]


def test_what_is_to_be_late_is_overtaken(
    stage: Stage, project: Project, sent: list[str]
) -> None:
    stage.fault(Kind.DELAY, match="tapd/story::create", seconds=0.3)

    create(stage, project, name="a")
    change(stage, project, priority="1")
    idle(stage)

    assert sent == ["story::update 1", "story::create a"]


def test_a_change_of_nothing_is_not_sent(
    stage: Stage, project: Project, sent: list[str]
) -> None:
    create(stage, project, name="a", priority="1")
    change(stage, project, priority="1")
    idle(stage)

    assert len(sent) == 1


def test_many_items_are_changed_at_once(
    stage: Stage, project: Project, sent: list[str]
) -> None:
    path = f"/control/tapd/projects/{project.workspace_id}/items/story"
    stage.client.post(path, json={"by": "安", "fields": {"name": "a"}, "count": 20})

    answer = stage.client.patch(path, json={"by": "安", "fields": {"priority": "9"}})
    idle(stage)

    assert answer.get_json() == {"changed": 20}
    assert sent.count("story::update 9") == 20


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_written_as_captured(
    stage: Stage, project: Project, form: str
) -> None:
    project.hooks.url, project.hooks.form = "", form
    create(stage, project, name="a", owner="安;李")
    change(stage, project, priority="1")

    update = stage.world.hooks.log[-1]
    told = fields_of(update.body)
    if form == "automation_1":
        assert told["event_key"] == "story::update"
        assert told["owner"] == ["安", "李"]
        assert told["priority:fromto"] == {"from": "", "to": "1"}
    elif form == "automation_2":
        assert told["events"]["story::update"]["new"] == {"priority": "1"}
    else:
        assert told["change_fields"] == "priority,modified"
        assert (told["old_owner"], told["new_priority"]) == ("安;李;", "1")
        assert "new_owner" not in told


def test_a_change_of_status_may_be_sent_twice(stage: Stage, project: Project) -> None:
    project.hooks.url, project.hooks.status_too = "", True
    create(stage, project, name="a")
    change(stage, project, status="resolved")

    assert [each.event for each in stage.world.hooks.log][1:] == [
        "story::update",
        "story::status_change",
    ]


def fields_of(body: str) -> dict[str, Any]:
    """What a body tells, of whatever form."""
    if body.startswith("{"):
        told: dict[str, Any] = json.loads(body)
        return told
    return {name: last for name, (*_, last) in parse_qs(body, True).items()}
