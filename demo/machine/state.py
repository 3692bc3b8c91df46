"""The folder in which a run keeps its data, and the lock that makes it ours alone."""

import fcntl
import hashlib
import os
import time
from contextlib import suppress
from pathlib import Path

import psutil

# Linux allows 107 bytes for a socket's path; macOS 103.
_SOCKET_PATH_BYTES = 103
_SOCKET_NAME_BYTES = len("/.s.PGSQL.5432.lock")
_CLEAN_UP_SECONDS = 40.0


class StateBusy(Exception):
    """Another run uses this folder; the message says which."""


class State:
    """A folder of mode 700 for one run at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        self.logs = self.folder / "logs"
        self.logs.mkdir(exist_ok=True)
        self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)

    @property
    def lock(self) -> int:
        """The open file that a cleaner holds too, until it has cleaned up."""
        return self._lock

    def claim(self) -> None:
        """Take the folder, waiting for a killed run's cleaner to finish.

        Raises: StateBusy.
        """
        deadline = time.monotonic() + _CLEAN_UP_SECONDS
        while not self._try():
            owner = self._owner()
            if psutil.pid_exists(owner) or time.monotonic() > deadline:
                raise StateBusy(
                    f"{self.folder} is in use by process {owner}. It runs already; "
                    "stop that one first (Ctrl-C there)."
                )
            time.sleep(0.1)
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, str(os.getpid()).encode("ascii"), 0)

    def close(self) -> None:
        """Let the folder go."""
        os.close(self._lock)

    def folder_for_sockets(self) -> Path:
        """A private folder whose path is short enough for a Unix socket."""
        inside = self.folder / "s"
        if len(os.fsencode(inside)) + _SOCKET_NAME_BYTES <= _SOCKET_PATH_BYTES:
            return _private(inside)
        return _private(Path("/tmp") / self.nickname())  # noqa: S108 - checked below

    def nickname(self) -> str:
        """A short name that is always the same for this folder and this person."""
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return f"tapd-sync-{os.getuid()}-{digest}"

    def _try(self) -> bool:
        with suppress(BlockingIOError):
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    def _owner(self) -> int:
        text = os.pread(self._lock, 32, 0).decode("ascii")
        return int(text) if text.isdigit() else 0


def _private(folder: Path) -> Path:
    """The folder with mode 700, refused when somebody else made it first."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise StateBusy(f"{folder} belongs to somebody else; remove it.")
    folder.chmod(0o700)
    return folder
