"""What was told when, to whom and with what success; a test; what is told at all."""

from datetime import UTC, datetime

from flask import request, url_for
from flask.typing import ResponseReturnValue

from store.alerts import alerts
from store.alerts import deliveries as alert_deliveries
from store.database import transaction
from store.health.kinds import ProblemKind
from web.access import Audience, seen_by
from web.console import acting
from web.console.blueprint import console
from web.console.frame import show
from web.console.limits import limits
from web.console.stream import live
from web.http.cursors import cut
from web.http.problems import Problem
from web.services import services

_PAGE_ROWS = 50
_OPEN = 200
_DELIVERIES = 30


@console.get("/alerts")
@seen_by(Audience.OPERATOR)
@live
def list_alerts() -> ResponseReturnValue:
    """What lasts, what is over, the channels, and the last deliveries."""
    of = ["console-alerts"]
    position = services().cursors.open(request.args.get("cursor"), of=of)
    with transaction(services().pool) as connection:
        past = alerts.list_alerts(
            connection,
            is_open=False,
            before=position[0] if position else None,
            limit=_PAGE_ROWS + 1,
        )
        shown, end = cut(past, limit=_PAGE_ROWS, position=lambda row: [row.alert_id])
        following = services().cursors.seal(end, of=of) if end else None
        return show(
            "console/alerts.html",
            place="alerts",
            lasting_now=alerts.list_alerts(connection, is_open=True, limit=_OPEN),
            past=shown,
            channels=services().alert_channels(),
            deliveries=alert_deliveries.list_latest(connection, limit=_DELIVERIES),
            kinds=[each.value for each in ProblemKind],
            told_kinds=alert_deliveries.list_told(connection),
            limits=limits(datetime.now(UTC)),
            done=acting.done_word(),
            next=following and url_for("console.list_alerts", cursor=following),
        )


@console.post("/alerts/test")
@seen_by(Audience.OPERATOR)
def test_channels() -> ResponseReturnValue:
    """Send a test by every channel; what came of it is among the deliveries."""
    names = services().alert_channels()
    if not names:
        raise Problem(
            409,
            "No channel is set up: set ALERT_URLS or ALERT_WEBHOOK_URL.",
            words="channels",
        )
    with transaction(services().pool) as connection:
        alert_deliveries.queue_test(connection, names)
        acting.keep(
            connection,
            "test_alerts",
            target="alerts",
            reason=acting.given_reason(),
            after={"channels": len(names)},
        )
    return acting.back("console.list_alerts", "test")


@console.post("/alerts/kinds")
@seen_by(Audience.OPERATOR)
def choose_kinds() -> ResponseReturnValue:
    """Tell these kinds of alerts from now on; the others are only kept here."""
    reason = acting.wanted_reason()
    wanted = set(request.form.getlist("kind")) & {each.value for each in ProblemKind}
    with transaction(services().pool) as connection:
        before = alert_deliveries.list_told(connection)
        alert_deliveries.switch(connection, wanted)
        acting.keep(
            connection,
            "choose_alerts",
            target="alerts",
            reason=reason,
            before={"told": sorted(before)},
            after={"told": sorted(wanted)},
        )
    return acting.back("console.list_alerts", "choose_alerts")
