"""How gunicorn runs the receiver; its workers count together in a folder of files."""

import shutil
import tempfile
from typing import Any

from serving.listening import socket_address
from settings import load_or_exit

_settings = load_or_exit()
_counters = tempfile.mkdtemp(prefix="receiver-counters-")

bind = socket_address(_settings.bind, _settings.port)
raw_env = [f"PROMETHEUS_MULTIPROC_DIR={_counters}"]


def on_exit(_server: Any) -> None:
    """Remove the counters; gunicorn calls this in its master process."""
    shutil.rmtree(_counters, ignore_errors=True)
