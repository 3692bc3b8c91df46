"""`alert-kinds` and `test-alerts`: what is told when something is out of step."""

import click

from commands.auditing import note
from commands.session import Failed, opened_pool, read_settings
from commands.terminal import echo
from store.alerts import deliveries as alert_deliveries
from store.database import transaction
from store.health.kinds import ProblemKind
from workers.alerts.channels import open_channels

_KINDS = [each.value for each in ProblemKind]


@click.command("alert-kinds")
@click.option("--tell", multiple=True, type=click.Choice(_KINDS), help="Repeatable.")
@click.option("--tell-none", is_flag=True, help="Keep all of them here alone.")
@click.option("--reason", default="", help="Kept in the audit; needed to change them.")
def alert_kinds(tell: tuple[str, ...], tell_none: bool, reason: str) -> None:
    """List which kinds of alerts are told, or tell just those named from now on."""
    settings = read_settings()
    wanted = set(tell)
    if bool(wanted) and tell_none:
        raise click.UsageError("Either --tell or --tell-none.")
    changes = bool(wanted) or tell_none
    if changes and not reason.strip():
        raise click.UsageError("What is told changes with a --reason only.")
    with opened_pool(settings) as pool, transaction(pool) as connection:
        before = alert_deliveries.list_told(connection)
        if changes:
            alert_deliveries.switch(connection, wanted)
            note(
                connection,
                settings,
                "choose_alerts",
                target="alerts",
                reason=reason,
                before={"told": sorted(before)},
                after={"told": sorted(wanted)},
            )
        told = alert_deliveries.list_told(connection)
    for each in _KINDS:
        echo(f"{'told' if each in told else 'kept':<5} {each}")


@click.command("test-alerts")
@click.option("--reason", required=True, help="Kept in the audit.")
def test_alerts(reason: str) -> None:
    """Tell a test by every channel; a worker does it within seconds."""
    settings = read_settings()
    names = list(open_channels(settings.alerts))
    if not names:
        raise Failed("No channel is set up: set ALERT_URLS or ALERT_WEBHOOK_URL.")
    with opened_pool(settings) as pool, transaction(pool) as connection:
        alert_deliveries.queue_test(connection, names)
        note(
            connection,
            settings,
            "test_alerts",
            target="alerts",
            reason=reason,
            after={"channels": len(names)},
        )
    for each in names:
        echo(f"queued {each}")
    echo("What came of it: /console/alerts, or GET /api/v1/alert-settings.")
