"""Starts services stage by stage, starts again what exits, stops in reverse order."""

import os
import time
from collections.abc import Callable
from typing import Protocol

from demo.machine.services import Running, Service, tail

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
STEADY_SECONDS = 30.0
START_ATTEMPTS = 3
PULSE_SECONDS = 0.1

Say = Callable[[str], None]


class StartFailed(Exception):
    """A service did not come up; the message carries what it wrote last."""


class ParentGone(Exception):
    """The program that started us was killed: there is nobody left to run for."""


class Rope(Protocol):
    """What ends our children should we be killed."""

    def renew(self) -> None: ...


class Supervisor:
    """The services of one run, in the order they were started."""

    def __init__(self, *, say: Say, leash: Rope, parent: int | None = None) -> None:
        self._say = say
        self._leash = leash
        self._parent = parent
        self._stages: list[list[_Child]] = []
        self._hurry = False

    def start(self, *services: Service, timeout_seconds: float = 60.0) -> None:
        """Start these together and return when all are ready.

        Raises: StartFailed, ParentGone.
        """
        stage: list[_Child] = []
        # Known before it is filled: an interruption in between must stop them too.
        self._stages.append(stage)
        for service in services:
            service.log.unlink(missing_ok=True)
            stage.append(_Child(service))
        deadline = time.monotonic() + timeout_seconds
        waiting = list(stage)
        while waiting:
            self.pulse()
            for child in waiting:
                child.refuse_to_wait(past=deadline)
            waiting = [child for child in waiting if not child.is_ready()]

    def run(self, service: Service, *, timeout_seconds: float = 120.0) -> None:
        """Run a command to its end.

        Raises: StartFailed when it exits with anything but 0, or takes too long.
        """
        service.log.unlink(missing_ok=True)
        running = Running(service)
        deadline = time.monotonic() + timeout_seconds
        try:
            while (code := running.exit_code()) is None:
                self.pulse()
                if time.monotonic() > deadline:
                    raise StartFailed(_account(service, "did not end in time"))
        finally:
            running.end()
        if code != 0:
            raise StartFailed(_account(service, f"exited with {code}"))

    def wait_until(self, met: Callable[[], bool], *, timeout_seconds: float) -> bool:
        """Look after the services until the condition holds; False when it never did.

        Raises: ParentGone.
        """
        deadline = time.monotonic() + timeout_seconds
        while not met():
            if time.monotonic() > deadline:
                return False
            self.pulse()
        return True

    def pulse(self) -> None:
        """Look once at every service, then rest a moment.

        Raises: ParentGone.
        """
        if self._parent is not None and os.getppid() != self._parent:
            raise ParentGone
        self._leash.renew()
        for child in self._children():
            child.look_after(self._say)
        time.sleep(PULSE_SECONDS)

    def hurry(self) -> None:
        """Wait for nobody any more: the person asked twice."""
        self._hurry = True

    def stop(self) -> None:
        """Stop stage by stage, the last one first; each is given its grace."""
        while self._stages:
            stage = self._stages[-1]
            for child in stage:
                child.ask_to_stop()
            for child in stage:
                self._see_off(child)
            self._stages.pop()

    def names(self) -> list[str]:
        """Who runs, in the order of their start."""
        return [child.service.name for child in self._children()]

    def pids(self) -> dict[str, int]:
        """The processes by the name of their service."""
        return {child.service.name: child.running.pid for child in self._children()}

    def _children(self) -> list["_Child"]:
        return [child for stage in self._stages for child in stage]

    def _see_off(self, child: "_Child") -> None:
        deadline = time.monotonic() + child.service.grace_seconds
        while not self._hurry and time.monotonic() < deadline:
            if child.running.wait(PULSE_SECONDS):
                break
        else:
            self._say(f"{child.service.name} did not stop by itself and is killed")
        child.running.end()


class _Child:
    """A service that is to run until told otherwise."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.running = Running(service)
        self._failures = 0
        self._due_at: float | None = None

    def is_ready(self) -> bool:
        return self.running.exit_code() is None and self.service.ready()

    def look_after(self, say: Say) -> None:
        """Start it again when it has exited, each time after a longer pause."""
        code = self.running.exit_code()
        now = time.monotonic()
        if code is None:
            return
        if self._due_at is None:
            self._bury(code, now=now, say=say)
        elif now >= self._due_at:
            self._due_at = None
            self.running = Running(self.service)

    def refuse_to_wait(self, *, past: float) -> None:
        if self._failures >= START_ATTEMPTS:
            raise StartFailed(_account(self.service, "keeps exiting"))
        if time.monotonic() > past:
            raise StartFailed(_account(self.service, "is not ready in time"))

    def ask_to_stop(self) -> None:
        self.running.ask_to_stop()

    def _bury(self, code: int, *, now: float, say: Say) -> None:
        # Its children are of no use to the next one, and may hold what it needs.
        self.running.end()
        if now - self.running.started_at > STEADY_SECONDS:
            self._failures = 0
        delay = min(FIRST_DELAY_SECONDS * 2**self._failures, LONGEST_DELAY_SECONDS)
        self._failures += 1
        self._due_at = now + delay
        say(
            f"{self.service.name} exited with {code}; it starts again in {delay:g} s "
            f"(log: {self.service.log})"
        )


def _account(service: Service, what: str) -> str:
    return f"{service.name} {what}. Its last lines ({service.log}):\n" + tail(
        service.log
    )
