"""The operator's command line: migrate, look, resync, retry, replay, rotate."""

import logging
import sys

import click

from commands.auditing import note, note_deed, verify_audit
from commands.links.accounts import import_accounts
from commands.links.doubtful_links import doubtful_links
from commands.operations.alerts import alert_kinds, test_alerts
from commands.operations.exporting import export
from commands.operations.looking import refused, reveal
from commands.operations.operations import COMMANDS
from commands.operators.clients import create_client, list_clients, remove_client
from commands.operators.operators import create_operator, remove_operator
from commands.operators.sessions import end_sessions, list_operators, set_role
from commands.org.diff import diff
from commands.org.previews import preview_member
from commands.runs.deciding import approve, reject
from commands.runs.following import follow, report
from commands.runs.plans import plan
from commands.sections import SectionedGroup
from commands.session import Failed, opened_pool, postgres_or_sentence, read_settings
from commands.terminal import echo, print_anywhere
from domain.org.replay import BrokenJournal
from settings import Settings, load
from store.database import Pool, transaction
from store.inbox import settlement
from store.intake.spill import SpillUnavailable, open_spill
from store.migrate import migrate as apply_migrations
from store.oidc import sealed_keys
from store.org.corps import find_live
from store.org.replay import Difference, list_differences
from store.platform import deeds
from store.retention import rotation
from store.retention.spill_rotation import count_old_mail, rotate_spill
from store.runs import requests
from store.sealing import Keyring
from store.summaries.mail.events import find_event
from store.summaries.org.journal import find_data_key
from workers.doctor import doctor as doctors
from workers.doctor.verdicts import Verdict
from workers.queue.bell import open_bell

_MARKS = {
    Verdict.OK: ("ok", "green"),
    Verdict.WARNING: ("warn", "yellow"),
    Verdict.FAILED: ("FAIL", "red"),
    Verdict.LATER: ("later", "cyan"),
}

_NO_SPILL = (
    "The spill cannot be reached, and mail in it may be sealed with an older key. Let "
    "REDIS_URL be reachable, and repeat; keep the older keys."
)


@click.group(
    cls=SectionedGroup, context_settings={"help_option_names": ["-h", "--help"]}
)
def cli() -> None:
    """Operate TAPD-WeCom Sync. Exit status: 0 done, 1 failed, 2 wrong usage."""
    # What goes wrong is told once, in a sentence; libraries would tell it again.
    logging.basicConfig(level=logging.CRITICAL)
    print_anywhere()


@cli.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    database_url = read_settings().database_url
    with postgres_or_sentence(database_url):
        applied = apply_migrations(database_url)
    for name in applied:
        echo(f"applied {name}")
    echo("The database has the newest schema.")


@cli.command()
@click.option(
    "--lang",
    default="en",
    envvar=["LC_ALL", "LANG"],
    metavar="zh|en",
    help="Default: what LANG says.",
)
@click.option("--before-start", is_flag=True, help="Only what processes need to start.")
def doctor(lang: str, before_start: bool) -> None:
    """Probe settings, stores, addresses, callbacks, tokens and the clock."""
    in_chinese = lang.lower().startswith("zh")
    failed = 0
    examine = doctors.examine_before_start if before_start else doctors.examine
    for finding in examine(load):
        mark, colour = _MARKS[finding.verdict]
        said = finding.said.zh if in_chinese else finding.said.en
        echo(f"{mark:<6}", fg=colour, nl=False)
        echo(f"{finding.probe:<18} {said}")
        if finding.advice is not None:
            advice = finding.advice.zh if in_chinese else finding.advice.en
            echo(f"{'':<6}{'':<18} -> {advice}")
        failed += finding.verdict is Verdict.FAILED
    if failed:
        sys.exit(1)


@cli.command()
@click.argument("corp")
@click.option("--deep", is_flag=True, help="Compare column by column.")
@click.option("--reason", default="", help="Kept in the audit.")
def resync(corp: str, deep: bool, reason: str) -> None:
    """Read all of CORP from WeCom again and apply what differs."""
    settings = read_settings()
    with opened_pool(settings) as pool:
        with transaction(pool) as connection:
            found = find_live(connection, corp)
            if found is None or found.state != "linked":
                raise Failed(f"{corp} is {found.state if found else 'not known here'}.")
            run_id = requests.request_run(
                connection, found.corp_pk, cause="operator", deep=deep
            )
            deed = deeds.run_wanted("resync", corp_id=corp, run_id=run_id)
            note_deed(connection, settings, deed, reason=reason)
        open_bell(settings.redis_url).ring_run(run_id)
        echo(f"run {run_id}")
        report(follow(pool, run_id))


@cli.command()
@click.argument("event", type=click.IntRange(min=1, max=2**63 - 1))
@click.option("--reason", default="", help="Kept in the audit.")
def retry(event: int, reason: str) -> None:
    """Try the failed or parked EVENT again."""
    settings = read_settings()
    with opened_pool(settings) as pool, transaction(pool) as connection:
        found = find_event(connection, event)
        mailbox = settlement.retry(connection, event)
        if found is not None and mailbox is not None:
            deed = deeds.event_retried(event, mailbox=mailbox, was=found.state)
            note_deed(connection, settings, deed, reason=reason)
    if mailbox is None:
        raise Failed(f"Event {event} is neither failed nor parked.")
    open_bell(settings.redis_url).ring(mailbox)
    echo(f"Event {event} is pending again in {mailbox}.")


@cli.command()
@click.argument("event", type=click.IntRange(min=1, max=2**63 - 1))
@click.option("--reason", required=True, help="Kept in the audit.")
def discard(event: int, reason: str) -> None:
    """Give the failed EVENT up for good; it stays, with its error."""
    settings = read_settings()
    with opened_pool(settings) as pool, transaction(pool) as connection:
        found = find_event(connection, event)
        if found is None or not settlement.discard(connection, event):
            raise Failed(f"Event {event} is not failed.")
        kind, _, name = found.mailbox.partition(":")
        deed = deeds.event_discarded(event, corp_id=name if kind == "corp" else None)
        note_deed(connection, settings, deed, reason=reason)
    echo(f"Event {event} is given up; manage.py retry takes it up again.")


@cli.command()
@click.argument("corp")
def replay(corp: str) -> None:
    """Fold the journal of CORP from empty and print where the org differs."""
    settings = read_settings()
    with opened_pool(settings) as pool:
        differences = _differences(pool, Keyring(settings.secret_keys), corp)
    for each in differences:
        field = f" {each.field}" if each.field else ""
        echo(f"{each.key}{field}: journal {each.journal!r}, org {each.org!r}")
    if differences:
        raise Failed(f"{len(differences)} differences.")
    echo("The journal gives exactly the org.")


cli.add_command(import_accounts)
cli.add_command(plan)
cli.add_command(preview_member)
cli.add_command(approve)
cli.add_command(reject)
cli.add_command(diff)
cli.add_command(doubtful_links)
cli.add_command(create_operator)
cli.add_command(remove_operator)
cli.add_command(verify_audit)
cli.add_command(list_operators)
cli.add_command(set_role)
cli.add_command(end_sessions)
cli.add_command(alert_kinds)
cli.add_command(test_alerts)
cli.add_command(refused)
cli.add_command(reveal)
cli.add_command(export)
cli.add_command(create_client)
cli.add_command(list_clients)
cli.add_command(remove_client)
for command in COMMANDS:
    cli.add_command(command)


@cli.command("rotate-keys")
def rotate_keys() -> None:
    """Seal everything again with the first of SECRET_KEYS; sign by a new key."""
    settings = read_settings()
    keyring = Keyring(settings.secret_keys)
    # First: mail that leaves the spill meanwhile is in the inbox when its turn comes.
    unreadable = _rotate_spill(settings, keyring)
    with opened_pool(settings) as pool:
        for sealed in rotation.SEALED:
            unreadable += _rotate_column(pool, keyring, sealed)
        with transaction(pool) as connection:
            note(connection, settings, "rotate_keys", target="keys")
    if unreadable:
        raise Failed(
            f"{unreadable} values cannot be opened with any of SECRET_KEYS. Append the "
            "key that sealed them, and repeat; keep the older keys until then."
        )
    _check_nothing_followed(settings, keyring)
    echo("Everything in Postgres and in the spill is sealed with the first key.")
    with opened_pool(settings) as pool, transaction(pool) as connection:
        kid = sealed_keys.rotate(connection, keyring)
    echo(f"ID tokens are signed by the new key {kid} from now on.")


def _check_nothing_followed(settings: Settings, keyring: Keyring) -> None:
    """That no process has sealed anything with an older key since this began.

    Raises: Failed.
    """
    spill = open_spill(settings.redis_url, keyring)
    try:
        found = count_old_mail(spill, keyring)
    except SpillUnavailable as error:
        raise Failed(_NO_SPILL) from error
    with opened_pool(settings) as pool, transaction(pool) as connection:
        for sealed in rotation.SEALED:
            found += rotation.count_old(connection, sealed, keyring)
    if found:
        raise Failed(
            f"{found} values were sealed with an older key meanwhile: a process runs "
            "with the former SECRET_KEYS. Start all processes again with the new ones, "
            "and repeat; keep the older keys until then."
        )


def _differences(pool: Pool, keyring: Keyring, corp_id: str) -> list[Difference]:
    with transaction(pool) as connection:
        corp = find_live(connection, corp_id)
        if corp is None:
            raise Failed(f"{corp_id} is not known here.")
        data_key = find_data_key(connection, corp.corp_pk, keyring=keyring)
    if data_key is None:
        raise Failed(f"{corp_id} has no data key yet.")
    with transaction(pool) as connection:
        try:
            return list_differences(connection, corp.corp_pk, data_key=data_key)
        except BrokenJournal as error:
            raise Failed(f"The journal does not fold: {error}.") from error


def _rotate_column(pool: Pool, keyring: Keyring, sealed: rotation.Sealed) -> int:
    """How many values of the column no key opens."""
    with transaction(pool) as connection:
        old = rotation.count_old(connection, sealed, keyring)
    renewed = unreadable = 0
    batches = rotation.rotate(pool, keyring, sealed)
    with click.progressbar(
        length=old, label=sealed.name, hidden=not (old and sys.stdout.isatty())
    ) as bar:
        for batch in batches:
            renewed += batch.renewed
            unreadable += batch.unreadable
            bar.update(batch.renewed + batch.unreadable)
    echo(f"{sealed.name}: {renewed} sealed again, {unreadable} unreadable")
    return unreadable


def _rotate_spill(settings: Settings, keyring: Keyring) -> int:
    """How much mail of the spill no key opens."""
    try:
        done = rotate_spill(open_spill(settings.redis_url, keyring), keyring)
    except SpillUnavailable as error:
        raise Failed(_NO_SPILL) from error
    echo(f"spill: {done.renewed} sealed again, {done.unreadable} unreadable")
    return done.unreadable


if __name__ == "__main__":
    cli()
