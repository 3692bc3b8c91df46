"""An event's story says what happened, and nothing that did not."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.support.console.desk import Desk, open_desk, words_in
from tests.support.webclient import add_event

NOW = datetime.now(UTC)


@pytest.fixture
def desk(database: str, redis_url: str) -> Iterator[Desk]:
    with open_desk(database=database, redis_url=redis_url) as desk:
        yield desk


@pytest.mark.parametrize("key", ["item:task:1", "people", "code:1", "click:1"])
def test_what_is_no_question_to_wecom_is_not_told_as_one(desk: Desk, key: str) -> None:
    moments = {"received_at": NOW, "asked_at": NOW, "done_at": NOW}
    event_id = add_event(desk.rows, "company:7", "done", key=key, **moments)

    story = words_in(desk.page(f"/console/events/{event_id}"))

    assert "Done" in story
    assert "WeCom was asked" not in story


@pytest.mark.parametrize(
    ("state", "outcome", "en", "zh"),
    [
        ("done", "told", "its people were told", "已通知相关成员"),
        ("done", "no_difference", "nothing differed", "没有差异"),
        ("folded", "folded into 4", "about the same.", "一并处理"),
    ],
)
def test_an_outcome_is_told_in_words_of_the_reader(
    desk: Desk, state: str, outcome: str, en: str, zh: str
) -> None:
    event_id = add_event(
        desk.rows, "company:7", state, key="item:task:1", outcome=outcome, done_at=NOW
    )
    address = f"/console/events/{event_id}"

    english, chinese = desk.page(address), desk.page(address, language="zh-CN")

    assert en in words_in(english)
    assert zh in words_in(chinese)
    assert outcome not in words_in(chinese)
