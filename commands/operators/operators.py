"""`create-operator` and `remove-operator`: who may sign in to the console."""

import re
import secrets

import click

from commands.auditing import note
from commands.session import Failed, opened_pool, read_settings
from commands.terminal import echo
from domain.roles import Role
from store.database import Connection, transaction
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
@click.option(
    "--role",
    type=click.Choice([each.value for each in Role]),
    help="What they may do; default: operator, or with --renew what they may now.",
)
def create_operator(name: str | None, renew: bool, role: str | None) -> None:
    """Make an operator NAME and print the token that they sign in with, once.

    Without a NAME they get one. A viewer reads everything, an operator acts, an admin
    says who may do what.
    """
    if name is None and renew:
        raise click.UsageError("Say the NAME of the operator who gets another token.")
    name = name or f"operator-{secrets.token_hex(3)}"
    settings = read_settings()
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    given = Role(role) if role else None
    with opened_pool(settings) as pool, transaction(pool) as connection:
        before = operators.find_role(connection, name)
        stored = _store(connection, name, token=token, role=given, renew=renew)
        if stored:
            note(
                connection,
                settings,
                "renew_operator" if renew else "create_operator",
                target=f"operator:{name}",
                before={"role": before} if before else {},
                after={"role": operators.find_role(connection, name)},
            )
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
    settings = read_settings()
    with opened_pool(settings) as pool, transaction(pool) as connection:
        before = operators.find_role(connection, name)
        removed = operators.remove(connection, name)
        if removed:
            note(
                connection,
                settings,
                "remove_operator",
                target=f"operator:{name}",
                before={"role": before},
            )
    if not removed:
        raise Failed(f"There is no operator {name}.")
    echo(f"{name} is let in no more.")


def _store(
    connection: Connection, name: str, *, token: str, role: Role | None, renew: bool
) -> bool:
    if renew:
        return operators.renew(connection, name, token=token, role=role)
    return operators.create(connection, name, token=token, role=role or Role.OPERATOR)
