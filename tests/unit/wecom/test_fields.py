"""Callback XML is read by name, as text, and never as more than it says."""

from __future__ import annotations

import pytest

from wecom.errors import Malformed
from wecom.fields import parse_fields


def test_a_child_reads_the_same_with_and_without_cdata() -> None:
    fields = parse_fields(b"<xml><A>7</A><B><![CDATA[7]]></B></xml>")

    assert (fields.number("A"), fields.number("B")) == (7, 7)


def test_blanks_around_a_value_are_no_part_of_it() -> None:
    fields = parse_fields(b"<xml>\n<A> <![CDATA[suite_ticket]]>\n</A></xml>")

    assert fields.text("A") == "suite_ticket"


def test_absent_and_empty_are_two_things() -> None:
    fields = parse_fields(b"<xml><A></A><B/><C><![CDATA[]]></C></xml>")

    assert [fields.texts(name) for name in "ABCD"] == [(), (), (), None]
    assert [fields.text(name) for name in "ABCD"] == ["", "", "", None]


def test_an_empty_number_is_none_and_not_zero() -> None:
    fields = parse_fields(b"<xml><A></A><B>0</B></xml>")

    assert (fields.number("A"), fields.number("B")) == (None, 0)


def test_entities_of_xml_itself_are_resolved() -> None:
    fields = parse_fields(b"<xml><A>a&amp;b&#x4e2d;</A></xml>")

    assert fields.text("A") == "a&b中"


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{}",
        b"<xml>",
        b"<xml><A></B></xml>",
        b"<xml></xml><xml></xml>",
        b"<xml>&unknown;</xml>",
        b"<xml>\xff</xml>",
        b"<xml>\xed\xa0\x80</xml>",
        b"<xml>a\x00b</xml>",
        b"<!DOCTYPE xml><xml/>",
        b'<!DOCTYPE xml [<!ENTITY a "b">]><xml>&a;</xml>',
        b'<!DOCTYPE xml SYSTEM "file:///etc/passwd"><xml/>',
    ],
)
def test_what_is_not_plain_xml_in_utf8_is_malformed(document: bytes) -> None:
    with pytest.raises(Malformed):
        parse_fields(document)


def test_a_declared_encoding_is_not_followed() -> None:
    document = '<?xml version="1.0" encoding="gbk"?><xml><A>中</A></xml>'.encode()

    assert parse_fields(document).text("A") == "中"


def test_a_byte_order_mark_is_allowed() -> None:
    document = b"\xef\xbb\xbf<xml><A>1</A></xml>"

    assert parse_fields(document).text("A") == "1"


@pytest.mark.parametrize(
    "document", [b"<xml><A>1</A><A>2</A></xml>", b"<xml><A>1<B/></A></xml>"]
)
def test_a_child_without_one_text_cannot_be_read(document: bytes) -> None:
    fields = parse_fields(document)

    with pytest.raises(Malformed):
        fields.text("A")


def test_a_grandchild_is_not_taken_for_a_child() -> None:
    fields = parse_fields(b"<xml><A><B>1</B></A></xml>")

    assert "B" not in fields


@pytest.mark.parametrize(
    "text", ["-1", "1.0", "0x1", "one", "１", "1 2", "9" * 19, "9" * 5000]
)
def test_what_is_not_a_number_of_63_bits_is_malformed(text: str) -> None:
    fields = parse_fields(f"<xml><A>{text}</A></xml>".encode())

    with pytest.raises(Malformed):
        fields.number("A")


def test_a_number_may_be_as_large_as_a_bigint() -> None:
    fields = parse_fields(b"<xml><A>9223372036854775807</A></xml>")

    assert fields.number("A") == 2**63 - 1


@pytest.mark.parametrize("text", [",", "1,", "1,,2"])
def test_a_list_with_an_empty_entry_is_malformed(text: str) -> None:
    fields = parse_fields(f"<xml><A>{text}</A></xml>".encode())

    with pytest.raises(Malformed):
        fields.numbers("A")


def test_an_id_of_more_than_a_kibibyte_is_malformed() -> None:
    fields = parse_fields(f"<xml><A>{'中' * 342}</A></xml>".encode())

    with pytest.raises(Malformed):
        fields.identifier("A")


def test_a_required_id_may_not_be_empty() -> None:
    with pytest.raises(Malformed, match="A is missing"):
        parse_fields(b"<xml><A/></xml>").required("A")
