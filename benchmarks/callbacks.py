"""Callbacks as WeCom pushes them, sealed by the benchmarks' own hand."""

import hashlib
import os
import struct
import time
from base64 import b64decode, b64encode
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from Crypto.Cipher import AES

from benchmarks.dataset import userid_of
from settings import Settings

_BLOCK = 32


@dataclass(frozen=True, kw_only=True)
class Message:
    """One callback: the arguments of its address and its body."""

    arguments: dict[str, str]
    encrypt: str
    body: bytes

    @cached_property
    def query(self) -> str:
        """The arguments as they stand in the address."""
        return urlencode(self.arguments)


def moved(corp_id: str, *, who: int, department_id: int) -> str:
    """The inner XML of a member who is in this department now."""
    userid, stamp = userid_of(who), int(time.time())
    return (
        f"<xml><SuiteId><![CDATA[$SUITE$]]></SuiteId><AuthCorpId><![CDATA[{corp_id}]]>"
        "</AuthCorpId><InfoType><![CDATA[change_contact]]></InfoType>"
        # The peer in the comparison of parsers reads nothing without these two.
        "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_contact]]></Event>"
        f"<TimeStamp>{stamp}</TimeStamp><ChangeType><![CDATA[update_user]]></ChangeType>"
        f"<UserID><![CDATA[{userid}]]></UserID><OpenUserID><![CDATA[{userid}]]>"
        f"</OpenUserID><Department><![CDATA[{department_id}]]></Department></xml>"
    )


def sealed(message: str, settings: Settings) -> Message:
    """The callback that carries this message to our suite."""
    wecom = settings.wecom
    plain = message.replace("$SUITE$", wecom.suite_id).encode()
    encrypt = _encrypt(plain, key=wecom.encoding_aes_key, receiver=wecom.suite_id)
    stamp, nonce = str(int(time.time())), os.urandom(6).hex()
    parts = sorted([wecom.token, stamp, nonce, encrypt])
    digest = hashlib.sha1("".join(parts).encode()).hexdigest()  # noqa: S324 - WeCom's choice
    return Message(
        arguments={"msg_signature": digest, "timestamp": stamp, "nonce": nonce},
        encrypt=encrypt,
        body=(
            f"<xml><ToUserName><![CDATA[{wecom.suite_id}]]></ToUserName><AgentID>"
            f"<![CDATA[]]></AgentID><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>"
        ).encode(),
    )


def _encrypt(message: bytes, *, key: str, receiver: str) -> str:
    secret = b64decode(key + "=")
    plain = os.urandom(16) + struct.pack(">I", len(message)) + message
    plain += receiver.encode()
    padding = _BLOCK - len(plain) % _BLOCK
    cipher = AES.new(secret, AES.MODE_CBC, secret[:16])
    return b64encode(cipher.encrypt(plain + bytes([padding]) * padding)).decode()
