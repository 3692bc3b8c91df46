"""What cards say: one golden file for each kind and action, and limits that hold."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.items.items import ItemAction, ItemKind
from domain.plain_text import shown_length
from tests.support.notices.item_facts import changed, facts, frame
from wecom.messages import Message
from workers.items.cards import (
    digest_card,
    digest_text,
    item_card,
    item_text,
    muted_card,
)

GOLDEN = Path(__file__).parent / "golden"
LANGUAGES = ("zh-CN", "en")
EACH = [
    (kind, action)
    for kind in ItemKind
    for action in ItemAction
    if not (kind is ItemKind.ITERATION and action.is_comment)
]
# Source: WeCom 90372; in characters, of which an emoji may count as two.
LIMITS = {
    "title": 36,
    "desc": 44,
    "sub_title_text": 160,
    "keyname": 5,
    "value": 30,
    "text": 10,
}
NASTY = st.lists(
    st.sampled_from(
        [
            *"张a<>&$=|;@ \n\t\"'/\\",
            "👨‍👩‍👧",
            "🇨🇳",
            "e\u0301",
            "\u202e",
            "\u2066",
            "\x00",
        ]
    ),
    max_size=300,
).map("".join) | st.sampled_from(
    [
        "<a href='https://evil.example'>点</a>",
        '<div class="highlight">大</div>',
        "$userName=woLeader$",
        "$departmentName=1$",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "<script>alert(1)</script>后",
        "x" * 5_000,
        "很长" * 900,
        "👩‍🚀" * 300,
    ]
)


@pytest.mark.parametrize(("kind", "action"), EACH)
def test_each_kind_and_action_says_what_its_golden_file_says(
    kind: ItemKind, action: ItemAction
) -> None:
    said = {
        language: {
            "card": item_card(facts(kind, action), frame(language)).content,
            "text": item_text(facts(kind, action), frame(language)).content,
        }
        for language in LANGUAGES
    }

    golden = json.loads((GOLDEN / f"{kind}-{action}.json").read_text("utf-8"))

    assert said == golden


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_digest_names_the_newest_and_counts_the_rest(language: str) -> None:
    shown = [facts(kind, ItemAction.UPDATE) for kind in ItemKind]
    counts = Counter({ItemKind.STORY: 1_200, ItemKind.BUG: 3})

    said = {
        "card": digest_card(shown, counts, frame(language)).content,
        "text": digest_text(shown, counts, frame(language)).content,
        "muted": muted_card(
            "kind_muted", ItemKind.BUG, title="标题", language=language, url="https://x"
        ).content,
    }

    golden = json.loads((GOLDEN / f"digest-{language}.json").read_text("utf-8"))
    assert said == golden


@settings(deadline=None, max_examples=60)
@given(title=NASTY, nick=NASTY, old=NASTY, new=NASTY, name=NASTY, comment=NASTY)
def test_nothing_of_an_item_breaks_a_limit_or_forges_markup(
    title: str, nick: str, old: str, new: str, name: str, comment: str
) -> None:
    told = facts(
        action=ItemAction.COMMENT,
        title=title,
        operator=nick,
        comment=comment,
        workspace=title,
        labels={"odd": name},
        fields=(changed("odd", old, new), changed("owner", nick, f"{nick};{title}")),
    )

    for language in LANGUAGES:
        for message in (
            item_card(told, frame(language)),
            item_text(told, frame(language)),
            digest_card([told] * 6, Counter({told.kind: 9}), frame(language)),
            digest_text([told] * 9, Counter({told.kind: 9}), frame(language)),
        ):
            check_limits(message)
            check_harmless(message)


def test_six_changes_are_shown_and_of_more_how_many_are_left() -> None:
    names = [f"custom_field_{n}" for n in range(9)]
    six = facts(fields=tuple(changed(each, "a", "b") for each in names[:6]))
    nine = facts(fields=tuple(changed(each, "a", "b") for each in names))

    shown = item_card(six, frame()).content["horizontal_content_list"]
    counted = item_card(nine, frame()).content["horizontal_content_list"]

    assert isinstance(shown, list)
    assert isinstance(counted, list)
    assert len(shown) == len(counted) == 6
    assert counted[-1] == {"keyname": "其他", "value": "另有 4 项变更"}


def test_two_long_values_share_the_room_that_there_is() -> None:
    both = facts(fields=(changed("odd", "旧" * 50, "新" * 50),))
    one = facts(fields=(changed("odd", "旧", "新" * 50),))
    alike = facts(fields=(changed("odd", "同" * 50 + "1", "同" * 50 + "2"),))

    assert value_of(both) == f"{'旧' * 12}… → {'新' * 13}…"
    assert value_of(one) == f"旧 → {'新' * 25}…"
    assert value_of(alike) == "内容有修改"


def test_a_task_of_a_project_whose_tasks_are_stories_leads_to_a_story() -> None:
    told = facts(ItemKind.TASK, new_task=True)

    action = item_card(told, frame()).content["card_action"]

    assert isinstance(action, dict)
    assert "prong%2Fstories%2Fview" in str(action["url"])


def value_of(told: object) -> str:
    """The value of the only line of a card."""
    card = item_card(told, frame()).content  # type: ignore[arg-type]  # facts.
    lines = card["horizontal_content_list"]
    assert isinstance(lines, list)
    return str(lines[0]["value"])


def check_limits(message: Message) -> None:
    """Nothing is longer than WeCom takes."""
    content = dict(message.content)
    if message.msgtype == "textcard":
        assert 0 < shown_length(str(content["title"])) <= 128
        assert 0 < shown_length(str(content["description"])) <= 512
        assert len(str(content["btntxt"])) <= 4
    for name, text in leaves(content):
        if message.msgtype == "template_card" and name in LIMITS:
            assert 0 < shown_length(text) <= LIMITS[name], (name, text)
        if name == "url":
            assert len(text.encode()) <= 2_048
        if name == "key":
            assert len(text.encode()) <= 1_024


def check_harmless(message: Message) -> None:
    """No tag but ours, no name of WeCom's, no mark that turns text around."""
    whole = "".join(text for name, text in leaves(dict(message.content)))
    ours = re.sub(r'</?div(?: class="(?:gray|normal)")?>|<br>', "", whole)
    assert "<" not in ours
    assert ">" not in ours
    assert "$" not in ours
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08]", ours)


def leaves(value: object, name: str = "") -> list[tuple[str, str]]:
    """Every text of a message with the name under which it stands."""
    if isinstance(value, dict):
        return [leaf for key, each in value.items() for leaf in leaves(each, key)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in leaves(each, name)]
    return [(name, value)] if isinstance(value, str) else []
