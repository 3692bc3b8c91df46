"""`create-operator` and `remove-operator`: who may sign in to the console."""

import re
import secrets

import click

from commands.session import Failed, opened_pool, read_settings
from commands.terminal import echo
from store.database import transaction
from store.platform import operators

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
_TOKEN_BYTES = 32


def _named(
    context: click.Context,
    parameter: click.Parameter,
    value: str | None,
) -> str | None:
    if value is not None and not _NAME.fullmatch(value):
        raise click.BadParameter(
            "use 1 to 32 of a-z, 0-9, ., - and _, a letter or digit first."
        )
    return value


@click.command("create-operator")
@click.argument("name", callback=_named, required=False)
@click.option("--renew", is_flag=True, help="Give an operator another token.")
def create_operator(name: str | None, renew: bool) -> None:
    """Make an operator NAME and print the token that they sign in with, once.

    Without a NAME they get one.
    """
    if name is None and renew:
        raise click.UsageError("Say the NAME of the operator who gets another token.")
    name = name or f"operator-{secrets.token_hex(3)}"
    settings = read_settings()
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    store = operators.renew if renew else operators.create
    with opened_pool(settings) as pool, transaction(pool) as connection:
        stored = store(connection, name, token=token)
    if not stored and renew:
        raise Failed(f"There is no operator {name}: leave --renew out to make one.")
    if not stored:
        raise Failed(f"There is an operator {name}: --renew gives another token.")
    echo(token)
    echo(
        f"{name} signs in with it at {settings.public_url}/console/."
        " It is shown this once; only its hash is stored.",
        err=True,
    )


@click.command("remove-operator")
@click.argument("name", callback=_named)
def remove_operator(name: str) -> None:
    """Let the operator NAME in no more; open sessions end at once."""
    with opened_pool(read_settings()) as pool, transaction(pool) as connection:
        removed = operators.remove(connection, name)
    if not removed:
        raise Failed(f"There is no operator {name}.")
    echo(f"{name} is let in no more.")
