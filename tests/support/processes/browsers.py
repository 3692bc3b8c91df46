"""Finds the browser that page tests drive."""

import shutil
from collections.abc import Mapping
from pathlib import Path

# The first two draw pages and have no windows: a page in a context of its own takes a
# tenth of the CPU that it takes in a whole browser.
NAMES = (
    "chromium-headless-shell",
    "chrome-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
APPLICATIONS = (
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
)

# A page is looked at for a second: what V8 compiles better in the background, for the
# hour after, is a fifth of what looking costs.
_SCRIPTS = ("--no-opt", "--no-maglev", "--min-semi-space-size=32")


class NoBrowser(Exception):
    """No Chromium was found; the message says how to get one."""


def find_chromium(environment: Mapping[str, str]) -> str:
    """The program: what CHROMIUM names, else one on the path or among applications.

    Raises: NoBrowser.
    """
    if named := environment.get("CHROMIUM"):
        if shutil.which(named) is None:
            raise NoBrowser(f"CHROMIUM names {named}, which cannot be run.")
        return named
    on_path = (shutil.which(name, path=environment.get("PATH")) for name in NAMES)
    installed = (str(path) for path in APPLICATIONS if path.exists())
    for found in (*on_path, *installed):
        if found is not None:
            return found
    raise NoBrowser(
        "The page tests need Chromium or Chrome and found none. Install it with "
        "`apt-get install chromium-headless-shell` (Debian as root; else chromium) or "
        "`brew install --cask chromium` (macOS), or set CHROMIUM to its program."
    )


def switches(*, root: bool) -> list[str]:
    """Start-up switches: nothing that phones home, and what containers need."""
    quiet = [
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--js-flags={' '.join(_SCRIPTS)}",
    ]
    # Chromium refuses to start as root with its sandbox on.
    return ["--no-sandbox", *quiet] if root else quiet
