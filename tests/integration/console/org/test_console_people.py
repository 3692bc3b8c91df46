"""A person's page answers "why is she not in TAPD?" with the next step first."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.console.desk import Desk, marks_in, open_desk, words_in
from tests.support.webclient import (
    add_corp,
    add_department,
    add_event,
    add_line,
    add_member,
    insert,
)

NOW = datetime.now(UTC)


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    with open_desk(database=database, redis_url=redis_url) as desk:
        yield desk


def path_of(userid: str) -> str:
    return f"/console/corps/wwcorp/people/{userid}"


def next_step(page: str) -> str:
    assert 'id="next-step"' in page
    return marks_in(page, "next")[0]


def link(desk: Desk, corp_pk: int, member_pk: int, **fields: Any) -> None:
    insert(
        desk.rows,
        "links",
        corp_pk=corp_pk,
        member_pk=member_pk,
        company_id="company-wwcorp-linked",
        **fields,
    )


def test_who_is_linked_and_works_needs_nothing(desk: Desk) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp", last_synced_at=NOW)
    insert(desk.rows, "accounts", account_id="a1")
    member_pk = add_member(desk.rows, corp_pk, "zhang", name="Zhang")
    link(
        desk, corp_pk, member_pk, state="linked", reason="seen_mobile", account_id="a1"
    )

    page = desk.page(path_of("zhang"))

    assert next_step(page) == "none"
    assert "In TAPD, linked to an account" in words_in(page)


def test_who_was_removed_by_the_scope_is_told_to_be_let_in_again(desk: Desk) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp", last_synced_at=NOW)
    add_member(
        desk.rows, corp_pk, "zhang", state="removed", removal="scope", removed_at=NOW
    )

    page = desk.page(path_of("zhang"))

    assert next_step(page) == "widen_scope"
    assert "Not in TAPD: removed from the company" in words_in(page)


def test_the_next_step_stands_before_the_chain(desk: Desk) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp", last_synced_at=NOW)
    add_member(desk.rows, corp_pk, "zhang", employment="left", activation="disabled")

    page = words_in(desk.page(path_of("zhang")))

    assert page.index("Marked as left") < page.index("Next step:")
    assert page.index("Next step:") < page.index("Why it is so")


def test_a_failed_event_about_her_is_one_link_away(desk: Desk) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp", last_synced_at=NOW)
    add_member(desk.rows, corp_pk, "zhang")
    event_id = add_event(
        desk.rows, "corp:wwcorp", "failed", key="member:zhang", error="TypeError"
    )

    page = desk.page(path_of("zhang"))

    assert next_step(page) == "retry_event"
    assert f'href="/console/events/{event_id}"' in page


def test_somebody_never_seen_has_an_answer_too(desk: Desk) -> None:
    add_corp(desk.rows, "wwcorp", name="Acme", last_synced_at=NOW)

    answer = desk.get(path_of("nobody"))

    assert answer.status_code == 404
    assert 'id="next-step"' in answer.text
    assert "was ever seen in Acme" in words_in(answer.text)


def test_a_former_userid_leads_to_the_present_one(desk: Desk) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp", last_synced_at=NOW)
    member_pk = add_member(desk.rows, corp_pk, "zhang.new")
    insert(desk.rows, "aliases", corp_pk=corp_pk, userid="zhang", member_pk=member_pk)

    answer = desk.get(path_of("zhang"))

    assert answer.status_code == 301
    assert answer.headers["Location"].endswith("/people/zhang.new")


def test_each_field_says_since_when_and_by_what(desk: Desk) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp", last_synced_at=NOW)
    add_department(desk.rows, corp_pk, 2, name="Sales")
    add_member(desk.rows, corp_pk, "zhang", departments=[2])
    add_line(
        desk.rows,
        corp_pk,
        decision="MoveMember",
        after={"departments": [2]},
        at=datetime(2026, 1, 5, 1, 2, 3, tzinfo=UTC),
    )

    page = words_in(desk.page(path_of("zhang")))

    assert "Departments Sales" in page
    row = page.partition("Departments Sales")[2]
    assert "by an event" in row.partition("Main department")[0]


def test_each_state_and_ground_is_in_words_of_the_readers_language(desk: Desk) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp", last_synced_at=NOW)
    add_department(desk.rows, corp_pk, 7, name="Sales")
    add_member(
        desk.rows,
        corp_pk,
        "zhang",
        name="person.next",
        activation="pending",
        employment="working",
        grounds=["department:7", "tag:3"],
    )

    english = words_in(desk.page(path_of("zhang")))
    chinese = words_in(desk.page(path_of("zhang"), language="zh-CN"))

    assert "In WeCom not yet activated" in english
    assert "In scope through department Sales, through tag 3" in english
    assert "企业微信状态 未激活" in chinese
    assert "TAPD 状态 在职" in chinese
    # What people are called is nobody's word.
    assert "Name person.next" in english


def test_one_person_is_asked_about_again_alone(desk: Desk) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp", last_synced_at=NOW)
    add_member(desk.rows, corp_pk, "zhang")

    answer = desk.post("/console/corps/wwcorp/resync-person", userid="zhang")

    assert answer.status_code == 303
    posted = desk.rows.execute("SELECT kind, key, state FROM inbox").fetchall()
    assert posted == [("change_contact", "member:zhang", "pending")]
    assert desk.rows.execute("SELECT count(*) FROM runs").fetchone() == (0,)


def test_a_member_of_another_corp_is_not_known_here(desk: Desk) -> None:
    add_corp(desk.rows, "wwcorp", last_synced_at=NOW)
    other = add_corp(desk.rows, "wwother", last_synced_at=NOW)
    add_member(desk.rows, other, "zhang", name="Zhang of another")

    answer = desk.get(path_of("zhang"))

    assert answer.status_code == 404
    assert "Zhang of another" not in answer.text


def test_people_are_found_by_department_link_and_text(desk: Desk) -> None:
    corp_pk = add_corp(desk.rows, "wwcorp", last_synced_at=NOW)
    add_department(desk.rows, corp_pk, 2)
    zhang = add_member(desk.rows, corp_pk, "zhang", name="张三", departments=[2])
    add_member(desk.rows, corp_pk, "li", name="李四")
    link(desk, corp_pk, zhang, state="conflict", reason="several_accounts")

    def found(**asked: str) -> list[str]:
        query = "&".join(f"{name}={value}" for name, value in asked.items())
        page = desk.page(f"/console/corps/wwcorp/people?{query}")
        return [each for each in marks_in(page, "key") if each.startswith("member:")]

    assert found(find="三") == ["member:zhang"]
    assert found(department="2") == ["member:zhang"]
    assert found(link="conflict") == ["member:zhang"]
    assert found(link="none") == ["member:li"]
    assert found(state="removed") == []
