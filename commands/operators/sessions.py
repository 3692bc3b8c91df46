"""`list-operators`, `set-role`, `end-sessions`: who is in, and as what."""

import click

from commands.auditing import note, note_deed
from commands.session import Failed, opened_pool, read_settings
from commands.terminal import echo
from domain.roles import Role
from store.database import transaction
from store.platform import deeds, operators
from store.sessions import operator_sessions

_reason = click.option("--reason", required=True, help="Kept in the audit.")


@click.command("list-operators")
def list_operators() -> None:
    """Who may sign in by a token, and whom the house's provider has let in."""
    with opened_pool(read_settings()) as pool, transaction(pool) as connection:
        named = operators.list_operators(connection)
        guests = operator_sessions.list_of_provider(connection)
    for each in named:
        echo(f"{each.role:<9} {each.name} ({each.sessions} sessions)")
    for guest in guests:
        echo(
            f"{guest.role:<9} {guest.name} ({guest.sessions} sessions)"
            f" --subject {guest.subject}"
        )


@click.command("set-role")
@click.argument("name")
@click.argument("role", type=click.Choice([each.value for each in Role]))
@_reason
def set_role(name: str, role: str, reason: str) -> None:
    """Let the operator NAME do what ROLE may, from their next click on."""
    settings = read_settings()
    with opened_pool(settings) as pool, transaction(pool) as connection:
        before = operators.find_role(connection, name)
        if before is None:
            raise Failed(
                f"There is no operator {name}: python manage.py list-operators"
            )
        operators.set_role(connection, name, Role(role))
        note(
            connection,
            settings,
            "set_role",
            target=f"operator:{name}",
            reason=reason,
            before={"role": before},
            after={"role": role},
        )
    echo(f"{name} is {role} now; before: {before}.")


@click.command("end-sessions")
@click.argument("name", required=False)
@click.option("--subject", help="Of somebody of the house's provider: list-operators.")
@_reason
def end_sessions(name: str | None, subject: str | None, reason: str) -> None:
    """Sign the operator NAME out everywhere; their token stays good."""
    if (name is None) == (subject is None):
        raise click.UsageError("Say either a NAME or a --subject.")
    settings = read_settings()
    with opened_pool(settings) as pool, transaction(pool) as connection:
        if name is not None and operators.find_role(connection, name) is None:
            raise Failed(
                f"There is no operator {name}: python manage.py list-operators"
            )
        ended = (
            operator_sessions.end_all(connection, name)
            if name is not None
            else operator_sessions.end_of_subject(connection, str(subject))
        )
        whose = f"operator:{name}" if name else f"oidc:{subject}"
        deed = deeds.sessions_ended(whose, ended=ended)
        note_deed(connection, settings, deed, reason=reason)
    echo(f"{ended} sessions ended.")
