"""Which files are lists of accounts, what they say, and which line is wrong."""

import pytest

from commands.links.account_files import Blank, read_accounts
from commands.links.file_encodings import BadFile
from domain.links.accounts import AccountField

HEADER = "account_id,nick,name,mobile,email\n"


def said(
    content: str | bytes, blank: Blank = Blank.LEFT_ALONE
) -> dict[str, dict[str, str | None]]:
    """The fields by account of a file without faults."""
    raw = content.encode() if isinstance(content, str) else content
    listed = read_accounts(raw, blank=blank)
    assert listed.faults == ()
    return {
        change.account_id: {field.value: text for field, text in change.given.items()}
        for change in listed.changes
    }


def faults(content: str) -> list[tuple[int, str]]:
    listed = read_accounts(content.encode(), blank=Blank.LEFT_ALONE)
    return [(each.line, each.reason) for each in listed.faults]


def test_columns_may_stand_in_any_order_and_be_left_out() -> None:
    fields = said("Mobile, account_id\n13812345678,u1\n")

    assert fields == {"u1": {"mobile": "13812345678"}}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_spreadsheets_save_is_read(encoding: str, end: str) -> None:
    text = f"account_id,nick{end}u1,张三{end}{end}"

    assert said(text.encode(encoding)) == {"u1": {"nick": "张三"}}


def test_an_empty_field_is_left_alone() -> None:
    assert said(HEADER + "u1,zhang,,,\n") == {"u1": {"nick": "zhang"}}


def test_an_empty_field_clears_if_told_so_but_a_missing_column_does_not() -> None:
    fields = said("account_id,nick,mobile\nu1,zhang, \n", Blank.CLEARS)

    assert fields == {"u1": {"nick": "zhang", "mobile": None}}


def test_blanks_around_a_field_are_dropped_and_quotes_obeyed() -> None:
    fields = said('account_id,name\n u1 ,"Zhang, San"\n')

    assert fields == {"u1": {"name": "Zhang, San"}}


def test_a_header_alone_is_an_empty_list() -> None:
    assert said(HEADER) == {}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no header"),
        (b"account_id,phone,nickname\n", "Unknown columns: nickname, phone"),
        (b"account_id,\n", r"Unknown columns: \(no name\)"),
        (b"nick,mobile\n", "account_id is missing"),
        (b"account_id,nick,Nick\n", "twice"),
        ("account_id\n张".encode("utf-16"), "neither UTF-8 nor GB18030"),
    ],
)
def test_a_file_that_is_no_list_of_accounts_is_refused(
    content: bytes, reason: str
) -> None:
    with pytest.raises(BadFile, match=reason):
        read_accounts(content, blank=Blank.LEFT_ALONE)


def test_every_bad_line_is_named_with_all_its_reasons() -> None:
    found = faults(
        HEADER
        + "u1,a,,12345,nobody\n"
        + "\n"
        + ",b,,,\n"
        + "u2,c\n"
        + f"u3,{'x' * 257},,,\n"
        + "u1,d,,,\n"
        + "u4,good,,13812345678,a@b\n"
    )

    assert found == [
        (2, "mobile is not a mobile number"),
        (2, "email is not an e-mail address"),
        (4, "account_id is blank"),
        (5, "has 2 fields, the header 5"),
        (6, "nick is longer than 256 characters"),
        (7, "account_id is named in line 2 already"),
    ]


def test_a_line_is_counted_where_it_begins() -> None:
    found = faults('account_id,name\nu1,"two\nlines"\nu1,again\n')

    assert found == [(4, "account_id is named in line 2 already")]


def test_broken_quotes_end_the_reading_and_are_named() -> None:
    found = faults('account_id,name\nu1,a\nu2,"b\nu3,c\n')

    assert [line for line, _ in found] == [3]
    assert "cannot be read any further" in found[0][1]


def test_the_order_of_fields_is_that_of_the_interface() -> None:
    assert HEADER.strip().split(",")[1:] == [each.value for each in AccountField]


def test_what_exporters_write_to_keep_digits_is_read_as_it_is_shown() -> None:
    fields = said('account_id,mobile\n="0012","=""13812345678"""\n')

    assert fields == {"0012": {"mobile": "13812345678"}}


@pytest.mark.parametrize(
    "spoilt",
    ["1.12E+18", "1.12e18", '"1,12E+18"', "12.0", '"1,120"', "'12", "#N/A", "１２"],
)
def test_what_spreadsheets_make_of_an_id_is_no_id(spoilt: str) -> None:
    [(line, reason)] = faults(f"account_id\nu1\n{spoilt}\n")

    assert line == 3
    assert reason.startswith("account_id ")


def test_long_ids_that_all_end_in_zeros_were_rounded() -> None:
    rounded = "account_id\nu1\n1123456789012340000\n1123456789012350000\n"

    with pytest.raises(BadFile, match="line 3 and others"):
        read_accounts(rounded.encode(), blank=Blank.LEFT_ALONE)


def test_a_long_id_may_end_in_zeros_beside_others() -> None:
    fields = said("account_id,nick\n1123456789012340000,a\n1123456789012345678,b\n")

    assert set(fields) == {"1123456789012340000", "1123456789012345678"}
