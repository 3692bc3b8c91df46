"""Lets TAPD's people sign in with WeCom: the demo does what an operator would do."""

import subprocess
import sys
from collections.abc import Mapping

from demo.company import Addresses
from demo.processes import ROOT, process_environment
from demo.session import Session
from demo.supervisor import StartFailed

_SECONDS = 60.0


def offer_sign_in(
    session: Session, addresses: Addresses, *, settings: Mapping[str, str]
) -> None:
    """Make TAPD a client of the product, and tell TAPD who it is there.

    Raises: StartFailed.
    """
    own = addresses.look("tapd/issuer")
    done = subprocess.run(  # noqa: S603 - our own command
        [
            *(sys.executable, "manage.py", "create-client", "TAPD"),
            *("--redirect", own["redirect_uri"]),
            *("--back-channel", own["back_channel_uri"]),
        ],
        cwd=ROOT,
        env=process_environment(session, settings=settings),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        raise StartFailed(done.stderr.strip())
    told = dict(line.split("=", 1) for line in done.stdout.splitlines())
    addresses.tell("tapd/issuer", {"issuer": settings["PUBLIC_URL"], **told})
