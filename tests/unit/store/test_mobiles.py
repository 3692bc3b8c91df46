"""What counts as a mobile, and that one person's ways to write theirs are equal."""

import pytest

from domain.links.accounts import BadValue
from store.mobiles import to_e164


@pytest.mark.parametrize(
    "written",
    [
        "13812345678",
        "+8613812345678",
        "+86 138-1234-5678",
        "(+86) 138 1234 5678",
        "8613812345678",
        "0086 13812345678",
        "013812345678",
        "１３８１２３４５６７８",
        " 13812345678 ",
    ],
)
def test_a_mobile_of_the_mainland_is_the_same_however_it_is_written(
    written: str,
) -> None:
    assert to_e164(written) == "+8613812345678"


@pytest.mark.parametrize(
    ("written", "e164"),
    [
        ("+852 9123 4567", "+85291234567"),
        ("0085291234567", "+85291234567"),
        ("+1 (415) 555-2671", "+14155552671"),
    ],
)
def test_a_mobile_of_elsewhere_keeps_its_country(written: str, e164: str) -> None:
    assert to_e164(written) == e164


def test_a_range_that_no_table_knows_yet_is_a_mobile() -> None:
    assert to_e164("10012345678") == "+8610012345678"


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "1381234567",
        "138123456789",
        "010-12345678",
        "12345",
        "1.38E+10",
        "13812345678.0",
        "13812345678 ext 5",
        "13812345678#5",
        "1-800-FLOWERS",
        "无",
        "+999 123",
        "+" * 300,
    ],
)
def test_what_is_no_mobile_is_refused_and_not_repeated(written: str) -> None:
    with pytest.raises(BadValue) as refusal:
        to_e164(written)

    assert str(refusal.value) == "is not a mobile number"
