"""Sends callbacks as WeCom does: encrypted, in parallel, repeated on time-out alone."""

import heapq
import itertools
import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import requests

from simulator.config import Config
from simulator.events import Event, envelope
from simulator.faults import Fault, Faults, Kind
from simulator.logs import Attempt, Logs, PushRecord
from wecom.crypto import AesKey, seal_envelope, sign

ATTEMPTS = 3
THREADS = 16
SUCCESS = b"success"
logger = logging.getLogger(__name__)


class Unreachable(Exception):
    """The receiver did not answer in time, or not at all."""


class Post(Protocol):
    """Delivers one body; raises Unreachable."""

    def __call__(
        self, url: str, *, params: dict[str, str], body: bytes, timeout: float
    ) -> tuple[int, bytes]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a push goes and for whom it is encrypted."""

    channel: str
    url: str
    receiver: str
    agent_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One delivery that is due."""

    record: PushRecord
    address: Address
    attempt: int = 1


class Courier:
    """A pool of threads over one queue of due deliveries."""

    def __init__(
        self, *, config: Config, faults: Faults, logs: Logs, post: Post | None = None
    ) -> None:
        self._config = config
        self._key = AesKey.parse(config.encoding_aes_key)
        self._faults = faults
        self._logs = logs
        self._post = post or _Poster()
        self._due: list[tuple[float, int, _Job]] = []
        self._held: dict[str, list[_Job]] = {}
        self._numbers = itertools.count()
        self._open = 0
        self._stopped = False
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._work, name=f"push-{n}", daemon=True)
            for n in range(THREADS)
        ]

    def start(self) -> None:
        """Begin to deliver."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Deliver nothing more; what is on its way finishes."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=self._config.callback_seconds + 1)

    def send(
        self, event: Event, *, address: Address, corp_id: str | None
    ) -> PushRecord:
        """Log a push and let it out, subject to the faults in force."""
        record = self._logs.open_push(
            at=time.time(),
            channel=address.channel,
            name=event.name,
            corp_id=corp_id,
            xml=event.xml,
        )
        rules = {rule.kind: rule for rule in self._faults.for_push(event.name, corp_id)}
        record.faults = tuple(sorted(rules))
        if Kind.DROP in rules:
            record.fate = "dropped"
            return record
        job = _Job(record=record, address=address)
        copies = rules[Kind.DUPLICATE].times if Kind.DUPLICATE in rules else 1
        delay = rules[Kind.DELAY].seconds if Kind.DELAY in rules else 0.0
        with self._changed:
            for _ in range(copies):
                self._open += 1
                self._let_out(job, delay=delay, reorder=rules.get(Kind.REORDER))
            self._changed.notify_all()
        return record

    def wait_idle(self, timeout_seconds: float) -> bool:
        """True once nothing is queued, held or on its way."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self._open == 0, timeout=timeout_seconds
            )

    def verify(self, address: Address) -> Attempt:
        """Ask a callback URL to prove itself, as saving it in the console does."""
        plain = str(secrets.randbelow(10**19) + 10**18).encode()
        echo = seal_envelope(
            self._key,
            plain,
            receiver=address.receiver,
            prefix=secrets.token_bytes(16),
        )
        params = {**self._signed(echo), "echostr": echo}
        session = _session()
        return _attempt(
            lambda: _fetch(session, address.url, params=params, timeout=1.0),
            expected=plain,
        )

    def _let_out(self, job: _Job, *, delay: float, reorder: Fault | None) -> None:
        if reorder is None:
            self._push(job, delay)
            return
        held = self._held.setdefault(reorder.fault_id, [])
        held.append(job)
        if len(held) >= reorder.window:
            self._release(reorder.fault_id, delay)
        elif len(held) == 1:
            timer = threading.Timer(
                reorder.seconds, self._release_late, (reorder.fault_id, held)
            )
            timer.daemon = True
            timer.start()

    def _release(self, fault_id: str, delay: float) -> None:
        for place, job in enumerate(reversed(self._held.pop(fault_id, []))):
            # Apart by more than one delivery takes, or the pool would mix them anew.
            self._push(job, delay + place * 0.05)

    def _release_late(self, fault_id: str, held: list[_Job]) -> None:
        with self._changed:
            if self._held.get(fault_id) is held:
                self._release(fault_id, 0.0)
                self._changed.notify_all()

    def _push(self, job: _Job, delay: float) -> None:
        heapq.heappush(self._due, (time.monotonic() + delay, next(self._numbers), job))

    def _work(self) -> None:
        while (job := self._next()) is not None:
            again = None
            try:
                again = self._deliver(job)
            except Exception:
                # One push that cannot be sent must not take a thread with it.
                job.record.fate = "failed"
                logger.exception("push not sent", extra={"push": job.record.push_id})
            with self._changed:
                if again is None:
                    self._open -= 1
                else:
                    self._push(again, self._config.retry_seconds)
                self._changed.notify_all()

    def _next(self) -> _Job | None:
        with self._changed:
            while not self._stopped:
                if not self._due:
                    self._changed.wait()
                elif (wait := self._due[0][0] - time.monotonic()) > 0:
                    self._changed.wait(timeout=wait)
                else:
                    return heapq.heappop(self._due)[2]
        return None

    def _deliver(self, job: _Job) -> _Job | None:
        encrypt = seal_envelope(
            self._key,
            job.record.xml.encode(),
            receiver=job.address.receiver,
            prefix=secrets.token_bytes(16),
        )
        body = envelope(
            receiver=job.address.receiver,
            agent_id=job.address.agent_id,
            encrypt=encrypt,
        ).encode()
        params = self._signed(encrypt)
        attempt = _attempt(
            lambda: self._post(
                job.address.url,
                params=params,
                body=body,
                timeout=self._config.callback_seconds,
            ),
            expected=SUCCESS,
        )
        job.record.attempts.append(attempt)
        if attempt.status is not None:
            job.record.fate = "delivered" if attempt.success else "refused"
            return None
        if job.attempt == ATTEMPTS:
            job.record.fate = "failed"
            return None
        return _Job(record=job.record, address=job.address, attempt=job.attempt + 1)

    def _signed(self, encrypt: str) -> dict[str, str]:
        timestamp, nonce = str(int(time.time())), secrets.token_hex(8)
        signature = sign(
            token=self._config.token, timestamp=timestamp, nonce=nonce, encrypt=encrypt
        )
        return {"msg_signature": signature, "timestamp": timestamp, "nonce": nonce}


class _Poster:
    """One connection pool per thread, blind to the machine's proxies."""

    def __init__(self) -> None:
        self._local = threading.local()

    def __call__(
        self, url: str, *, params: dict[str, str], body: bytes, timeout: float
    ) -> tuple[int, bytes]:
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = _session()
        try:
            answer = session.post(
                url,
                params=params,
                data=body,
                headers={"Content-Type": "text/xml"},
                timeout=timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise Unreachable(type(error).__name__) from error
        return answer.status_code, answer.content


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


def _fetch(
    session: requests.Session, url: str, *, params: dict[str, str], timeout: float
) -> tuple[int, bytes]:
    try:
        answer = session.get(url, params=params, timeout=timeout, allow_redirects=False)
    except requests.RequestException as error:
        raise Unreachable(type(error).__name__) from error
    return answer.status_code, answer.content


def _attempt(ask: Callable[[], tuple[int, bytes]], *, expected: bytes) -> Attempt:
    started, clock = time.time(), time.perf_counter()
    status: int | None = None
    body, error = b"", None
    try:
        status, body = ask()
    except Unreachable as failure:
        error = str(failure)
    return Attempt(
        at=started,
        milliseconds=round((time.perf_counter() - clock) * 1000, 1),
        status=status,
        body=body[:500].decode(errors="replace"),
        success=status == 200 and body == expected,
        error=error,
    )
