"""WeCom's side of a callback, written for tests of the receiver."""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event
from time import monotonic
from unittest.mock import patch
from urllib.parse import quote

import psycopg
from flask import Flask
from flask.testing import FlaskClient
from psycopg.rows import dict_row
from werkzeug.test import TestResponse

from receiver.app import create_app
from settings import Settings, load
from store.intake.durable_write import Landing
from wecom.crypto import AesKey, seal_envelope, sign

SUITE = "wwsuite00000000001"
LOGIN_SUITE = "wwlogin00000000001"
PROVIDER = "wwprovider0000001"
CORP = "wpCorpAAAA"
TOKEN = "tapdSuiteTok3n"
KEY = "2Eut3QUGh0BF89r8Bh4rCgvfGpGE2Ou66CO6dMtvsnQ"
NOW = 1_700_000_000
_PATIENCE_SECONDS = 30.0


def settings_for(
    *,
    database: str,
    redis_url: str,
    token: str = TOKEN,
    key: str = KEY,
    suite_id: str = SUITE,
    provider: str = PROVIDER,
) -> Settings:
    """Settings of a receiver on these stores; all secrets are synthetic."""
    return load(
        {
            "DATABASE_URL": database,
            "REDIS_URL": redis_url,
            "PUBLIC_URL": "https://sync.example.com",
            "SECRET_KEYS": base64.b64encode(b"k" * 32).decode(),
            "API_TOKEN": "t" * 32,
            "WECOM_SUITE_ID": suite_id,
            "WECOM_SUITE_SECRET": "s",
            "WECOM_TOKEN": token,
            "WECOM_ENCODING_AES_KEY": key,
            "WECOM_PROVIDER_CORP_ID": provider,
            "WECOM_PROVIDER_SECRET": "s",
            "WECOM_LOGIN_SUITE_ID": LOGIN_SUITE,
            "WECOM_LOGIN_SUITE_SECRET": "s",
            "TAPD_CLIENT_ID": "c",
            "TAPD_CLIENT_SECRET": "s",
        }
    )


@contextmanager
def receiver_on(
    settings: Settings, *, now: float | None = NOW, is_patient: bool = True
) -> Iterator[Flask]:
    """A receiver; its clock stands still at `now`, or is the real one for None.

    Shape: a patient one does not spill because the machine is busy.
    """
    app = create_app(settings, clock=None if now is None else lambda: now)
    app.testing = True
    landing: Landing = app.extensions["shore"].landing
    record = partial(landing._record, seconds=_PATIENCE_SECONDS)
    try:
        with (
            patch.object(landing, "_record", lambda post, *, seconds: record(post))
            if is_patient
            else nullcontext()
        ):
            yield app
    finally:
        app.extensions["evidence"].close()
        app.extensions["shore"].close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A callback before it is sent; a test changes what it is about."""

    method: str = "POST"
    path: str = "/wecom/command"
    message: bytes = b""
    receiver: str = SUITE
    timestamp: str = str(NOW)
    nonce: str = "nonce"
    token: str = TOKEN
    key: str = KEY
    encrypt: str | None = None
    signature: str | None = None
    before: bytes = b""
    after: bytes = b""
    extra_query: str = ""
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def sealed(self) -> str:
        """The Encrypt text."""
        if self.encrypt is not None:
            return self.encrypt
        key = AesKey.parse(self.key)
        prefix = b"0123456789abcdef"
        return seal_envelope(key, self.message, receiver=self.receiver, prefix=prefix)

    def query(self) -> str:
        """The query string, signed."""
        signature = self.signature or sign(
            token=self.token,
            timestamp=self.timestamp,
            nonce=self.nonce,
            encrypt=self.sealed(),
        )
        query = (
            f"msg_signature={signature}&timestamp={self.timestamp}&nonce={self.nonce}"
        )
        if self.method == "GET":
            query += f"&echostr={quote(self.sealed(), safe='')}"
        return query + self.extra_query

    def envelope(self) -> bytes:
        """The body."""
        if self.body is not None:
            return self.body
        encrypt = self.sealed().encode()
        inner = (
            b"<xml><ToUserName/><Encrypt><![CDATA[" + encrypt + b"]]></Encrypt></xml>"
        )
        return b"" if self.method == "GET" else self.before + inner + self.after

    def send(self, client: FlaskClient) -> TestResponse:
        """Send it."""
        return client.open(
            f"{self.path}?{self.query()}",
            method=self.method,
            data=self.envelope(),
            headers=self.headers,
            content_type="text/xml",
        )

    def but(self, **changes: object) -> "Draft":
        """The same with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]  # any field.


def info(kind: str, *, suite: str = SUITE, at: int = NOW, **fields: object) -> bytes:
    """The message of a command callback."""
    return _xml({"SuiteId": suite, "InfoType": kind, "TimeStamp": at, **fields})


def contact(change: str, *, corp: str = CORP, at: int = NOW, **fields: object) -> bytes:
    """The message of a contact change."""
    common = {"SuiteId": SUITE, "AuthCorpId": corp, "InfoType": "change_contact"}
    return _xml({**common, "TimeStamp": at, "ChangeType": change, **fields})


def event(kind: str, *, corp: str = CORP, at: int = NOW, **fields: object) -> bytes:
    """The message of a data callback."""
    return _xml(
        {
            "ToUserName": corp,
            "FromUserName": "woAmy",
            "CreateTime": at,
            "MsgType": "event",
            "Event": kind,
            **fields,
        }
    )


def rows_of(database: str, query: str) -> list[dict[str, object]]:
    """The rows of a query, as dictionaries."""
    with psycopg.connect(database, row_factory=dict_row) as connection:
        return connection.execute(query.encode()).fetchall()


def _xml(fields: dict[str, object]) -> bytes:
    inner = "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in fields.items())
    return f"<xml>{inner}</xml>".encode()


def wait_until(met: Callable[[], bool], *, seconds: float = 10.0) -> bool:
    """Whether something that another thread or process does came true in time."""
    deadline, pause = monotonic() + seconds, Event()
    while not met():
        if monotonic() > deadline:
            return False
        pause.wait(0.01)
    return True
