"""Secrets at rest: sealed with the first key, opened with any of them."""

import hashlib
import hmac
import json
import os
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEAD_BYTES = len(_VERSION) + _KEY_ID_BYTES + _NONCE_BYTES
DATA_KEY_BYTES = 32
_PSEUDONYM = "hmac:"


class SealBroken(Exception):
    """A sealed value was altered, moved, or sealed with a key we do not hold."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys of SECRET_KEYS: the first encrypts, all decrypt."""

    keys: tuple[bytes, ...] = field(repr=False)

    def seal(self, value: bytes, *, place: str) -> bytes:
        """The sealed form, bound to `place` so that it cannot be moved elsewhere.

        Shape:  version 1, key id 4, nonce 12, tag 16, AES-256-GCM ciphertext.
        """
        key, nonce = self.keys[0], os.urandom(_NONCE_BYTES)
        sealed = _cipher(key).encrypt(nonce, value, place.encode())
        body, tag = sealed[:-_TAG_BYTES], sealed[-_TAG_BYTES:]
        return _VERSION + _key_id(key) + nonce + tag + body

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """The value sealed for `place`.

        Raises: SealBroken.
        """
        head, rest = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        if len(rest) < _TAG_BYTES or head[:1] != _VERSION:
            raise SealBroken(place)
        key = self._key_of(head[1 : 1 + _KEY_ID_BYTES], place)
        nonce = head[1 + _KEY_ID_BYTES :]
        body = rest[_TAG_BYTES:] + rest[:_TAG_BYTES]
        try:
            return _cipher(key).decrypt(nonce, body, place.encode())
        except InvalidTag as error:
            raise SealBroken(place) from error

    def is_current(self, sealed: bytes) -> bool:
        """Whether the first key sealed it, so that rotation has nothing to do."""
        return sealed[1 : 1 + _KEY_ID_BYTES] == _key_id(self.keys[0])

    def _key_of(self, key_id: bytes, place: str) -> bytes:
        for key in self.keys:
            if _key_id(key) == key_id:
                return key
        raise SealBroken(place)


@dataclass(frozen=True, slots=True)
class DataKey:
    """The key of one corp's personal fields; destroying it makes them unreadable."""

    key: bytes = field(repr=False)

    def seal(self, value: dict[str, Any]) -> bytes:
        """Personal fields as one sealed value."""
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        return Keyring((self.key,)).seal(text, place="personal")

    def open(self, sealed: bytes) -> dict[str, Any]:
        """The personal fields again.

        Raises: SealBroken.
        """
        opened = json.loads(Keyring((self.key,)).open(sealed, place="personal"))
        return dict(opened)


def new_data_key() -> bytes:
    """A fresh random key for one corp."""
    return os.urandom(DATA_KEY_BYTES)


def pseudonym(key: bytes, *, corp_id: str, name: str) -> str:
    """What stands for an id after a purge: `hmac:<hex>`, the same for the same id."""
    message = f"{corp_id}\x00{name}".encode()
    return _PSEUDONYM + hmac.new(key, message, hashlib.sha256).hexdigest()


def is_pseudonym(name: str) -> bool:
    """Whether an earlier purge has left this name."""
    return name.startswith(_PSEUDONYM)


# Few keys are in use at a time, those of the corps that are being written; what a
# cipher prepares of its key costs more than a short text.
@lru_cache(maxsize=256)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


@lru_cache(maxsize=256)
def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"key id" + key).digest()[:_KEY_ID_BYTES]
