"""What alerts are told, by which channels, with what success; and a test of those."""

from datetime import datetime
from typing import Literal

from flask import Response
from pydantic import BaseModel, Field

from store.alerts import deliveries as alert_deliveries
from store.database import Connection, transaction
from store.health.kinds import ProblemKind
from web.access import Audience, seen_by
from web.api.auditing import note
from web.api.blueprint import ReasonBody, answer, blueprint, problems
from web.http.problems import Problem
from web.http.shown import show_row
from web.services import services

api = blueprint("api-alert-settings")

_DELIVERIES = 100


class ToldBody(ReasonBody):
    """The kinds that are told from now on, and why."""

    told: list[ProblemKind]


class AlertDelivery(BaseModel):
    """One thing told by one channel, and what came of it."""

    id: str
    alert_id: str | None = Field(description="Null for a test.")
    said: Literal["raised", "recovered", "test"]
    channel: str
    state: Literal["queued", "sent", "failed"]
    attempts: int
    queued_at: datetime
    ended_at: datetime | None
    outcome: str


class AlertSettings(BaseModel):
    """What is told, by which channels, and the last deliveries."""

    told: list[ProblemKind]
    channels: list[str] = Field(description="By names that hold no secret.")
    deliveries: list[AlertDelivery]


class TestQueued(BaseModel):
    """By how many channels a test is told."""

    channels: int


@api.get("/alert-settings", responses={200: AlertSettings})
@seen_by(Audience.BEARER)
def read_alert_settings() -> Response:
    """Which kinds are told, and what came of what was told last."""
    with transaction(services().pool) as connection:
        return answer(_show(connection))


@api.put("/alert-settings", responses={200: AlertSettings, **problems(422)})
@seen_by(Audience.BEARER)
def put_alert_settings(body: ToldBody) -> Response:
    """Tell these kinds from now on; the others are only kept."""
    wanted = {each.value for each in body.told}
    with transaction(services().pool) as connection:
        before = alert_deliveries.list_told(connection)
        alert_deliveries.switch(connection, wanted)
        note(
            connection,
            "choose_alerts",
            target="alerts",
            reason=body.reason,
            before={"told": sorted(before)},
            after={"told": sorted(wanted)},
        )
        return answer(_show(connection))


@api.post("/alerts/test", responses={202: TestQueued, **problems(409, 422)})
@seen_by(Audience.BEARER)
def test_alert_channels(body: ReasonBody) -> Response:
    """Tell a test by every channel; what came of it is among the deliveries."""
    names = services().alert_channels()
    if not names:
        raise Problem(409, "No channel is set up: set ALERT_URLS or ALERT_WEBHOOK_URL.")
    with transaction(services().pool) as connection:
        alert_deliveries.queue_test(connection, names)
        note(
            connection,
            "test_alerts",
            target="alerts",
            reason=body.reason,
            after={"channels": len(names)},
        )
    return answer(TestQueued(channels=len(names)), status=202)


def _show(connection: Connection) -> AlertSettings:
    told = alert_deliveries.list_told(connection)
    return AlertSettings(
        told=[each for each in ProblemKind if each.value in told],
        channels=services().alert_channels(),
        deliveries=[
            show_row(
                AlertDelivery,
                each,
                id=str(each.delivery_id),
                alert_id=None if each.alert_id is None else str(each.alert_id),
            )
            for each in alert_deliveries.list_latest(connection, limit=_DELIVERIES)
        ],
    )
