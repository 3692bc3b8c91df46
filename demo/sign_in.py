"""Lets TAPD's people sign in with WeCom: the demo does what an operator would do."""

import subprocess
import sys
from collections.abc import Mapping

from demo.company import Addresses
from demo.machine.supervisor import StartFailed
from demo.processes import ROOT, process_environment
from demo.session import Session

_SECONDS = 60.0


def offer_sign_in(
    session: Session, addresses: Addresses, *, settings: Mapping[str, str]
) -> None:
    """Make TAPD a client of the product, and tell TAPD who it is there.

    Raises: StartFailed.
    """
    own = addresses.look("tapd/issuer")
    redirect = str(own["redirect_uri"])
    # In a database that was named it may be there since the last start, its secret
    # known to nobody any more.
    for client_id in _clients_of(_manage(session, settings, "list-clients"), redirect):
        _manage(session, settings, "remove-client", client_id)
    made = _manage(
        session,
        settings,
        *("create-client", "TAPD", "--redirect", redirect),
        *("--back-channel", str(own["back_channel_uri"])),
    )
    told = dict(line.split("=", 1) for line in made.splitlines())
    addresses.tell("tapd/issuer", {"issuer": settings["PUBLIC_URL"], **told})


def _clients_of(listed: str, redirect: str) -> list[str]:
    """The clients in a list of them whose users come back to this address."""
    found: list[str] = []
    client_id = ""
    for line in listed.splitlines():
        if not line.startswith(" "):
            client_id = line.partition(" ")[0]
        elif line.split() == ["redirect", redirect]:
            found.append(client_id)
    return found


def _manage(session: Session, settings: Mapping[str, str], *arguments: str) -> str:
    """What a command of `manage.py` prints.

    Raises: StartFailed.
    """
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=process_environment(session, settings=settings),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        raise StartFailed(done.stderr.strip())
    return done.stdout
