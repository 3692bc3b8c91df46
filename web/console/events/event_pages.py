"""Everything that was pushed to us: searched, grouped by failure, told one by one."""

from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from store.database import Connection, transaction
from store.events import retries
from store.events.event_filter import SET_ASIDE, EventFilter
from store.health.corps import errcode_in
from store.inbox import settlement
from store.platform import deeds
from store.summaries.mail import event_search
from store.summaries.mail.event_search import EventPage, FailureGroup
from store.summaries.mail.events import EVENT_STATES, EventRow, EventSummary, find_event
from tracing import spans
from tracing.ids import ids_of_event
from web.access import Audience, seen_by
from web.console import acting
from web.console.blueprint import console
from web.console.events.query import write_part
from web.console.events.reading import asked_line, filter_of, read
from web.console.events.story import tell_story
from web.console.frame import show
from web.console.stream import live
from web.http.problems import Problem
from web.http.texts import translate
from web.services import services

_PAGE_ROWS = 50
LARGEST_ID = 2**63 - 1
_BLOCKS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGroup:
    """Failures that say the same, and the line that finds just them."""

    group: FailureGroup
    query: str
    bars: str


@console.get("/events")
@seen_by(Audience.OPERATOR)
@live
def list_events() -> ResponseReturnValue:
    """Events by a search line, newest first; failures grouped where they are meant."""
    line = asked_line()
    query = read(line)
    of = ["console-events", line]
    position = services().cursors.open(request.args.get("cursor"), of=of)
    with transaction(services().pool) as connection:
        wanted = filter_of(connection, query)
        page = event_search.search(
            connection,
            wanted,
            before=position[0] if position else None,
            limit=_PAGE_ROWS + 1,
        )
        groups = _groups(connection, wanted, line) if not position else []
        batches = retries.list_recent(connection, limit=3) if not position else []
    rows, end = _cut(page)
    following = services().cursors.seal([end], of=of) if end else None
    return show(
        "console/events.html",
        place="events",
        line=line,
        rows=rows,
        states=EVENT_STATES,
        state=query.state,
        groups=groups,
        batches=batches,
        can_retry=wanted.state in {None, *SET_ASIDE} and bool(groups),
        looked_to=page.looked_to,
        window=event_search.WINDOW,
        next=following and url_for("console.list_events", q=line, cursor=following),
    )


@console.get("/events/<event_id>")
@seen_by(Audience.OPERATOR)
@live
def show_event(event_id: str) -> ResponseReturnValue:
    """One event's story in plain words."""
    with transaction(services().pool) as connection:
        event = get_event(connection, event_id)
        return show(
            "console/event.html",
            place="events",
            event=event,
            corp_id=corp_of(event),
            userid=event.key.removeprefix("member:")
            if event.key.startswith("member:")
            else None,
            story=tell_story(connection, event),
            can_retry=event.state in SET_ASIDE or event.outcome == settlement.DISCARDED,
            trace=_trace_of(event.event_id),
            done=acting.done_word(),
        )


def _trace_of(event_id: int) -> str | None:
    """What a collector calls its trace; None where nothing is exported."""
    if not spans.is_heard():
        return None
    ids = ids_of_event(services().addresses.public, event_id)
    return f"{ids.trace_id:032x}"


@console.post("/events/<event_id>/retry")
@seen_by(Audience.OPERATOR)
def retry_event(event_id: str) -> ResponseReturnValue:
    """Try a failed or parked event again."""
    with transaction(services().pool) as connection:
        event = get_event(connection, event_id)
        mailbox = settlement.retry(connection, event.event_id)
        if mailbox is None:
            raise _wrong_state(event)
        deed = deeds.event_retried(event.event_id, mailbox=mailbox, was=event.state)
        acting.keep_deed(connection, deed, reason=acting.given_reason())
    services().ring(mailbox)
    return acting.back("console.show_event", "retry", event_id=event_id)


@console.post("/events/<event_id>/discard")
@seen_by(Audience.OPERATOR)
def discard_event(event_id: str) -> ResponseReturnValue:
    """Give a failed event up for good; it stays, with its error."""
    reason = acting.wanted_reason()
    with transaction(services().pool) as connection:
        event = get_event(connection, event_id)
        if not settlement.discard(connection, event.event_id):
            raise _wrong_state(event)
        deed = deeds.event_discarded(event.event_id, corp_id=corp_of(event))
        acting.keep_deed(connection, deed, reason=reason)
    return acting.back("console.show_event", "discard", event_id=event_id)


@console.post("/events/retry-matching")
@seen_by(Audience.OPERATOR)
def retry_matching() -> ResponseReturnValue:
    """Count what a line would retry; nothing is retried before it is started."""
    line = asked_line()
    query = read(line)
    with transaction(services().pool) as connection:
        batch = retries.prepare(
            connection, filter_of(connection, query), query=line, by=acting.actor()
        )
    return acting.back("console.show_batch", "count", batch_id=batch.batch_id)


def get_event(connection: Connection, event_id: str) -> EventSummary:
    """The event of an address.

    Raises: Problem 404.
    """
    is_id = event_id.isascii() and event_id.isdigit() and len(event_id) < 20
    if not is_id or int(event_id) > LARGEST_ID:
        raise Problem(404, f"event {event_id}: not known here.")
    found = find_event(connection, int(event_id))
    if found is None:
        raise Problem(404, f"event {event_id}: not known here.")
    return found


def _wrong_state(event: EventSummary) -> Problem:
    return Problem(
        409,
        f"event {event.event_id} is {event.state}.",
        words="event_state",
        event=event.event_id,
        state=translate(f"event_state.{event.state}"),
    )


def corp_of(event: EventSummary) -> str | None:
    """The corp in whose mailbox it lies."""
    kind, _, name = event.mailbox.partition(":")
    return name if kind == "corp" else None


def _cut(page: EventPage) -> tuple[list[EventRow], int | None]:
    rows = list(page.rows)
    if len(rows) > _PAGE_ROWS:
        return rows[:_PAGE_ROWS], rows[_PAGE_ROWS - 1].event_id
    return rows, page.looked_to


def _groups(connection: Connection, wanted: EventFilter, line: str) -> list[ShownGroup]:
    if wanted.state not in {None, "failed"}:
        return []
    found = event_search.group_failures(connection, wanted)
    return [_shown(each, line) for each in found]


def _shown(group: FailureGroup, line: str) -> ShownGroup:
    code = errcode_in(group.error)
    part = f"errcode {code}" if code else group.error.split("…")[-1].strip(": ")
    others = " ".join(
        each for each in line.split() if not each.startswith(("state:", "error:"))
    )
    query = " ".join(
        each
        for each in (
            others,
            "state:failed",
            write_part("error", part[:80]) if part else "",
        )
        if each
    )
    return ShownGroup(group=group, query=query, bars=_bars(group.trend))


def _bars(trend: list[Any]) -> str:
    most = max(trend, default=0)
    if not most:
        return ""
    return "".join(
        _BLOCKS[round(each / most * (len(_BLOCKS) - 1))] if each else "·"
        for each in trend
    )
