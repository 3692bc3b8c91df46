"""Secrets at rest: sealed with the first key, opened with any of them."""

import hashlib
import hmac
import json
import os
from dataclasses import dataclass, field
from typing import Any

from Crypto.Cipher import AES

_VERSION = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEAD_BYTES = len(_VERSION) + _KEY_ID_BYTES + _NONCE_BYTES
DATA_KEY_BYTES = 32


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
        cipher = AES.new(key, AES.MODE_GCM, nonce=nonce, mac_len=_TAG_BYTES)
        cipher.update(place.encode())
        sealed, tag = cipher.encrypt_and_digest(value)
        return _VERSION + _key_id(key) + nonce + tag + sealed

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """The value sealed for `place`.

        Raises: SealBroken.
        """
        head, rest = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        if len(rest) < _TAG_BYTES or head[:1] != _VERSION:
            raise SealBroken(place)
        key = self._key_of(head[1 : 1 + _KEY_ID_BYTES], place)
        nonce = head[1 + _KEY_ID_BYTES :]
        cipher = AES.new(key, AES.MODE_GCM, nonce=nonce, mac_len=_TAG_BYTES)
        cipher.update(place.encode())
        try:
            return cipher.decrypt_and_verify(rest[_TAG_BYTES:], rest[:_TAG_BYTES])
        except ValueError as error:
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
        text = json.dumps(value, ensure_ascii=False, sort_keys=True).encode()
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
    return "hmac:" + hmac.new(key, message, hashlib.sha256).hexdigest()


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"key id" + key).digest()[:_KEY_ID_BYTES]
