"""One event from its arrival to its effect, step by step, in plain words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.ids import Key, split_key
from domain.mailbox import name_in
from store.database import Connection
from store.org.journal import JournalLine
from store.summaries.mail import event_story
from store.summaries.mail.event_story import EventTimes
from store.summaries.mail.events import EventSummary
from store.summaries.mail.tries import Try, list_tries
from store.summaries.org import corps
from store.summaries.org.departments import list_names as department_names
from store.summaries.org.journal import find_data_key, list_latest
from store.summaries.org.members import list_names as member_names
from texts.catalogue import catalogue
from web.console.events.calls import ShownCall, shown_calls
from web.console.words import Names, mentioned, sentence, waiting_words
from web.http.texts import count, language, translate
from web.services import services

# What an event changed is committed just before it is marked; notices follow at once.
_AROUND = timedelta(seconds=5)
_FOLDED_MOST = 200
_FOLDED_INTO = "folded into "
_LINES_MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryStep:
    """One step; `detail` is verbatim machine text, `events` others of the same.

    Shape: `calls` were made in it, and `more_calls` beyond those.
    """

    at: datetime | None
    text: str
    is_bad: bool = False
    detail: str = ""
    events: tuple[int, ...] = ()
    calls: tuple[ShownCall, ...] = ()
    more_calls: int = 0


def tell_story(connection: Connection, event: EventSummary) -> list[StoryStep]:
    """The steps so far, oldest first, and the one that is awaited."""
    times = event_story.find_times(connection, event.event_id)
    if times is None:
        return []
    return [
        *_arrival(event, times),
        *_question(connection, event, times, list_tries(connection, event.event_id)),
        *_effect(connection, event, times),
        *_end(event, times),
    ]


def _arrival(event: EventSummary, times: EventTimes) -> Iterator[StoryStep]:
    if times.sent_at is not None:
        yield StoryStep(at=times.sent_at, text=translate("story.sent"))
        yield StoryStep(at=event.received_at, text=translate("story.received"))
    else:
        yield StoryStep(at=event.received_at, text=translate("story.posted"))
    if event.times_seen > 1:
        yield StoryStep(
            at=times.last_seen_at, text=count("story_repeated", event.times_seen - 1)
        )
    if times.is_barrier:
        yield StoryStep(at=None, text=translate("story.barrier"))


def _question(
    connection: Connection,
    event: EventSummary,
    times: EventTimes,
    tries: Sequence[Try],
) -> Iterator[StoryStep]:
    for each in tries:
        if each.at != times.asked_at:
            yield _tried(each)
    if times.late_asks:
        yield StoryStep(at=None, text=count("story_late", times.late_asks))
    if times.asked_at is None:
        return
    others = event_story.list_folded_with(
        connection,
        event.event_id,
        mailbox=event.mailbox,
        key=event.key,
        asked_at=times.asked_at,
        limit=_FOLDED_MOST,
    )
    if others:
        yield StoryStep(
            at=times.asked_at,
            text=count("story_folded", len(others)),
            events=tuple(others[:10]),
        )
    settling = next((each for each in tries if each.at == times.asked_at), None)
    yield StoryStep(
        at=times.asked_at,
        text=_asked(event.key),
        calls=shown_calls(settling.calls) if settling else (),
        more_calls=settling.more if settling else 0,
    )


def _tried(tried: Try) -> StoryStep:
    """A drain that asked, and settled nothing of this event."""
    return StoryStep(
        at=tried.at,
        text=translate("story.tried_in_vain" if tried.error else "story.tried"),
        is_bad=tried.error is not None,
        detail=tried.error or "",
        calls=shown_calls(tried.calls),
        more_calls=tried.more,
    )


def _asked(key: str) -> str:
    # Codes of installs, clicks on cards and people's answers are of other kinds: what
    # was asked about them, if anything, stands in the calls.
    known = f"story_asked.{key.partition(':')[0]}"
    return translate(known if known in catalogue(language()) else "story_asked.other")


def _effect(
    connection: Connection, event: EventSummary, times: EventTimes
) -> Iterator[StoryStep]:
    if times.asked_at is None or event.done_at is None:
        return
    corp_id = name_in(event.mailbox)
    found = corps.find_corp(connection, [corp_id])
    if found is None:
        return
    ends_at = event.done_at + _AROUND
    lines = [
        line
        for line in _lines_of(connection, found.corp_pk, event.key)
        if times.asked_at <= line.at <= ends_at
    ]
    yield from _told(connection, found.corp_pk, lines)
    if not lines and event.state == "done":
        yield StoryStep(at=event.done_at, text=translate("story.no_difference"))
    kind, name = split_key(Key(event.key)) if ":" in event.key else ("", "")
    if kind == "member":
        for notice in event_story.list_notices_between(
            connection, found.corp_pk, name, since=times.asked_at, until=ends_at
        ):
            yield StoryStep(
                at=notice.sent_at or notice.queued_at,
                text=translate(
                    "story.notice",
                    kind=translate(f"notices.kind.{notice.kind}"),
                    state=translate(f"notices.state.{notice.state}"),
                ),
            )


def _lines_of(connection: Connection, corp_pk: int, key: str) -> list[JournalLine]:
    data_key = find_data_key(connection, corp_pk, keyring=services().keyring)
    return list_latest(
        connection, corp_pk, limit=_LINES_MOST, key=key, data_key=data_key
    )[::-1]


def _told(
    connection: Connection, corp_pk: int, lines: list[JournalLine]
) -> Iterator[StoryStep]:
    departments, userids = mentioned(lines)
    names = Names(
        departments=department_names(connection, corp_pk, departments),
        members=member_names(connection, corp_pk, userids),
    )
    for line in lines:
        said = sentence(line, names)
        yield StoryStep(
            at=line.at, text=" · ".join(filter(None, (said.text, said.reason)))
        )


def _end(event: EventSummary, times: EventTimes) -> Iterator[StoryStep]:
    said = event.outcome or ""
    if said.startswith(_FOLDED_INTO):
        # With which others it was folded stands above, each with a link.
        said = ""
    key = f"outcome.{said}"
    known = key in catalogue(language())
    outcome = translate(key) if known else ""
    detail = "" if known else said
    match event.state:
        case "failed":
            yield StoryStep(
                at=event.done_at,
                text=count("story_failed", event.attempts),
                is_bad=True,
                detail=event.error or "",
            )
        case "pending":
            yield _awaited(event, times)
        case _:
            yield StoryStep(
                at=event.done_at,
                text=translate(
                    f"story_end.{event.state}", outcome=outcome and f": {outcome}"
                ),
                is_bad=event.state == "parked",
                detail=detail,
            )


def _awaited(event: EventSummary, times: EventTimes) -> StoryStep:
    if times.is_claimed:
        return StoryStep(at=None, text=translate("story.claimed"))
    if event.wait is not None:
        return StoryStep(
            at=None, text=waiting_words(event.wait), detail=event.wait.error or ""
        )
    text = translate("story.waits_until" if times.not_before else "story.waits")
    return StoryStep(at=times.not_before, text=text, detail=event.error or "")
