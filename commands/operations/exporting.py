"""`export`: a list of the console as a file, for who has only a shell."""

import click

from commands.auditing import note_deed
from commands.operations.operations import filter_of_line
from commands.session import Failed, opened_pool, read_settings
from commands.terminal import echo
from settings import Settings
from store.database import Connection, transaction
from store.org.corps import find_live
from store.platform import deeds
from store.sealing import Keyring
from store.summaries.org.people_list import PeopleFilter
from web.operations import exports
from web.operations.exports import ExportFormat, ExportKind, Table


@click.command("export")
@click.argument("kind", type=click.Choice([each.value for each in ExportKind]))
@click.option(
    "--format",
    "form",
    type=click.Choice([each.value for each in ExportFormat]),
    default="csv",
)
@click.option("--query", default="", help="Of events: a line as in the console.")
@click.option("--find", default="", help="Of corps and people: id or name has this.")
@click.option("--corp", help="Of people: whose.")
@click.option("--actor", help="Of the audit.")
@click.option("--target", help="Of the audit.")
@click.option("--reason", required=True, help="Kept in the audit.")
def export(kind: str, form: str, reason: str, **wanted: str | None) -> None:
    """Print KIND (events, corps, people, audit) as CSV or JSON, 10 000 rows at most."""
    settings = read_settings()
    with opened_pool(settings) as pool, transaction(pool) as connection:
        table = _table(connection, ExportKind(kind), wanted, settings)
        deed = deeds.list_exported(
            kind, rows=len(table.rows), form=form, corp_id=wanted["corp"]
        )
        note_deed(connection, settings, deed, reason=reason)
    echo(exports.write(table, ExportFormat(form)))
    if table.is_cut:
        echo(f"Cut after {exports.MOST_ROWS} rows.", err=True)


def _table(
    connection: Connection,
    kind: ExportKind,
    wanted: dict[str, str | None],
    settings: Settings,
) -> Table:
    find = wanted["find"] or ""
    match kind:
        case ExportKind.EVENTS:
            return exports.events_of(
                connection, filter_of_line(wanted["query"] or "", settings)
            )
        case ExportKind.CORPS:
            return exports.corps_of(connection, find=find)
        case ExportKind.PEOPLE:
            corp = find_live(connection, wanted["corp"] or "")
            if corp is None:
                raise Failed("Say whose people: --corp CORP.")
            return exports.people_of(connection, corp.corp_pk, PeopleFilter(find=find))
        case ExportKind.AUDIT:
            return exports.audit_of(
                connection,
                actor=wanted["actor"],
                target=wanted["target"],
                keyring=Keyring(settings.secret_keys),
            )
