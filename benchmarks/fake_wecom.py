"""A WeCom that costs next to nothing: written answers over a bare HTTP server.

The simulator is the product's and imitates WeCom; as a yardstick it would be the
bottleneck, because it is a Flask application that thinks about each answer.
"""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs

import click
import psutil
import requests

from benchmarks import dataset
from benchmarks.dataset import Enterprise
from demo.machine.ports import LOOPBACK
from demo.processes import ROOT

THROTTLED = 45009
_ANSWER_SECONDS = 30.0
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "


class Double:
    """The enterprises, and what was asked about each."""

    def __init__(self, enterprises: Sequence[Enterprise], *, seconds: float) -> None:
        self.seconds = seconds
        self.calls: Counter[tuple[str, str]] = Counter()
        self._corps = {each.corp_id: each for each in enterprises}

    def answer(self, path: str, query: str, body: bytes) -> bytes | None:
        """The body of an answer; None when there will never be one."""
        endpoint = path.removeprefix("/cgi-bin/")
        if endpoint == "calls":
            found = {f"{corp} {asked}": n for (corp, asked), n in self.calls.items()}
            return json.dumps(found).encode()
        arguments = {name: found[0] for name, found in parse_qs(query).items()}
        if endpoint == "service/get_suite_token":
            return dataset.token("suite_access_token", "suite")
        corp_id = arguments.get("access_token") or json.loads(body)["auth_corpid"]
        self.calls[corp_id, endpoint] += 1
        corp = self._corps[corp_id]
        if corp.behaviour.silent:
            return None
        if corp.behaviour.throttled:
            return dataset.errcode(THROTTLED)
        return _ENDPOINTS[endpoint](corp, arguments)


_ENDPOINTS: dict[str, Callable[[Enterprise, dict[str, str]], bytes]] = {
    "service/get_corp_token": lambda corp, _: dataset.token(
        "access_token", corp.corp_id
    ),
    "service/v2/get_auth_info": lambda corp, _: corp.auth_info,
    "agent/get_permissions": lambda corp, _: dataset.permissions(),
    "department/simplelist": lambda corp, _: corp.simplelist,
    "user/list": lambda corp, asked: (
        corp.user_list_with_children(int(asked["department_id"]))
        if asked.get("fetch_child") == "1"
        else corp.user_list(int(asked["department_id"]))
    ),
    "user/get": lambda corp, asked: corp.user_get(asked["userid"]),
    "message/send": lambda _corp, _asked: dataset.accepted(),
}


class _Wire(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, as far as our own client speaks it."""

    def __init__(self, double: Double) -> None:
        self._double = double
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - TCP has this one
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end].decode("latin-1")
            length = _content_length(head)
            if len(self._received) < end + 4 + length:
                return
            body = self._received[end + 4 : end + 4 + length]
            self._received = self._received[end + 4 + length :]
            _, target, _ = head.split(" ", 2)
            path, _, query = target.partition("?")
            answer = self._double.answer(path, query, body)
            if answer is not None:
                self._send(answer)

    def _send(self, answer: bytes) -> None:
        whole = _HEAD + str(len(answer)).encode() + b"\r\n\r\n" + answer
        if self._double.seconds:
            loop = asyncio.get_running_loop()
            loop.call_later(self._double.seconds, self._transport.write, whole)
        else:
            self._transport.write(whole)


def _content_length(head: str) -> int:
    for line in head.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return 0


async def listen(double: Double) -> tuple[asyncio.Server, int]:
    """A server for the double, and its port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Wire(double), LOOPBACK, 0, backlog=512)
    return server, int(server.sockets[0].getsockname()[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A double in a process of its own, so that its CPU is not counted as ours."""

    url: str
    pid: int

    def calls(self) -> Counter[str]:
        """How often each endpoint was asked about each corp: `<corp> <endpoint>`."""
        answer = requests.get(f"{self.url}/cgi-bin/calls", timeout=_ANSWER_SECONDS)
        return Counter(answer.json())

    def cpu_seconds(self) -> float:
        """What it has used so far."""
        return cpu_seconds(self.pid)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and the children it has buried."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system + times.children_user + times.children_system


@contextmanager
def running(
    enterprises: Sequence[Enterprise], *, seconds: float = 0.0
) -> Iterator[Running]:
    """A double that answers after so many seconds, until the block ends."""
    sizes = [[each.corp_id, each.members, each.departments] for each in enterprises]
    with subprocess.Popen(  # noqa: S603 - our own module
        (
            sys.executable,
            "-m",
            "benchmarks.fake_wecom",
            json.dumps(sizes),
            str(seconds),
        ),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        port = int(process.stdout.readline())
        yield Running(url=f"http://{LOOPBACK}:{port}", pid=process.pid)
        process.terminate()


@click.command()
@click.argument("sizes")
@click.argument("seconds", type=float)
def main(sizes: str, seconds: float) -> None:
    """Answer about these corps until standard input ends; print the port."""
    enterprises = [
        Enterprise(corp_id=corp_id, members=members, departments=departments)
        for corp_id, members, departments in json.loads(sizes)
    ]
    for each in enterprises:
        # Written before anybody measures how long an answer takes.
        _ = each.simplelist, each.lists, each.auth_info
    threading.Thread(target=_end_with_input, daemon=True).start()
    asyncio.run(_serve(Double(enterprises, seconds=seconds)))


async def _serve(double: Double) -> None:
    server, port = await listen(double)
    click.echo(port)
    await server.serve_forever()


def _end_with_input() -> None:
    # A double whose benchmark was killed has nobody to answer.
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
