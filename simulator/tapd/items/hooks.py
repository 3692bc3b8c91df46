"""Sends item events from TAPD's side, repeated, late, disordered or lost on request."""

import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import requests

from simulator.faults import Faults, Kind
from simulator.tapd.items.hook_bodies import Done, HookBody, write_body
from simulator.tapd.items.projects import Project

KEPT = 2_000
ANSWER_SECONDS = 5.0
# What is disordered goes behind the next event, or after so long without one.
HELD_SECONDS = 2.0


@dataclass(slots=True, kw_only=True)
class HookRecord:
    """One event: what was sent where, and what was answered."""

    number: int
    at: float
    event: str
    workspace_id: str
    item_id: str
    body: str
    content_type: str
    url: str
    fate: str = "sending"
    statuses: list[int] = field(default_factory=list)


# Posts a body of a content type to an address; the status, None without an answer.
Post = Callable[[str, bytes, str], int | None]


class HookSender:
    """A thread over a queue of due deliveries; started by the first of them."""

    def __init__(self, faults: Faults, *, post: Post | None = None) -> None:
        self._faults = faults
        self._post = post or _Poster()
        self._numbers = itertools.count(1)
        self._due: list[tuple[float, int, HookRecord, bytes]] = []
        self._held: list[tuple[HookRecord, bytes]] = []
        self._busy = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self.log: deque[HookRecord] = deque(maxlen=KEPT)

    def send(self, project: Project, done: Done) -> HookRecord:
        """Let one event out, subject to the faults that match `tapd/<event>`."""
        written = write_body(project, done)
        record = self._open(project, done, written)
        rules = {
            rule.kind: rule for rule in self._faults.for_push(f"tapd/{done.kind}", None)
        }
        if Kind.DROP in rules or not project.hooks.url:
            record.fate = "lost" if Kind.DROP in rules else "kept"
            return record
        copies = rules[Kind.DUPLICATE].times if Kind.DUPLICATE in rules else 1
        delay = rules[Kind.DELAY].seconds if Kind.DELAY in rules else 0.0
        with self._changed:
            for _ in range(copies):
                self._let_out(record, written.body, delay, held=Kind.REORDER in rules)
            self._start()
            self._changed.notify_all()
        return record

    def wait_idle(self, timeout_seconds: float) -> bool:
        """True once nothing is due, held or on its way."""
        until = time.monotonic() + timeout_seconds
        with self._changed:
            while self._due or self._held or self._busy:
                left = until - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, 0.1))
        return True

    def clear(self) -> None:
        """Forget what was sent, and what is still to be."""
        with self._changed:
            self._due.clear()
            self._held.clear()
            self.log.clear()

    def _open(self, project: Project, done: Done, written: HookBody) -> HookRecord:
        record = HookRecord(
            number=next(self._numbers),
            at=time.time(),
            event=done.kind,
            workspace_id=project.workspace_id,
            item_id=done.item_id,
            body=written.body.decode(),
            content_type=written.content_type,
            url=project.hooks.url,
        )
        self.log.append(record)
        return record

    def _let_out(
        self, record: HookRecord, body: bytes, delay: float, *, held: bool
    ) -> None:
        """A disordered one goes after the next that is not, or when a while is over."""
        now = time.monotonic()
        if held:
            self._held.append((record, body))
            return
        self._push(now + delay, (record, body))
        for late in self._held:
            self._push(now + delay + 0.05, late)
        self._held.clear()

    def _push(self, due: float, what: tuple[HookRecord, bytes]) -> None:
        heapq.heappush(self._due, (due, next(self._numbers), *what))

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(
                target=self._run, name="tapd-hooks", daemon=True
            )
            self._thread.start()

    def _run(self) -> None:
        while True:
            record, body = self._next()
            status = self._post(record.url, body, record.content_type)
            with self._changed:
                record.fate = "unreachable" if status is None else "answered"
                record.statuses += [] if status is None else [status]
                self._busy -= 1
                self._changed.notify_all()

    def _next(self) -> tuple[HookRecord, bytes]:
        held_since = time.monotonic()
        with self._changed:
            while True:
                now = time.monotonic()
                if self._held and now - held_since > HELD_SECONDS:
                    for late in self._held:
                        self._push(now, late)
                    self._held.clear()
                if self._due and self._due[0][0] <= now:
                    _, _, record, body = heapq.heappop(self._due)
                    self._busy += 1
                    return record, body
                self._changed.wait(0.05 if self._due or self._held else 1.0)
                if not self._held:
                    held_since = time.monotonic()


class _Poster:
    """Posts over HTTP, keeping the connection."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.trust_env = False

    def __call__(self, url: str, body: bytes, content_type: str) -> int | None:
        try:
            answer = self._session.post(
                url,
                data=body,
                headers={"Content-Type": content_type},
                timeout=ANSWER_SECONDS,
            )
        except requests.RequestException:
            return None
        return answer.status_code
