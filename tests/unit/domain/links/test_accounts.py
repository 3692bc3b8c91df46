"""What can be said of an account, and when two e-mails are one."""

import pytest

from domain.links.accounts import (
    MAX_LENGTH,
    BadValue,
    check_email,
    check_text,
    fold_email,
)


@pytest.mark.parametrize("text", ["", " \t", "\u3000", "a\0b", "a\ud800", "x" * 257])
def test_a_text_that_says_nothing_or_cannot_be_stored_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        check_text(text)


@pytest.mark.parametrize("text", ["张三", "a", "x" * MAX_LENGTH, "😀"])
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert check_text(text) == text


@pytest.mark.parametrize("email", ["zhang", "@x", "zhang@", "a@b@c", "a b@c", "@"])
def test_what_has_not_the_shape_of_an_email_is_refused(email: str) -> None:
    with pytest.raises(BadValue, match="is not an e-mail address"):
        check_email(email)


@pytest.mark.parametrize(
    "email", ["Zhang@Example.COM", " zhang@example.com ", "ｚhang＠example.com"]
)
def test_case_width_and_blanks_make_no_other_email(email: str) -> None:
    assert fold_email(email) == "zhang@example.com"


def test_a_dot_makes_another_email() -> None:
    assert fold_email("z.hang@example.com") != fold_email("zhang@example.com")
