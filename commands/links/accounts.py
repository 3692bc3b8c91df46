"""`import-accounts`: TAPD's people from a file, or from TAPD itself."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from commands.auditing import note
from commands.links.account_files import AccountList, Blank, read_accounts
from commands.links.file_encodings import BadFile, FileEncoding
from commands.session import Failed, opened_pool, read_settings
from commands.terminal import echo
from configuration.tapd_access import open_pace, open_tapd
from domain.ids import CompanyId
from domain.links.accounts import AccountChange
from settings import Settings
from store.database import Connection, transaction
from store.links import accounts
from store.links.accounts import ROWS_AT_ONCE, Upserted
from store.links.link_claims import tell_accounts_changed
from store.org.companies import find_company
from tapd.errors import Denied, Refused, TapdError, Throttled
from tapd.shared_pace import PATIENT_SECONDS
from workers.links.account_reads import ListedAccounts, list_accounts
from workers.queue.bell import open_bell
from workers.queue.broker import make_client

_REDIS_SECONDS = 1.0
_NO_CREDENTIALS = (
    "TAPD cannot be asked without TAPD_CLIENT_ID and TAPD_CLIENT_SECRET:"
    " set both (see .env.example), or import a file."
)


@click.command("import-accounts")
@click.argument("company")
@click.argument(
    "file",
    required=False,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--from-tapd", is_flag=True, help="Ask TAPD's API instead of a FILE.")
@click.option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
@click.option(
    "--clear-empty",
    "blank",
    flag_value=Blank.CLEARS,
    default=Blank.LEFT_ALONE,
    type=Blank,
    help="An empty field clears what is known; otherwise it is left alone.",
)
@click.option(
    "--encoding",
    type=click.Choice([each.value for each in FileEncoding]),
    default=FileEncoding.AUTO.value,
    show_default=True,
    help="Of the FILE; auto refuses what may be either.",
)
def import_accounts(
    company: str,
    file: Path | None,
    from_tapd: bool,
    dry_run: bool,
    blank: Blank,
    encoding: str,
) -> None:
    """Make or change the accounts of COMPANY, all or none.

    A FILE is CSV with the columns account_id, nick, name, mobile, email, in any order,
    under a header. TAPD itself tells no mobiles: what it does not tell is left alone.
    """
    _check_usage(file, from_tapd=from_tapd, blank=blank)
    changes: Sequence[AccountChange] = ()
    if file is not None:
        changes = _read_file(file, blank, FileEncoding(encoding)).changes
    settings = read_settings()
    with opened_pool(settings) as pool:
        with transaction(pool) as connection:
            if find_company(connection, company) is None:
                raise Failed(f"Company {company} is not known here.")
        if from_tapd:
            changes = _ask_tapd(settings, CompanyId(company))
        # What would change is found out by changing it, and taking that back.
        with (
            transaction(pool) as connection,
            connection.transaction(force_rollback=dry_run),
        ):
            done = _import(connection, CompanyId(company), changes)
            mailbox = _tell(connection, CompanyId(company), done)
            note(
                connection,
                settings,
                "put_accounts",
                target=f"company:{company}",
                after={"created": done.created, "changed": done.changed},
            )
    if mailbox is not None and not dry_run:
        open_bell(settings.redis_url).ring(mailbox)
    echo(
        f"{'would be ' if dry_run else ''}created {done.created},"
        f" changed {done.changed}, unchanged {done.unchanged}"
    )


def _tell(connection: Connection, company_id: CompanyId, done: Upserted) -> str | None:
    """Have the members examined whom this may concern; the mailbox to ring."""
    if not (done.created or done.changed):
        return None
    return tell_accounts_changed(connection, company_id)


def _check_usage(file: Path | None, *, from_tapd: bool, blank: Blank) -> None:
    if (file is None) is not from_tapd:
        raise click.UsageError("Name either a FILE or --from-tapd.")
    if from_tapd and blank is Blank.CLEARS:
        # TAPD leaves empty what its admin hides, too: that is no reason to forget it.
        raise click.UsageError("--clear-empty is for a FILE.")


def _read_file(file: Path, blank: Blank, encoding: FileEncoding) -> AccountList:
    try:
        listed = read_accounts(file.read_bytes(), blank=blank, encoding=encoding)
    except BadFile as fault:
        raise Failed(f"{file}: {fault}") from fault
    for each in listed.faults:
        echo(f"line {each.line}: {each.reason}", err=True)
    if listed.faults:
        lines = len({each.line for each in listed.faults})
        raise Failed(f"{lines} bad lines; nothing was imported.")
    return listed


def _ask_tapd(settings: Settings, company_id: CompanyId) -> Sequence[AccountChange]:
    redis = make_client(settings.redis_url, timeout_seconds=_REDIS_SECONDS)
    pace = open_pace(
        settings.tapd,
        redis,
        redis_url=settings.redis_url,
        patience_seconds=PATIENT_SECONDS,
    )
    api = open_tapd(settings.tapd, pace=pace)
    if api is None:
        raise Failed(_NO_CREDENTIALS)
    echo(f"asking TAPD for the people of company {company_id}")
    try:
        listed = list_accounts(api, company_id)
    except TapdError as error:
        raise Failed(f"{error}. {_advice(error)} Nothing was imported.") from error
    _tell_left_out(listed)
    return listed.changes


def _advice(error: TapdError) -> str:
    match error:
        case Denied():
            return "Compare TAPD_CLIENT_ID and TAPD_CLIENT_SECRET with TAPD's console."
        case Refused():
            return (
                "Is this the company's id in TAPD, and has its admin installed the app"
                " there, with the right to read members (user#read)? In TAPD: 公司管理"
                " › 开放集成."
            )
        case Throttled():
            return f"Try again in {error.wait_seconds:.0f} seconds."
        case _:
            return "Try again later; is TAPD_API_URL right?"


def _tell_left_out(listed: ListedAccounts) -> None:
    if listed.left_out:
        echo(f"left out {listed.left_out}: TAPD named them by no usable id")


def _import(
    connection: Connection, company_id: CompanyId, changes: Sequence[AccountChange]
) -> Upserted:
    done = Upserted()
    on_terminal = sys.stdout.isatty()
    with click.progressbar(
        length=len(changes), label="accounts", hidden=not on_terminal
    ) as bar:
        for start in range(0, len(changes), ROWS_AT_ONCE):
            part = changes[start : start + ROWS_AT_ONCE]
            done += accounts.upsert(connection, company_id, part)
            bar.update(len(part))
            if not on_terminal:
                echo(f"accounts {start + len(part)} of {len(changes)}")
    return done
