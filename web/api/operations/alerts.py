"""Alerts: what was out of step, since when, and when it was over."""

from datetime import datetime

from flask import Response
from pydantic import BaseModel, Field

from store.alerts import alerts
from store.database import transaction
from store.health.kinds import ProblemKind
from web.access import Audience, seen_by
from web.api.blueprint import Page, answer, blueprint, problems
from web.http.cursors import cut
from web.services import services

api = blueprint("api-alerts")


class AlertPage(Page):
    """Which alerts are wanted."""

    kind: ProblemKind | None = None


class Alert(BaseModel):
    """One alert; the same row is the `data` of the webhook."""

    id: str
    kind: ProblemKind
    corp_id: str | None = Field(description="Null where it is no single corp's.")
    raised_at: datetime
    recovered_at: datetime | None = Field(description="Null while it lasts.")


class Alerts(BaseModel):
    """A page of alerts, newest first."""

    items: list[Alert]
    next: str | None


@api.get("/alerts", responses={200: Alerts, **problems(400)})
@seen_by(Audience.BEARER)
def list_alerts(query: AlertPage) -> Response:
    """The alerts, newest first; kept for 90 days after they are over."""
    kind = query.kind.value if query.kind else None
    of = ["alerts", kind]
    position = services().cursors.open(query.cursor, of=of)
    with transaction(services().pool) as connection:
        rows = alerts.list_alerts(
            connection,
            kind=kind,
            before=position[0] if position else None,
            limit=query.limit + 1,
        )
    shown, end = cut(rows, limit=query.limit, position=lambda row: [row.alert_id])
    items = [
        Alert(
            id=str(row.alert_id),
            kind=ProblemKind(row.kind),
            corp_id=row.corp_id,
            raised_at=row.raised_at,
            recovered_at=row.recovered_at,
        )
        for row in shown
    ]
    following = services().cursors.seal(end, of=of) if end else None
    return answer(Alerts(items=items, next=following))
