"""What anybody can send is read strictly: one text in XML without a document type."""

from __future__ import annotations

import pytest

from wecom.callbacks import parse_envelope
from wecom.errors import Malformed


def test_an_envelope_gives_its_encrypt_text() -> None:
    body = b"<xml><ToUserName/><Encrypt>\n<![CDATA[ab+/=]]></Encrypt></xml>"

    assert parse_envelope(body) == "ab+/="


@pytest.mark.parametrize(
    "body",
    [
        b"<xml/>",
        b"<xml><Encrypt>a</Encrypt><Encrypt>b</Encrypt></xml>",
        b"<xml><Encrypt><a/></Encrypt></xml>",
        b"<xml><a><Encrypt>a</Encrypt></a></xml>",
        b"<!DOCTYPE x><xml><Encrypt>a</Encrypt></xml>",
        b'{"encrypt": "a"}',
    ],
)
def test_an_envelope_has_exactly_one_encrypt(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse_envelope(body)
