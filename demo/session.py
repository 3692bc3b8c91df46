"""One run in the foreground: claims its folder, reports, and always cleans up."""

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import click

from demo.machine.leash import Leash
from demo.machine.leftovers import MARK, end_leftovers
from demo.machine.postgres import folders_outside
from demo.machine.state import State
from demo.machine.supervisor import ParentGone, Supervisor

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Progress:
    """Plain lines with the seconds since the start."""

    def __init__(self) -> None:
        self._started_at = time.monotonic()
        self._silent = False

    def say(self, text: str) -> None:
        """Report one step."""
        self._echo(f"[{time.monotonic() - self._started_at:6.1f} s] {text}")

    def box(self, lines: Sequence[str]) -> None:
        """Show what the person has been waiting for."""
        rule = "-" * min(88, max(len(line) for line in lines))
        self._echo("\n".join(("", rule, *lines, rule, "")))

    def _echo(self, text: str) -> None:
        if self._silent:
            return
        try:
            click.echo(text)
            sys.stdout.flush()
        except OSError:
            # The terminal or the pipe is gone; stopping in order matters more.
            self._silent = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What every step of a run needs."""

    state: State
    supervisor: Supervisor
    progress: Progress

    def log(self, name: str) -> Path:
        """Where a service of that name writes."""
        return self.state.logs / f"{name}.log"

    def environment(self) -> dict[str, str]:
        """Ours, with the mark by which what we start is found again."""
        return {**os.environ, MARK: str(self.state.folder)}


@contextmanager
def open_session(folder: Path, *, parent: int | None) -> Iterator[Session]:
    """A run until it ends or is told to; nothing it started is left afterwards.

    Raises: StateBusy, and whatever the run raises except the wish to stop.
    """
    progress = Progress()
    state = State(folder)
    with ExitStack() as stack:
        stack.callback(state.close)
        state.claim()
        if ended := end_leftovers(state.folder, folders_outside(state)):
            progress.say(f"ended {ended} processes that an earlier run left behind")
        leash = Leash(state, folders=folders_outside(state))
        stack.callback(leash.release)
        supervisor = Supervisor(say=progress.say, leash=leash, parent=parent)
        stack.callback(_stop, supervisor, progress)
        _on_signals(_interrupt)
        try:
            yield Session(state=state, supervisor=supervisor, progress=progress)
        except (KeyboardInterrupt, ParentGone):
            # Asked to stop: that is how a run ends well.
            return


def _stop(supervisor: Supervisor, progress: Progress) -> None:
    if not supervisor.names():
        return
    _on_signals(lambda number, frame: supervisor.hurry())
    progress.say("stopping (once more Ctrl-C to hurry) ...")
    supervisor.stop()
    progress.say("stopped")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _on_signals(handler: "signal._HANDLER") -> None:
    for number in _STOP_SIGNALS:
        # nohup means it: a run that was told to survive its terminal does.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)
