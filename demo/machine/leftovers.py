"""Finds and ends what an earlier run left behind, when that run was killed."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

# Everything a run starts carries this name in its environment, with the run's folder.
MARK = "TAPD_SYNC_STATE"

# Postgres overwrites its environment with its title; servers are known by their folder.
SERVERS = frozenset({"postgres", "valkey-server", "redis-server"})

# Programs hold nothing that is not safe; Postgres needs a moment for its checkpoint.
_PROGRAM_SECONDS = 2.0
_SERVER_SECONDS = 10.0
_ROUNDS = 5


def list_leftovers(state: Path, folders: Sequence[Path] = ()) -> list[psutil.Process]:
    """Every process that runs for this state folder or in one of its data folders."""
    places = (state, *folders)
    return [
        process for process in psutil.process_iter() if _belongs(process, state, places)
    ]


def end_leftovers(state: Path, folders: Sequence[Path] = ()) -> int:
    """End them, the servers last, and return how many there were.

    Repeats: until none is found, because a dying parent may still start children.
    """
    ended = 0
    for _ in range(_ROUNDS):
        found = list_leftovers(state, folders)
        if not found:
            break
        ended += len(found)
        servers = [process for process in found if _name(process) in SERVERS]
        programs = [process for process in found if process not in servers]
        _end(programs, patience_seconds=_PROGRAM_SECONDS)
        _end(servers, patience_seconds=_SERVER_SECONDS)
    return ended


def _belongs(process: psutil.Process, state: Path, places: Sequence[Path]) -> bool:
    with suppress(psutil.Error, OSError):
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        if process.environ().get(MARK) == str(state):
            return True
        if process.name() in SERVERS:
            return any(Path(process.cwd()).is_relative_to(place) for place in places)
    return False


def _end(processes: list[psutil.Process], *, patience_seconds: float) -> None:
    for process in _tops(processes):
        with suppress(psutil.NoSuchProcess):
            # To Postgres SIGTERM means: wait until the last client has gone.
            postgres = _name(process) == "postgres"
            process.send_signal(signal.SIGINT if postgres else signal.SIGTERM)
    _, alive = psutil.wait_procs(processes, timeout=patience_seconds)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=patience_seconds)


def _tops(processes: list[psutil.Process]) -> Iterator[psutil.Process]:
    """Those whose parent is not among them: a parent stops its own children best."""
    pids = {process.pid for process in processes}
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.ppid() not in pids:
                yield process


def _name(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return process.name()
    return ""
