"""A batch of retries: what it would do, then how far it is, with a button to stop."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask.typing import ResponseReturnValue

from store.database import transaction
from store.events import retries
from store.events.retries import RetryBatch
from store.platform import deeds
from web.access import Audience, seen_by
from web.console import acting
from web.console.blueprint import console
from web.console.frame import show
from web.console.stream import live
from web.http.problems import Problem
from web.http.texts import translate
from web.services import services


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How long a batch takes at its pace, and how much of that is over."""

    lasts_seconds: float
    left_seconds: float
    hold_seconds: float


@console.get("/events/batches/<batch_id>")
@seen_by(Audience.OPERATOR)
@live
def show_batch(batch_id: str) -> ResponseReturnValue:
    """The dry run with its exact count, or the progress of what was started."""
    with transaction(services().pool) as connection:
        batch = retries.find(connection, batch_id)
    if batch is None:
        raise Problem(404, f"batch {batch_id}: not known here.")
    return show(
        "console/batch.html",
        place="events",
        batch=batch,
        outlook=_outlook(batch, datetime.now(UTC)),
        done=acting.done_word(),
    )


@console.post("/events/batches/<batch_id>/start")
@seen_by(Audience.OPERATOR)
def start_batch(batch_id: str) -> ResponseReturnValue:
    """Start what was counted, in ten seconds."""
    reason = acting.wanted_reason()
    with transaction(services().pool) as connection:
        batch = retries.find(connection, batch_id)
        if batch is None:
            raise Problem(404, f"batch {batch_id}: not known here.")
        if not retries.start(connection, batch_id, reason=reason):
            raise _wrong_state(batch)
        acting.keep_deed(connection, deeds.batch_started(batch), reason=reason)
    return acting.back("console.show_batch", "start", batch_id=batch_id)


@console.post("/events/batches/<batch_id>/stop")
@seen_by(Audience.OPERATOR)
def stop_batch(batch_id: str) -> ResponseReturnValue:
    """Retry nothing more of it."""
    with transaction(services().pool) as connection:
        batch = retries.find(connection, batch_id)
        if batch is None:
            raise Problem(404, f"batch {batch_id}: not known here.")
        if not retries.stop(connection, batch_id):
            raise _wrong_state(batch)
        acting.keep_deed(
            connection, deeds.batch_stopped(batch), reason=acting.given_reason()
        )
    return acting.back("console.show_batch", "stop", batch_id=batch_id)


def _wrong_state(batch: RetryBatch) -> Problem:
    return Problem(
        409,
        f"batch {batch.batch_id} is {batch.state}.",
        words="batch_state",
        state=translate(f"batch_state.{batch.state}"),
    )


def _outlook(batch: RetryBatch, now: datetime) -> Outlook:
    pace = 60.0 / batch.per_minute
    hold = (batch.starts_at or now) - now
    return Outlook(
        lasts_seconds=batch.matching * pace,
        left_seconds=max(0, batch.matching - batch.done) * pace,
        hold_seconds=max(timedelta(), hold).total_seconds(),
    )
