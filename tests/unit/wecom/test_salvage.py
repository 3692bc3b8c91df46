"""What is no XML is read as far as it is clear, and no further."""

from __future__ import annotations

import pytest

from wecom.errors import Malformed
from wecom.fields import parse_message


@pytest.mark.parametrize(
    "bad",
    [
        b"\x00",
        b"\x0b",
        b"\xff",
        b"\xed\xa0\x80",
        "\ufffe".encode(),
        b"&nbsp;",
        b"&",
        b"&#0;",
        b"&#xFFFE;",
        b"&#9999999;",
        b"<",
        b"<b>bold</b>",
        b"]]>",
        b"</Nam\xffe>",
        b"<![CDATA[never ended",
    ],
)
@pytest.mark.parametrize("form", [b"<Name>%s</Name>", b"<Name><![CDATA[%s]]></Name>"])
def test_a_bad_value_costs_itself_alone(form: bytes, bad: bytes) -> None:
    document = b"<xml><A>1</A>%s<B><![CDATA[a&b]]></B><C/></xml>" % (form % bad)

    fields = parse_message(document)

    assert [fields.text(name) for name in "ABC"] == ["1", "a&b", ""]


@pytest.mark.parametrize(
    "bad", [b"a\x01", b"a\xff", b"a&b;", b"a&b", b"a<b", b"a&#1;", b"<b>a</b>"]
)
def test_a_bad_value_is_never_read_as_another(bad: bytes) -> None:
    fields = parse_message(b"<xml><A>%s</A><B>\x01</B></xml>" % bad)

    with pytest.raises(Malformed):
        fields.text("A")


def test_what_stands_beside_a_bad_value_reads_as_in_xml() -> None:
    good = "<A> a&amp;b&#x4e2d;&#99; </A><B><![CDATA[<c>&amp;]]>d</B><C>\t</C>"

    fields = parse_message(
        f"<?xml version='1.0'?>\n<xml>{good}<D>\x01</D></xml>".encode()
    )

    assert [fields.text(name) for name in "ABC"] == ["a&b中c", "<c>&amp;d", ""]


def test_a_name_that_plays_an_element_makes_that_element_unclear() -> None:
    fields = parse_message(
        b"<xml><UserID>woU1</UserID><Name>\x01</Name><UserID>woU2</UserID></xml>"
    )

    with pytest.raises(Malformed):
        fields.text("UserID")


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{}",
        b"<xml><A>\x01</A>",
        b"<xml><A>1</A></xml><xml/>\x01",
        b"<!DOCTYPE xml><xml><A>\x01</A></xml>",
        b'<!DOCTYPE xml [<!ENTITY a "b">]><xml><A>&a;\x01</A></xml>',
    ],
)
def test_what_has_no_root_around_it_is_malformed(document: bytes) -> None:
    with pytest.raises(Malformed):
        parse_message(document)


@pytest.mark.parametrize(
    "document",
    [
        b"<!-- by WeCom --><xml>%s</xml>",
        b"<?xml version='1.0'?><?style x?>\n<!-- a -->\n<xml>%s</xml>",
        b'<xml version="1" xmlns:t="urn:t">%s</xml>',
        b"\xef\xbb\xbf<xml>%s</xml>",
        b"<xml><!-- <A>2</A> -->%s</xml>",
        b"<xml>%s<!-- never ended</xml>",
        b'<xml><E t="1"/>%s</xml>',
        b"<xml>%s</xml>\n\x00\x00",
    ],
)
@pytest.mark.parametrize("form", [b"<A>1</A>", b'<A type="id">1</A>'])
def test_what_xml_has_beside_elements_makes_none_unclear(
    document: bytes, form: bytes
) -> None:
    fields = parse_message(document % (form + b"<Name>\x01</Name>"))

    assert fields.text("A") == "1"


@pytest.mark.parametrize("inner", [b"<A>2</A>", b"<A><![CDATA[2]]></A>", b"\x01"])
def test_what_stands_within_an_element_is_no_child_of_the_root(inner: bytes) -> None:
    document = b"<xml><E><E>\x01</E>%s</E><B>1</B></xml>" % inner

    fields = parse_message(document)

    assert (fields.text("A"), fields.text("B")) == (None, "1")
