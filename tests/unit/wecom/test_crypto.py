"""The envelope opens what WeCom and other implementations seal, and nothing else."""

from __future__ import annotations

from binascii import b2a_base64

import pytest
from Crypto.Cipher import AES

from tests.unit.wecom.vectors import Vector, load_vectors
from wecom.crypto import (
    AesKey,
    Opened,
    open_envelope,
    seal_envelope,
    sign,
    signature_matches,
)
from wecom.errors import BadEnvelope

VECTORS = load_vectors()
PUBLISHED_BY_WXJAVA = (
    "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP7"
    "2vVOfg=="
)
KEY = AesKey.parse("2Eut3QUGh0BF89r8Bh4rCgvfGpGE2Ou66CO6dMtvsnQ")


def sealed(plain: bytes) -> str:
    cipher = AES.new(KEY.raw, AES.MODE_CBC, iv=KEY.raw[:16])
    return b2a_base64(cipher.encrypt(plain), newline=False).decode()


def layout(*, length: int, message: bytes = b"", pad: bytes) -> str:
    return sealed(b"p" * 16 + length.to_bytes(4, "big") + message + pad)


def test_all_ten_vectors_are_there() -> None:
    assert len(VECTORS) == 10


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_a_vector_opens_to_its_message_and_receiver(vector: Vector) -> None:
    opened = open_envelope(vector.key, vector.cipher)

    assert opened == Opened(message=vector.plain, receiver=vector.receiver)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_a_vector_carries_the_signature_we_compute(vector: Vector) -> None:
    signature = sign(
        token=vector.token,
        timestamp=vector.timestamp,
        nonce=vector.nonce,
        encrypt=vector.cipher,
    )

    assert signature == vector.signature


@pytest.mark.parametrize(
    "vector",
    [vector for vector in VECTORS if vector.prefix],
    ids=lambda vector: vector.name,
)
def test_sealing_with_the_same_prefix_gives_the_same_text(vector: Vector) -> None:
    assert vector.prefix is not None

    text = seal_envelope(
        vector.key, vector.plain, receiver=vector.receiver, prefix=vector.prefix
    )

    assert text == vector.cipher


def test_a_message_in_chinese_seals_to_the_published_text() -> None:
    key = AesKey.parse("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")

    text = seal_envelope(
        key,
        "我是中文abcd123".encode(),
        receiver="wxb11529c136998cb6",
        prefix=b"aaaabbbbccccdddd",
    )

    assert text == PUBLISHED_BY_WXJAVA


@pytest.mark.parametrize("last", "QRST")
def test_four_last_characters_stand_for_the_same_key(last: str) -> None:
    assert AesKey.parse("2Eut3QUGh0BF89r8Bh4rCgvfGpGE2Ou66CO6dMtvsn" + last) == KEY


@pytest.mark.parametrize(
    "text", ["", "a" * 42, "a" * 44, "a" * 42 + "!", "密" * 43, "a" * 42 + "="]
)
def test_a_key_of_another_form_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="EncodingAESKey"):
        AesKey.parse(text)


def test_neither_key_nor_message_appears_in_a_repr() -> None:
    opened = Opened(message=b"ticket-0001", receiver="wwsuite")

    shown = repr((KEY, opened))

    assert "ticket-0001" not in shown
    assert repr(KEY.raw) not in shown
    assert "wwsuite" in shown


@pytest.mark.parametrize(
    ("token", "timestamp", "nonce", "encrypt"),
    [
        ("other", "1", "n", "e"),
        ("token", "2", "n", "e"),
        ("token", "1", "m", "e"),
        ("token", "1", "n", "f"),
    ],
)
def test_a_signature_fits_only_what_was_signed(
    token: str, timestamp: str, nonce: str, encrypt: str
) -> None:
    signature = sign(token="token", timestamp="1", nonce="n", encrypt="e")

    matches = signature_matches(
        token=token,
        timestamp=timestamp,
        nonce=nonce,
        encrypt=encrypt,
        signature=signature,
    )

    assert not matches


@pytest.mark.parametrize("signature", ["", "é", "\ud800", "0" * 40])
def test_a_signature_of_any_text_is_only_wrong(signature: str) -> None:
    matches = signature_matches(
        token="token", timestamp="1", nonce="\udcff", encrypt="é", signature=signature
    )

    assert not matches


def test_a_signature_matches_itself() -> None:
    signature = sign(token="t", timestamp="1", nonce="n", encrypt="e")

    assert signature_matches(
        token="t", timestamp="1", nonce="n", encrypt="e", signature=signature
    )


@pytest.mark.parametrize("size", [1, 2, 15, 16, 17, 31, 32])
def test_every_pad_size_opens(size: int) -> None:
    message = b"x" * (76 - size)

    text = seal_envelope(KEY, message, receiver="", prefix=b"p" * 16)

    assert open_envelope(KEY, text) == Opened(message=message, receiver="")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("密文", id="not ascii"),
        pytest.param("!!!!", id="not base64"),
        pytest.param("AAAA", id="not whole blocks"),
        pytest.param("A" * 10, id="base64 cut short"),
        pytest.param(VECTORS[0].cipher + "\n", id="a newline behind"),
        pytest.param(VECTORS[0].cipher[:-24] + "==", id="a block cut off"),
        pytest.param(layout(length=0, pad=b"\x00" * 12), id="pad of 0"),
        pytest.param(layout(length=0, pad=b"\x21" * 44), id="pad of 33"),
        pytest.param(layout(length=0, pad=b"\x01" * 11 + b"\x0c"), id="uneven pad"),
        pytest.param(sealed(b"\x10" * 16), id="nothing but pad"),
        pytest.param(sealed(b"p" * 15 + b"\x20" * 32 + b"\x01"), id="negative size"),
        pytest.param(layout(length=1, pad=b"\x0c" * 12), id="length one too large"),
        pytest.param(layout(length=2**32 - 1, pad=b"\x0c" * 12), id="length huge"),
        pytest.param(
            layout(length=1, message=b"m\xff", pad=b"\x0a" * 10),
            id="receiver not utf-8",
        ),
    ],
)
def test_a_broken_envelope_is_a_bad_envelope(text: str) -> None:
    with pytest.raises(BadEnvelope):
        open_envelope(KEY, text)


def test_another_key_is_a_bad_envelope() -> None:
    other = AesKey.parse("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")

    with pytest.raises(BadEnvelope):
        open_envelope(other, VECTORS[1].cipher)


def test_a_prefix_of_another_length_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        seal_envelope(KEY, b"", receiver="", prefix=b"short")
