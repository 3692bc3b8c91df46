"""One program that must run: what starts it, when it is ready, how it is stopped."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from demo.machine.launch import NOBODY, Identity, before_exec

LOG_TAIL_LINES = 20
NOTHING = "(it wrote nothing)"
_POLL_SECONDS = 0.02


def always() -> bool:
    """Ready as soon as it runs: for programs that answer nobody."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A program and its manners."""

    name: str
    command: tuple[str, ...]
    folder: Path
    log: Path
    environment: Mapping[str, str] = field(repr=False)
    ready: Callable[[], bool] = always
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 25.0
    identity: Identity = Identity.SAME


class Running:
    """One started service: its process, and whatever that process started."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.started_at = time.monotonic()
        self._ended = False
        nobody = service.identity is Identity.NOBODY
        with service.log.open("ab") as log:
            # A group of its own: Ctrl-C reaches us alone, and we stop in order.
            self._process = subprocess.Popen(  # noqa: S603 - our own commands
                service.command,
                cwd=service.folder,
                env=dict(service.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=NOBODY if nobody else None,
                group=NOBODY if nobody else None,
                extra_groups=[] if nobody else None,
                preexec_fn=before_exec(
                    death_signal=service.stop_signal, identity=service.identity
                ),
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._process.poll()

    def ask_to_stop(self) -> None:
        """Send the stop signal to the process itself; it tells its own children."""
        if self.exit_code() is None:
            self._process.send_signal(self.service.stop_signal)

    def wait(self, seconds: float) -> bool:
        """Whether it ended within that time."""
        deadline = time.monotonic() + seconds
        while self.exit_code() is None:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def end(self) -> None:
        """Kill what is left of it, the children that lost their parent included.

        Repeats: does nothing, because the number may be another's group by then.
        """
        if self._ended:
            return
        self._ended = True
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def tail(log: Path) -> str:
    """The last lines a service wrote, for the person who must know why it failed."""
    if not log.exists():
        return NOTHING
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-LOG_TAIL_LINES:]) or NOTHING
