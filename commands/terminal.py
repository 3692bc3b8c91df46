"""The one way by which commands print: what names hold cannot steer a terminal.

Names, ids and errors come from WeCom, TAPD and whoever writes there: an escape sequence
would clear the screen, a direction mark would turn "not" around.
"""

import io
import sys

import click

from domain.plain_text import as_seen


def visible(text: str) -> str:
    """The text on one line; what would not be seen is shown as Python writes it."""
    return as_seen(text)


def echo(
    text: str, *, fg: str | None = None, nl: bool = True, err: bool = False
) -> None:
    """Print one line, or part of one."""
    click.secho(visible(text), fg=fg, nl=nl, err=err)


def echo_row(*cells: str) -> None:
    """Print one line of a table for programs: its cells with a tab between them.

    Shape: no cell holds a tab or an end of line, so a program may split at them.
    """
    click.echo("\t".join(map(visible, cells)))


def print_anywhere() -> None:
    """Where a terminal lacks a sign, show its number; no command ends by that."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
