"""The simulator as a running server, and a small receiver that opens what it pushes."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

import requests

from simulator.config import Config, SuiteKey
from simulator.server import Simulator
from wecom.crypto import AesKey, open_envelope, signature_matches

KEY = AesKey.parse("2Eut3QUGh0BF89r8Bh4rCgvfGpGE2Ou66CO6dMtvsnQ")
TOKEN = "tapdSuiteTok3n"
SUITE_ID, SUITE_SECRET, PROVIDER = "wwsuiteA", "suite-secret", "wwproviderA"


@dataclass(frozen=True, kw_only=True)
class Callback:
    """One delivery as the receiver saw it."""

    path: str
    receiver: str
    message: str
    signed: bool


@dataclass(kw_only=True)
class Inbox:
    """What was delivered, and what to answer next.

    Shape: `verified` are the receivers of URL verifications; `hang` holds answers
    back until it is set.
    """

    received: list[Callback] = field(default_factory=list)
    verified: list[str] = field(default_factory=list)
    answer: bytes = b"success"
    hang: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A running simulator with its receiver, and a session to talk to it."""

    base: str
    session: requests.Session
    inbox: Inbox

    def control(self, method: str, path: str, **body: Any) -> Any:
        answer = self.session.request(
            method, f"{self.base}/control/{path}", json=body, timeout=20
        )
        assert answer.status_code < 300, answer.text
        return answer.json()

    def settle(self) -> None:
        assert self.control("GET", "pushes/idle?timeout_seconds=15")["idle"]

    def pushes(self, name: str) -> list[Any]:
        found: list[Any] = self.control("GET", f"pushes?name={name}")["items"]
        return found

    def make_corp(self, **given: Any) -> str:
        size = {"members": 30, "departments": 6, "seed": 5}
        return str(self.control("POST", "corps", **{**size, **given})["corp_id"])

    def act(self, corp_id: str, action: str, /, **given: Any) -> Any:
        return self.control("POST", f"corps/{corp_id}/actions/{action}", **given)

    def corp_token(self, corp_id: str, auth_code: str) -> str:
        """The whole road from the pushed ticket to a corp's token."""
        ticket = pushed_value(self.pushes("suite_ticket")[-1]["xml"], "SuiteTicket")
        suite = self.post(
            "service/get_suite_token",
            {
                "suite_id": SUITE_ID,
                "suite_secret": SUITE_SECRET,
                "suite_ticket": ticket,
            },
        )
        query = {"suite_access_token": suite["suite_access_token"]}
        code = {"auth_code": auth_code}
        linked = self.post("service/v2/get_permanent_code", code, **query)
        keys = {
            "auth_corpid": corp_id,
            "permanent_code": linked["permanent_code"],
        }
        return str(self.post("service/get_corp_token", keys, **query)["access_token"])

    def post(self, endpoint: str, body: dict[str, Any], **query: str) -> Any:
        return self.session.post(
            f"{self.base}/cgi-bin/{endpoint}", params=query, json=body, timeout=20
        ).json()

    def get(self, endpoint: str, **query: Any) -> requests.Response:
        return self.session.get(
            f"{self.base}/cgi-bin/{endpoint}", params=query, timeout=20
        )


def pushed_value(xml: str, name: str) -> str:
    """One element of a pushed event."""
    found = re.search(rf"<{name}><!\[CDATA\[(.*?)\]\]></{name}>", xml)
    assert found is not None, xml
    return found[1]


@contextmanager
def running(**settings: Any) -> Iterator[Scene]:
    """A simulator on a free port, ready to answer, with its first ticket delivered."""
    inbox = Inbox()
    with _receiver(inbox) as receiver:
        config = replace(_config(receiver), **settings)
        simulator = Simulator(config)
        simulator.start()
        session = requests.Session()
        session.trust_env = False
        base = f"http://127.0.0.1:{simulator.port}"
        scene = Scene(base=base, session=session, inbox=inbox)
        try:
            yield scene
        finally:
            inbox.hang.set()
            session.close()
            simulator.stop()


def _config(receiver: str) -> Config:
    return Config(
        command_url=f"{receiver}/command",
        data_url=f"{receiver}/data/$CORPID$",
        token=TOKEN,
        encoding_aes_key="2Eut3QUGh0BF89r8Bh4rCgvfGpGE2Ou66CO6dMtvsnQ",
        suite=SuiteKey(suite_id=SUITE_ID, secret=SUITE_SECRET),
        provider_corp_id=PROVIDER,
        provider_secret="provider-secret",
        callback_seconds=5.0,
        retry_seconds=0.05,
    )


@contextmanager
def _receiver(inbox: Inbox) -> Iterator[str]:
    inbox.hang.set()
    server = _Server(inbox)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    def __init__(self, inbox: Inbox) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.inbox = inbox


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        opened = open_envelope(KEY, query["echostr"][0])
        self.server.inbox.verified.append(opened.receiver)
        self._answer(opened.message)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        inbox = self.server.inbox
        inbox.received.append(_opened(urlsplit(self.path), body))
        inbox.hang.wait(20)
        self._answer(inbox.answer)

    def _answer(self, body: bytes) -> None:
        try:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except ConnectionError:
            # The pusher gave up waiting, which is what such a test is about.
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def _opened(url: SplitResult, body: str) -> Callback:
    encrypt = pushed_value(body, "Encrypt")
    opened = open_envelope(KEY, encrypt)
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    return Callback(
        path=url.path,
        receiver=opened.receiver,
        message=opened.message.decode(),
        signed=signature_matches(
            token=TOKEN,
            timestamp=query["timestamp"],
            nonce=query["nonce"],
            encrypt=encrypt,
            signature=query["msg_signature"],
        ),
    )
