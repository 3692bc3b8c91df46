"""Mobiles and e-mail addresses are masked wherever they stand."""

import pytest

from store.summaries.org.journal import mask_email, mask_mobile, masked


@pytest.mark.parametrize(
    ("mobile", "shown"),
    [("13812345678", "138****5678"), ("1234567", "*******"), ("", "")],
)
def test_a_mobile_shows_its_ends_at_most(mobile: str, shown: str) -> None:
    assert mask_mobile(mobile) == shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [("zhang@example.com", "z***@example.com"), ("broken", "b***"), ("", "***")],
)
def test_an_address_shows_its_first_letter_and_domain(address: str, shown: str) -> None:
    assert mask_email(address) == shown


def test_nested_fields_are_masked_by_their_name() -> None:
    fields = {"details": {"biz_mail": "li@example.com"}, "telephone": ["13812345678"]}

    assert masked(fields) == {
        "details": {"biz_mail": "l***@example.com"},
        "telephone": ["138****5678"],
    }


def test_other_fields_stay_as_they_are() -> None:
    fields = {"name": "li@example.com", "departments": [1], "mobile": None}

    assert masked(fields) == fields
