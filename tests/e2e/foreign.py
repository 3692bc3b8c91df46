"""WeCom's side of a callback by another hand: nothing of ours has a part in it."""

import base64
import hashlib
import os
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass

import requests
from Crypto.Cipher import AES

_BLOCK = 32
_ANSWER_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Seals and posts messages as WeCom documents it (pages 90968, 97172)."""

    address: str
    token: str
    key: bytes

    @classmethod
    def of(cls, *, address: str, settings: Mapping[str, str]) -> "Sender":
        """The sender whose messages this product believes."""
        key = base64.b64decode(settings["WECOM_ENCODING_AES_KEY"] + "=")
        return cls(address=address, token=settings["WECOM_TOKEN"], key=key)

    def post(self, path: str, message: str, *, receiver: str) -> requests.Response:
        """Send one message."""
        sealed = self.seal(message.encode(), receiver=receiver)
        body = f"<xml><Encrypt>{sealed}</Encrypt><ToUserName>x</ToUserName></xml>"
        return requests.post(
            f"{self.address}{path}",
            params=self._signed(sealed),
            data=body.encode(),
            timeout=_ANSWER_SECONDS,
        )

    def verify(self, path: str, text: str, *, receiver: str) -> requests.Response:
        """Ask a callback address to prove itself."""
        sealed = self.seal(text.encode(), receiver=receiver)
        return requests.get(
            f"{self.address}{path}",
            params={**self._signed(sealed), "echostr": sealed},
            timeout=_ANSWER_SECONDS,
        )

    def seal(self, message: bytes, *, receiver: str) -> str:
        """AES-256-CBC over 16 random bytes, length, message and receiver."""
        plain = os.urandom(16) + struct.pack(">I", len(message)) + message
        plain += receiver.encode()
        padding = _BLOCK - len(plain) % _BLOCK
        cipher = AES.new(self.key, AES.MODE_CBC, self.key[:16])
        sealed = cipher.encrypt(plain + bytes([padding]) * padding)
        return base64.b64encode(sealed).decode()

    def _signed(self, sealed: str) -> dict[str, str]:
        stamp, nonce = str(int(time.time())), os.urandom(6).hex()
        parts = sorted([self.token, stamp, nonce, sealed])
        digest = hashlib.sha1("".join(parts).encode()).hexdigest()  # noqa: S324 - WeCom's
        return {"msg_signature": digest, "timestamp": stamp, "nonce": nonce}
