"""Somebody else's text: on one line, without marks, cut where a reader would."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.plain_text import (
    isolated,
    one_line,
    shorten,
    shown_length,
    signs,
    text_of_html,
)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>一</p><p>二</p>", "一 二"),
        ("a<br>b<br/>c", "a b c"),
        ("<b>粗</b>体", "粗体"),
        ("<script>alert(1)</script>后", "后"),
        ("<style>p{}</style>后", "后"),
        ("1 &lt; 2 &amp;&amp; 3", "1 < 2 && 3"),
        ("a < b", "a < b"),
        ("<img src=x onerror=alert(1)>", "🖼"),
        ("<p>未结束", "未结束"),
        ("<", "<"),
        ("<<p>>x", "< >x"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_markup_becomes_its_words(html: str, text: str) -> None:
    assert text_of_html(html) == text


def test_marks_that_turn_text_around_are_taken_out() -> None:
    assert one_line("a\u202eb\u2066c\u200f\nd\x00\te\u2028f") == "abc d e f"


@pytest.mark.parametrize("sign", ["👨‍👩‍👧‍👦", "🇨🇳", "e\u0301", "👍🏽", "1️⃣", "❤️"])
def test_what_is_read_as_one_sign_is_not_cut_in_two(sign: str) -> None:
    assert signs(sign * 2) == [sign, sign]
    cut = shorten(sign * 10, shown_length(sign) * 2 + 1)

    assert cut == sign * 2 + "…"


@given(st.text(max_size=80), st.integers(1, 40))
def test_a_text_is_never_longer_than_its_room(text: str, chars: int) -> None:
    cut = shorten(text, chars)

    assert shown_length(cut) <= chars
    assert cut == text or cut.endswith("…")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("张三 3", "张三 3"),
        ("علي 3", "\u2068علي 3\u2069"),
        ("שלום", "\u2068שלום\u2069"),
        ("a\u202eb", r"a\u202eb"),
        ("\u2069علي", "\u2068\\u2069علي\u2069"),
    ],
)
def test_a_text_from_the_right_is_set_apart_and_no_other(text: str, shown: str) -> None:
    assert isolated(text) == shown
