"""A second, tiny process that cleans up when the first one is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from demo.machine.leftovers import MARK, end_leftovers
from demo.machine.state import State

ROOT = Path(__file__).resolve().parents[2]


class Leash:
    """Ends everything of a state folder as soon as this process is gone, however.

    It waits for the end of a pipe that only we hold open, so it needs no signal from
    us and works where the kernel knows no death signal.
    """

    def __init__(self, state: State, *, folders: Sequence[Path] = ()) -> None:
        places = [str(place) for place in (state.folder, *folders)]
        self._command = [sys.executable, "-m", "demo.machine.leash", *places]
        self._lock = state.lock
        self._process = self._start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def renew(self) -> None:
        """Start another one if somebody killed it."""
        if self._process.poll() is not None:
            self._close()
            self._process = self._start()

    def release(self) -> None:
        """Let it clean up now, and wait until it has."""
        self._close()
        self._process.wait()

    def _close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {k: v for k, v in os.environ.items() if k != MARK}
        return subprocess.Popen(  # noqa: S603 - our own module
            self._command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            start_new_session=True,
            # The lock on the state folder: it is free only when all is cleaned up.
            pass_fds=(self._lock,),
        )


def main(arguments: Sequence[str]) -> None:
    """Wait for the pipe to close, then end what is left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 4096):
        pass
    state, *folders = (Path(argument) for argument in arguments)
    end_leftovers(state, folders)


if __name__ == "__main__":
    main(sys.argv[1:])
