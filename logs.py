"""How every process of ours writes its log: one JSON line each, a phrase and fields."""

import logging

from pythonjsonlogger.json import JsonFormatter

# A fixed phrase to search for; what differs from line to line is in fields (`extra`).
_FIELDS = ("asctime", "levelname", "name", "process", "message")


def write_json() -> None:
    """Make the lines of this process JSON, whoever has set its handlers up.

    Repeats: harmless.
    """
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.StreamHandler())
        root.setLevel(logging.INFO)
    for handler in root.handlers:
        handler.setFormatter(
            JsonFormatter(
                list(_FIELDS),
                rename_fields={"asctime": "at", "levelname": "level"},
                json_ensure_ascii=False,
            )
        )
