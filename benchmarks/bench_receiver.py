"""What a callback costs: to open it, and to take it over HTTP, against bare work."""

import hashlib
import importlib
import importlib.util
import time
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil
from Crypto.Cipher import AES

from benchmarks.callbacks import Message, moved, sealed
from benchmarks.environment import Database, Stage
from benchmarks.fake_wecom import cpu_seconds
from benchmarks.load import Load, percentile, push
from benchmarks.slow_clients import IDLE, STALLED, slow_clients
from benchmarks.table import Line, Sense
from demo.machine.ports import LOOPBACK, free_port
from demo.machine.procfile import read_procfile, shell
from demo.machine.services import Service
from demo.machine.supervisor import Supervisor
from demo.processes import answers
from settings import Settings
from wecom.crypto import AesKey
from wecom.intake import SuiteIdentity, open_callback

_ROOT = Path(__file__).resolve().parent.parent
_OPENINGS = 500
_CONNECTIONS = 16
_SLOW_SECONDS = 0.05
_BUSY_SHARE = 0.7


def opening(stage: Stage, *, rounds: int) -> list[Line]:
    """Verify, decrypt, parse twice and check all, against AES and SHA-1 alone."""
    with stage.database() as database:
        settings = database.settings
    message = sealed(moved("wpBench", who=1, department_id=1), settings)
    now = float(message.arguments["timestamp"])
    suite = SuiteIdentity(
        token=settings.wecom.token,
        key=AesKey.parse(settings.wecom.encoding_aes_key),
        suite_id=settings.wecom.suite_id,
        suite_ids=frozenset({settings.wecom.suite_id}),
        provider_corp_id=settings.wecom.provider_corp_id,
    )

    def ours() -> None:
        open_callback(suite, query=message.query, body=message.body, now=now)

    works = {"ours": ours, "floor": _floor(message, settings)}
    if importlib.util.find_spec("wechatpy"):
        works["wechatpy"] = _wechatpy(message, settings)
    took = _alternated(works, rounds=rounds)
    lines = [
        Line(
            name="opening",
            what="Opening one callback",
            held_against="AES + SHA-1 of the same bytes, same libraries",
            ours=took["ours"],
            theirs=took["floor"],
            unit="µs",
            budget=3.0,
        )
    ]
    if "wechatpy" in took:
        lines.append(
            Line(
                name="opening_wechatpy",
                what="Opening one callback",
                held_against="wechatpy: decrypt + parse, which checks less",
                ours=took["ours"],
                theirs=took["wechatpy"],
                unit="µs",
                budget=0.7,
            )
        )
    return lines


def _floor(message: Message, settings: Settings) -> Callable[[], None]:
    key = b64decode(settings.wecom.encoding_aes_key + "=")
    signed = [
        settings.wecom.token,
        message.arguments["timestamp"],
        message.arguments["nonce"],
        message.encrypt,
    ]

    def floor() -> None:
        hashlib.sha1("".join(sorted(signed)).encode()).hexdigest()  # noqa: S324 - WeCom's choice
        AES.new(key, AES.MODE_CBC, key[:16]).decrypt(b64decode(message.encrypt))

    return floor


def _wechatpy(message: Message, settings: Settings) -> Callable[[], None]:
    crypto = importlib.import_module("wechatpy.enterprise.crypto").WeChatCrypto(
        settings.wecom.token,
        settings.wecom.encoding_aes_key,
        settings.wecom.suite_id,
    )
    parse = importlib.import_module("wechatpy.enterprise.parser").parse_message
    given = message.arguments
    text = message.body.decode()

    def theirs() -> None:
        opened = crypto.decrypt_message(
            text, given["msg_signature"], given["timestamp"], given["nonce"]
        )
        parse(opened)

    return theirs


def _alternated(
    works: Mapping[str, Callable[[], None]], *, rounds: int
) -> dict[str, float]:
    """Microseconds of each, the best of rounds in which they take turns.

    The best, as for every short piece of work: whatever is slower was interrupted.
    """
    took: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            began = time.perf_counter()
            for _ in range(_OPENINGS):
                work()
            took[name].append((time.perf_counter() - began) / _OPENINGS * 1e6)
    return {name: min(each) for name, each in took.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    """Something under gunicorn that takes callbacks."""

    name: str
    port: int
    service: Service


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """What both servers took in rounds in which they took turns."""

    rates: Mapping[str, float]
    busy: Load
    generator_cpu: float
    receiver_cpu: float


def receiving(stage: Stage, *, rounds: int, seconds: float) -> list[Line]:
    """Callbacks a second, against a route that does one INSERT, same server."""
    taken = _take(stage, rounds=rounds, seconds=seconds)
    asked = _BUSY_SHARE * taken.rates["receiver"]
    return [
        Line(
            name="receiver",
            what="Receiver, callbacks per second",
            held_against="the same server, a bare route doing one INSERT",
            ours=taken.rates["receiver"],
            theirs=taken.rates["bare"],
            unit="/s",
            budget=0.8,
            sense=Sense.AT_LEAST,
            others={
                "CPU of the generator": f"{taken.generator_cpu:.0%} of a core",
                "CPU of the receiver": f"{taken.receiver_cpu:.0%} of a core",
            },
        ),
        Line(
            name="receiver_p99",
            what="Receiver, p99 at 70 % of that load",
            held_against="50 ms",
            ours=percentile(taken.busy.seconds, 0.99) * 1000,
            theirs=_SLOW_SECONDS * 1000,
            unit="ms",
            budget=1.0,
            others={
                "asked for": f"{asked:.0f}/s",
                "reached": f"{taken.busy.per_second:.0f}/s",
            },
        ),
    ]


def besieged(
    stage: Stage, *, per_second: int, rounds: int, seconds: float
) -> list[Line]:
    """How long an answer takes beside clients that stall, and how long without."""
    quiet: list[Load] = []
    slow: list[Load] = []
    with stage.database() as database:
        server = _receiver(stage, database)
        supervisor = Supervisor(say=_nothing, leash=_NoLeash())
        try:
            supervisor.start(server.service)
            for number in range(0, 2 * rounds, 2):
                quiet.append(_push(server, database, seconds, number, rate=per_second))
                with slow_clients(server.port):
                    besieged = _push(
                        server, database, seconds, number + 1, rate=per_second
                    )
                slow.append(besieged)
        finally:
            supervisor.stop()
    asked = rounds * int(per_second * seconds)
    answered = sum(len(each.seconds) for each in slow)
    return [
        Line(
            name="receiver_besieged",
            what=f"Receiver beside {STALLED} stalled and {IDLE} idle clients, p99",
            held_against="itself without them",
            ours=_median_p99(slow) * 1000,
            theirs=_median_p99(quiet) * 1000,
            unit="ms",
            budget=1.5,
            others={
                "asked for": f"{per_second}/s",
                "answered": f"{answered} of {asked}",
            },
        )
    ]


def _median_p99(loads: Sequence[Load]) -> float:
    return median(percentile(each.seconds, 0.99) for each in loads)


def _take(stage: Stage, *, rounds: int, seconds: float) -> _Taken:
    with stage.database() as database:
        servers = [_receiver(stage, database), _bare(stage, database)]
        supervisor = Supervisor(say=_nothing, leash=_NoLeash())
        try:
            supervisor.start(*(each.service for each in servers))
            pid = supervisor.pids()["receiver"]
            loads: dict[str, list[Load]] = {each.name: [] for each in servers}
            spent = 0.0
            for number in range(rounds):
                for each in servers:
                    before = cpu_seconds_of_tree(pid)
                    load = _push(each, database, seconds, number, rate=None)
                    loads[each.name].append(load)
                    if each.name == "receiver":
                        spent += cpu_seconds_of_tree(pid) - before
            rates = {
                name: median(each.per_second for each in found)
                for name, found in loads.items()
            }
            rate = _BUSY_SHARE * rates["receiver"]
            busy = _push(servers[0], database, seconds * 2, rounds, rate=rate)
        finally:
            supervisor.stop()
    return _Taken(
        rates=rates,
        busy=busy,
        generator_cpu=median(each.generator_cpu for each in loads["receiver"]),
        receiver_cpu=spent / (rounds * seconds),
    )


def cpu_seconds_of_tree(pid: int) -> float:
    """What a process and its living children have used."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(cpu_seconds(each.pid) for each in family)


def _push(
    server: _Server,
    database: Database,
    seconds: float,
    number: int,
    *,
    rate: float | None,
) -> Load:
    return push(
        port=server.port,
        settings=database.settings,
        seconds=seconds,
        connections=_CONNECTIONS,
        first=(number + 1) * 10_000_000 + (server.name == "bare") * 5_000_000,
        rate=rate,
    )


def _receiver(stage: Stage, database: Database) -> _Server:
    command = read_procfile(_ROOT / "Procfile")["receiver"]
    return _server(stage, database, name="receiver", command=shell(command))


def _bare(stage: Stage, database: Database) -> _Server:
    command = read_procfile(_ROOT / "Procfile")["receiver"].replace(
        "receiver.app:create_app()", "benchmarks.bare_receiver:create_app()"
    )
    return _server(stage, database, name="bare", command=shell(command))


def _server(
    stage: Stage, database: Database, *, name: str, command: tuple[str, ...]
) -> _Server:
    port = free_port(0)
    environment = stage.process_environment(database.environment | {"PORT": str(port)})
    return _Server(
        name=name,
        port=port,
        service=Service(
            name=name,
            command=command,
            folder=_ROOT,
            log=stage.session.log(name),
            environment=environment,
            ready=answers(f"http://{LOOPBACK}:{port}/healthz"),
        ),
    )


class _NoLeash:
    """The stage's own leash ends whatever bears its mark."""

    def renew(self) -> None:
        """Nothing to renew."""


def _nothing(text: str) -> None:
    """Benchmarks report figures, not steps."""
