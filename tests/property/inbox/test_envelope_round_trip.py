"""Whatever is sealed opens to itself, and whatever was changed is refused."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from wecom.crypto import (
    AesKey,
    Opened,
    open_envelope,
    seal_envelope,
    sign,
    signature_matches,
)
from wecom.errors import BadEnvelope

KEYS = st.binary(min_size=32, max_size=32).map(AesKey)
PREFIXES = st.binary(min_size=16, max_size=16)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def outcome(key: AesKey, text: str) -> Opened | BadEnvelope:
    """What was sealed, or that it was not."""
    try:
        return open_envelope(key, text)
    except BadEnvelope as error:
        return error


@given(key=KEYS, message=st.binary(), receiver=TEXT, prefix=PREFIXES)
def test_an_envelope_opens_to_what_was_sealed(
    key: AesKey, message: bytes, receiver: str, prefix: bytes
) -> None:
    text = seal_envelope(key, message, receiver=receiver, prefix=prefix)

    opened = open_envelope(key, text)

    assert opened == Opened(message=message, receiver=receiver)


@given(
    key=KEYS,
    message=st.binary(),
    place=st.integers(min_value=0),
    change=st.integers(min_value=1, max_value=255),
)
def test_a_changed_byte_never_passes_signature_and_envelope(
    key: AesKey, message: bytes, place: int, change: int
) -> None:
    text = seal_envelope(key, message, receiver="wwsuite", prefix=b"p" * 16)
    signature = sign(token="t", timestamp="1", nonce="n", encrypt=text)
    changed = bytearray(text.encode())
    changed[place % len(changed)] ^= change

    accepted = signature_matches(
        token="t",
        timestamp="1",
        nonce="n",
        encrypt=changed.decode("latin-1"),
        signature=signature,
    )

    assert not accepted


@given(
    key=KEYS,
    message=st.binary(),
    place=st.integers(min_value=0),
    change=st.integers(min_value=1, max_value=255),
)
def test_a_changed_cipher_byte_never_opens_to_the_same(
    key: AesKey, message: bytes, place: int, change: int
) -> None:
    text = seal_envelope(key, message, receiver="wwsuite", prefix=b"p" * 16)
    changed = bytearray(a2b_base64(text))
    changed[place % len(changed)] ^= change
    opened = None

    with suppress(BadEnvelope):
        opened = open_envelope(key, b2a_base64(changed, newline=False).decode())

    # A flip in the random prefix alone garbles the first block, and with it one byte
    # of the second; only the signature keeps the prefix itself.
    assert opened != Opened(message=message, receiver="wwsuite")


@given(key=KEYS, text=st.one_of(st.text(), st.binary().map(lambda raw: raw.hex())))
def test_any_text_opens_or_is_a_bad_envelope(key: AesKey, text: str) -> None:
    assert isinstance(outcome(key, text), Opened | BadEnvelope)


@given(key=KEYS, blocks=st.integers(1, 6), data=st.data())
def test_any_whole_blocks_open_or_are_a_bad_envelope(
    key: AesKey, blocks: int, data: st.DataObject
) -> None:
    raw = data.draw(st.binary(min_size=blocks * 16, max_size=blocks * 16))

    text = b2a_base64(raw, newline=False).decode()

    assert isinstance(outcome(key, text), Opened | BadEnvelope)
