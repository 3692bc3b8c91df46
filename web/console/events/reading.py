"""The search line of a request, as a filter that the store understands."""

from datetime import UTC, datetime

from flask import request

from domain.mailbox import mailbox_of_corp
from store.database import Connection
from store.events.event_filter import EventFilter
from store.summaries.mail.events import EVENT_STATES
from store.summaries.org import corps
from web.console.events.query import BadQuery, EventQuery, read_query
from web.console.zone import zone
from web.http.problems import Problem
from web.org.corps import pseudonym_key


def read(text: str) -> EventQuery:
    """What a line means now.

    Raises: Problem 400 that names the part which cannot be meant.
    """
    try:
        return read_query(
            text,
            now=datetime.now(UTC),
            zone=zone(),
            states=EVENT_STATES,
        )
    except BadQuery as error:
        raise Problem(
            400, f"{error}: cannot be searched for.", words="search", part=str(error)
        ) from error


def asked_line() -> str:
    """The line of this request."""
    return request.values.get("q", "").strip()


def filter_of(connection: Connection, query: EventQuery) -> EventFilter:
    """The filter of a query; a purged corp is found under both of its names."""
    boxes = None
    if query.corp is not None:
        names = corps.names_of(query.corp, pseudonym_key(connection))
        boxes = tuple(mailbox_of_corp(name) for name in names)
    return EventFilter(
        mailboxes=boxes,
        key=query.key,
        kind=query.kind,
        state=query.state,
        error=query.error,
        since=query.since,
        until=query.until,
    )
