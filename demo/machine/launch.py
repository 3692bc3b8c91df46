"""How a child is started, so that none can outlive the program that started it."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

# "nobody" on every system that matters, and the number a namespace maps us to.
NOBODY = 65534

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000


class Identity(StrEnum):
    """Whom a child runs as; Postgres refuses root, and whom the machine cannot name."""

    SAME = "same"
    NAMESPACE = "namespace"
    NOBODY = "nobody"


def before_exec(
    *, death_signal: signal.Signals, identity: Identity
) -> Callable[[], None]:
    """What a child does between fork and exec: take its identity, tie itself to us."""
    library = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def prepare() -> None:
        if identity is Identity.NAMESPACE:
            _enter_namespace(library)
        # After the identity: the kernel forgets the death signal when that changes.
        if sys.platform == "linux":
            library.prctl(_PR_SET_PDEATHSIG, int(death_signal))
            if os.getppid() != parent:
                os._exit(1)

    return prepare


def namespaces_work() -> bool:
    """Whether this kernel and container let us enter a user namespace.

    Asked in a child of its own, because there is no way back out of one.
    """
    if sys.platform != "linux":
        return False
    child = os.fork()
    if child == 0:
        try:
            _enter_namespace(ctypes.CDLL(None, use_errno=True))
        except OSError:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def _enter_namespace(library: ctypes.CDLL) -> None:
    """Be nobody to oneself while every file stays ours to the rest of the machine."""
    uid, gid = os.geteuid(), os.getegid()
    if library.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWUSER)")
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{NOBODY} {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{NOBODY} {gid} 1", encoding="ascii")
