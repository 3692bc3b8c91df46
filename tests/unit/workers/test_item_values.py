"""Values on a card: the project's own word, else ours, else what TAPD shows itself."""

from typing import Any

import pytest

from domain.items.items import ItemKind
from tests.support.notices.item_facts import changed, facts
from workers.items.values import label, pair

BUG_OPTIONS = {"severity": {"serious": "很严重"}}


def shown(
    kind: ItemKind, name: str, new: str, *, language: str = "zh-CN", **known: Any
) -> str:
    told = facts(kind, **known)
    return pair(told, changed(name, None, new), language=language, chars=30)


@pytest.mark.parametrize(
    ("kind", "name", "value", "chinese", "english"),
    [
        (ItemKind.BUG, "severity", "serious", "严重", "Serious"),
        (ItemKind.BUG, "severity", "advice", "建议", "Advice"),
        (ItemKind.BUG, "priority", "urgent", "紧急", "Urgent"),
        (ItemKind.BUG, "priority_label", "insignificant", "无关紧要", "Insignificant"),
        (ItemKind.BUG, "resolution", "failed to recur", "无法重现", "Not reproducible"),
        (ItemKind.BUG, "status", "reopened", "重新打开", "reopened"),
        (ItemKind.STORY, "priority", "4", "高", "High"),
        (ItemKind.STORY, "status", "developing", "实现中", "in development"),
        (ItemKind.TASK, "status", "progressing", "进行中", "in progress"),
        (ItemKind.ITERATION, "status", "done", "已关闭", "done"),
    ],
)
def test_a_key_of_tapds_own_lists_is_said_in_words_where_the_project_tells_none(
    kind: ItemKind, name: str, value: str, chinese: str, english: str
) -> None:
    assert shown(kind, name, value, statuses={}) == chinese
    assert shown(kind, name, value, statuses={}, language="en") == english


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_projects_own_word_comes_first(language: str) -> None:
    told: Any = {"options": BUG_OPTIONS, "statuses": {"reopened": "又开了"}}

    assert shown(ItemKind.BUG, "severity", "serious", language=language, **told) == (
        "很严重"
    )
    assert shown(ItemKind.BUG, "status", "reopened", language=language, **told) == (
        "又开了"
    )


@pytest.mark.parametrize("value", ["High", "Nice To Have", "P0", "status_17", "甲.乙"])
def test_what_tapd_shows_itself_or_nobody_knows_is_left_as_it_is(value: str) -> None:
    for name in ("priority", "severity", "status", "custom_field_9"):
        assert shown(ItemKind.STORY, name, value) == value


def test_an_iteration_nobody_told_of_is_named_by_the_projects_list() -> None:
    options = {"iteration_id": {"9": "2026 第 4 迭代"}}

    assert shown(ItemKind.STORY, "iteration_id", "9", options=options) == (
        "2026 第 4 迭代"
    )
    assert shown(ItemKind.STORY, "iteration_id", "0", options=options) == "空"


@pytest.mark.parametrize(
    ("language", "said"), [("zh-CN", "自定义12"), ("en", "Own 12")]
)
def test_a_field_of_the_projects_own_without_a_name_has_its_number(
    language: str, said: str
) -> None:
    assert label(facts(), "custom_field_12", language=language, chars=6) == said
