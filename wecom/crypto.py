"""WeCom's callback signature and AES envelope, with the random bytes passed in."""

from __future__ import annotations

import hmac
from binascii import a2b_base64, b2a_base64
from dataclasses import dataclass, field
from hashlib import sha1
from typing import TYPE_CHECKING

from Crypto.Cipher import AES

from wecom.errors import BadEnvelope

if TYPE_CHECKING:
    from Crypto.Cipher._mode_ecb import EcbMode

KEY_TEXT_CHARS = 43
KEY_BYTES = 32
IV_BYTES = 16
CIPHER_BLOCK_BYTES = 16
PREFIX_BYTES = 16
HEAD_BYTES = PREFIX_BYTES + 4
# WeCom pads to 32 bytes, twice the cipher's block, so common unpadders refuse it.
PAD_BYTES = 32
PADDINGS = tuple(bytes([size]) * size for size in range(PAD_BYTES + 1))


@dataclass(frozen=True, slots=True)
class AesKey:
    """The 32-byte key behind an EncodingAESKey; its first half is also the IV."""

    raw: bytes = field(repr=False)
    _blocks: EcbMode = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_blocks", AES.new(self.raw, AES.MODE_ECB))

    def decrypt(self, sealed: bytes) -> bytes:
        """The plain text of whole blocks in CBC, padding included.

        CBC is each block decrypted by itself and mixed with the sealed block before
        it. Doing just that lets all messages share one key schedule, whose set-up
        costs more than opening a callback; it has no state, so threads share it too.
        """
        before = self.raw[:IV_BYTES] + sealed[:-CIPHER_BLOCK_BYTES]
        # Into room of ours: the library's own takes as long to make as the blocks do.
        blocks = bytearray(len(sealed))
        self._blocks.decrypt(sealed, output=blocks)
        mixed = int.from_bytes(blocks) ^ int.from_bytes(before)
        return mixed.to_bytes(len(sealed))

    @classmethod
    def parse(cls, encoding_aes_key: str) -> AesKey:
        """The key that 43 characters of base64 stand for.

        The last character carries two unused bits and is usually not the one that
        encoding would give back, so nothing is validated by re-encoding.

        Raises: ValueError.
        Source: WeCom 91144.
        """
        if len(encoding_aes_key) != KEY_TEXT_CHARS:
            raise ValueError("an EncodingAESKey has 43 characters")
        try:
            raw = a2b_base64(encoding_aes_key + "=", strict_mode=True)
        except ValueError:
            raise ValueError("an EncodingAESKey is letters and digits") from None
        if len(raw) != KEY_BYTES:
            raise ValueError("an EncodingAESKey stands for 32 bytes")
        return cls(raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What an envelope held: the message, and who it was addressed to."""

    # A message may carry a suite_ticket or an auth code.
    message: bytes = field(repr=False)
    receiver: str


def sign(*, token: str, timestamp: str, nonce: str, encrypt: str) -> str:
    """The msg_signature of a callback, as lower-case hex.

    Source: WeCom 91144.
    """
    # Python sorts text by code point, which for UTF-8 is also the order of its bytes.
    parts = "".join(sorted((token, timestamp, nonce, encrypt)))
    # surrogatepass: a query may hold any text, and signing must not raise over it.
    return sha1(  # noqa: S324 - the platform prescribes SHA-1.
        parts.encode("utf-8", "surrogatepass")
    ).hexdigest()


def signature_matches(
    *, token: str, timestamp: str, nonce: str, encrypt: str, signature: str
) -> bool:
    """Whether the signature is ours, found out in constant time."""
    expected = sign(token=token, timestamp=timestamp, nonce=nonce, encrypt=encrypt)
    return hmac.compare_digest(
        expected.encode("ascii"), signature.encode("utf-8", "surrogatepass")
    )


def open_envelope(key: AesKey, text: str) -> Opened:
    """What the base64 text of an Encrypt element or an echostr holds.

    Shape:  base64 -> 16 random bytes, 4-byte big-endian length, message, receiver.
    Raises: BadEnvelope.
    Source: WeCom 90968.
    """
    try:
        sealed = a2b_base64(text, strict_mode=True)
    except ValueError:
        raise BadEnvelope("not base64") from None
    if not sealed or len(sealed) % CIPHER_BLOCK_BYTES:
        raise BadEnvelope("not a whole number of cipher blocks")
    plain = key.decrypt(sealed)
    end = _unpadded_length(plain)
    body_end = HEAD_BYTES + int.from_bytes(plain[PREFIX_BYTES:HEAD_BYTES])
    if body_end > end:
        raise BadEnvelope("the length field points past the end")
    try:
        receiver = plain[body_end:end].decode()
    except UnicodeDecodeError:
        raise BadEnvelope("the receiver is not UTF-8") from None
    return Opened(message=plain[HEAD_BYTES:body_end], receiver=receiver)


def seal_envelope(key: AesKey, message: bytes, *, receiver: str, prefix: bytes) -> str:
    """The base64 text that open_envelope turns back into message and receiver.

    Raises: ValueError when prefix is not 16 bytes.
    """
    if len(prefix) != PREFIX_BYTES:
        raise ValueError("the random prefix has 16 bytes")
    plain = prefix + len(message).to_bytes(4) + message + receiver.encode()
    padded = plain + PADDINGS[PAD_BYTES - len(plain) % PAD_BYTES]
    sealed = AES.new(key.raw, AES.MODE_CBC, iv=key.raw[:IV_BYTES]).encrypt(padded)
    return b2a_base64(sealed, newline=False).decode("ascii")


def _unpadded_length(plain: bytes) -> int:
    size = plain[-1]
    if not 1 <= size <= PAD_BYTES or not plain.endswith(PADDINGS[size]):
        raise BadEnvelope("broken padding")
    end = len(plain) - size
    if end < HEAD_BYTES:
        raise BadEnvelope("too short for a length field")
    return end
