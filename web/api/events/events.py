"""What was pushed to us: list, and retry of what failed or was parked."""

from datetime import datetime
from typing import Literal

from flask import Response
from pydantic import BaseModel, Field

from domain.mailbox import mailbox_of_corp
from store.database import Connection, transaction
from store.inbox import settlement
from store.platform import deeds
from store.summaries.mail import events
from store.summaries.mail.events import EventSummary
from store.summaries.mail.tries import TriedCall, Try, list_tries
from store.summaries.org import corps
from web.access import Audience, seen_by
from web.api.auditing import note_deed
from web.api.blueprint import (
    Id,
    Page,
    ReasonBody,
    Why,
    answer,
    blueprint,
    not_found,
    problems,
)
from web.api.waits import Waits, show_wait
from web.http.cursors import cut
from web.http.problems import Problem
from web.http.shown import show_row
from web.org.corps import pseudonym_key
from web.services import services

api = blueprint("api-events")

EventState = Literal["pending", "done", "folded", "ignored", "parked", "failed"]
LARGEST_ID = 2**63 - 1


class EventPath(BaseModel):
    """Which event."""

    event_id: Id


class EventPage(Page):
    """Which events are wanted; filters combine."""

    corp_id: Id | None = None
    mailbox: Id | None = Field(None, description="corp:<corpid>, code:<hash>, suite.")
    state: EventState | None = None


class Event(BaseModel):
    """One callback, without its content."""

    id: str
    mailbox: str
    kind: str = Field(description="InfoType or Event as WeCom writes it.")
    change: str | None = Field(description="ChangeType, for contact changes.")
    key: str = Field(description="member:<userid>, department:<id>, tag:<id>, corp.")
    state: EventState
    times_seen: int
    received_at: datetime
    done_at: datetime | None
    attempts: int
    outcome: str | None
    error: str | None
    waits: Waits | None = Field(description="Why it is pending still; null for none.")


class EventCall(BaseModel):
    """One call that was made for an event."""

    endpoint: str
    outcome: str = Field(
        description="The errcode; `none` for no answer; `held_back` where a limit or "
        "a back-off forbade the call."
    )
    at: datetime
    milliseconds: int
    about: str = Field(
        description="member, department:<id>, tag:<id>, tree, scope, authorised; empty."
    )
    event_id: str | None = Field(
        description="The event that asks about that person; null where none does."
    )
    answers: int | None = Field(description="How many things the answer named.")


class EventTry(BaseModel):
    """One drain that asked about an event; the last six are kept."""

    at: datetime
    error: str | None = Field(description="Why it was in vain; null where it was not.")
    calls: list[EventCall]
    calls_more: int = Field(description="Calls beyond those that are kept one by one.")


class EventStory(Event):
    """One event, and what was asked about it, oldest first."""

    tries: list[EventTry]


class Events(BaseModel):
    """A page of events, newest first."""

    items: list[Event]
    next: str | None


@api.get("/events", responses={200: Events, **problems(400)})
@seen_by(Audience.BEARER)
def list_events(query: EventPage) -> Response:
    """The events, newest first."""
    of = ["events", query.corp_id, query.mailbox, query.state]
    before = services().cursors.open(query.cursor, of=of) or [None]
    with transaction(services().pool) as connection:
        rows = events.list_events(
            connection,
            mailboxes=_mailboxes(connection, query),
            state=query.state,
            before=before[0],
            limit=query.limit + 1,
        )
    shown, end = cut(rows, limit=query.limit, position=lambda row: [row.event_id])
    following = services().cursors.seal(end, of=of) if end else None
    return answer(Events(items=[_show(row) for row in shown], next=following))


@api.get("/events/<event_id>", responses={200: EventStory, **problems(404)})
@seen_by(Audience.BEARER)
def read_event(path: EventPath) -> Response:
    """One event, with the calls that were made for it."""
    with transaction(services().pool) as connection:
        event = _get(connection, path.event_id)
        tries = list_tries(connection, event.event_id)
    told = [_show_try(each) for each in tries]
    return answer(EventStory(**_show(event).model_dump(), tries=told))


@api.post("/events/<event_id>/retry", responses={202: Event, **problems(404, 409)})
@seen_by(Audience.BEARER)
def retry_event(path: EventPath, query: Why) -> Response:
    """Try a failed or parked event again."""
    with transaction(services().pool) as connection:
        event = _get(connection, path.event_id)
        mailbox = settlement.retry(connection, event.event_id)
        if mailbox is None:
            raise Problem(409, f"event {event.event_id} is {event.state}.")
        deed = deeds.event_retried(event.event_id, mailbox=mailbox, was=event.state)
        note_deed(connection, deed, reason=query.reason)
        event = _get(connection, path.event_id)
    services().ring(mailbox)
    return answer(_show(event), status=202)


@api.post(
    "/events/<event_id>/discard", responses={200: Event, **problems(404, 409, 422)}
)
@seen_by(Audience.BEARER)
def discard_event(path: EventPath, body: ReasonBody) -> Response:
    """Give a failed event up for good; it stays, with its error."""
    with transaction(services().pool) as connection:
        event = _get(connection, path.event_id)
        if not settlement.discard(connection, event.event_id):
            raise Problem(409, f"event {event.event_id} is {event.state}.")
        kind, _, name = event.mailbox.partition(":")
        deed = deeds.event_discarded(
            event.event_id, corp_id=name if kind == "corp" else None
        )
        note_deed(connection, deed, reason=body.reason)
        return answer(_show(_get(connection, path.event_id)))


def _mailboxes(connection: Connection, query: EventPage) -> list[str] | None:
    if query.corp_id is None:
        return None if query.mailbox is None else [query.mailbox]
    names = corps.names_of(query.corp_id, pseudonym_key(connection))
    boxes = [mailbox_of_corp(name) for name in names]
    return [box for box in boxes if query.mailbox in {None, box}]


def _get(connection: Connection, event_id: str) -> EventSummary:
    if not event_id.isascii() or not event_id.isdigit() or int(event_id) > LARGEST_ID:
        not_found(f"event {event_id}")
    found = events.find_event(connection, int(event_id))
    return found or not_found(f"event {event_id}")


def _show(row: EventSummary) -> Event:
    return show_row(Event, row, id=str(row.event_id), waits=show_wait(row.wait))


def _show_try(row: Try) -> EventTry:
    return EventTry(
        at=row.at,
        error=row.error,
        calls=[_show_call(each) for each in row.calls],
        calls_more=row.more,
    )


def _show_call(row: TriedCall) -> EventCall:
    return EventCall(
        endpoint=row.endpoint,
        outcome=row.outcome,
        at=row.at,
        milliseconds=row.milliseconds,
        about=row.about,
        event_id=None if row.event_id is None else str(row.event_id),
        answers=row.answers,
    )
