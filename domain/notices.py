"""Which notice, if any, a decision calls for, and who may be sent one at a moment."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from domain.decisions import Decision, DecisionName
from domain.ids import Key
from domain.links.links import CompanyOrigin, LinkState, NoticeKind
from domain.org.org import Employment, MemberState

# How long what a notice opens may be used.
LIVES = timedelta(days=14)

MOST_REINVITES = 3
REINVITE_WINDOW = timedelta(hours=24)

# One call names so many people at most (WeCom 90372).
MOST_RECIPIENTS = 1_000
# WeCom throws away what goes beyond 30 a minute, and says nothing (90454).
MEMBER_PER_MINUTE = 20

# An app may send as many a day as it has accounts times this (90454): a fair share.
MEMBER_PER_DAY = 200

# WeCom remembers a message for four hours at most: later, a repeat is a second one.
REPEATED_WITHIN = timedelta(hours=3, minutes=30)

# Every clock of the world sends at the full and the half hour.
_RUSH_MINUTES = frozenset({0, 30})
_RUSH = timedelta(seconds=5)

# After these, a question that was asked before may have to be put once more.
_BACK = frozenset({DecisionName.RESTORE_MEMBER, DecisionName.MARK_WORKING})
_ANSWERED = frozenset({DecisionName.LINK_ACCOUNT, DecisionName.CREATE_ACCOUNT})

Name = TypeVar("Name", bound=str)


class NoticeState(StrEnum):
    """What became of a notice."""

    QUEUED = "queued"
    SENT = "sent"
    UNDELIVERABLE = "undeliverable"
    DROPPED = "dropped"
    UNKNOWN = "unknown"  # It was sent, and no answer came while it could be repeated.


class Obstacle(StrEnum):
    """Why somebody may not be sent a notice now."""

    REMOVED = "removed"
    LEFT = "left"
    LINKED = "linked"
    NOT_ASKED = "not_asked"  # The question was settled, or became another one.
    DECIDED = "decided"  # The held plan waits for nobody any more.
    HELD = "held"
    NOT_LINKED = "not_linked"


class Origin(StrEnum):
    """What a notice comes from."""

    SYNC = "sync"
    PERSON = "person"  # Somebody asked for it to be sent again.


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientStanding:
    """A member at the moment of sending.

    Shape: `link` and `asks` as their link says; `held`: their removal waits for an
        approval.
    """

    state: MemberState
    employment: Employment
    held: bool
    link: LinkState
    asks: NoticeKind | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Whose notices a transaction's decisions touch: to ask, and answered."""

    asked: tuple[Key, ...]
    answered: tuple[Key, ...]


def wishes_of(decisions: Iterable[Decision]) -> Wishes:
    """Who is to be asked because of these decisions, and who has answered.

    Shape: `asked` holds those who came back as well; whether anything is open with
        them their link says.
    """
    asked: dict[Key, None] = {}
    answered: dict[Key, None] = {}
    for each in decisions:
        if each.name in _ANSWERED:
            answered[each.key] = None
        elif each.name is DecisionName.ASK_MEMBER or each.name in _BACK:
            asked[each.key] = None
    return Wishes(asked=tuple(asked), answered=tuple(answered))


def obstacle(
    standing: RecipientStanding, *, kind: NoticeKind, origin: Origin
) -> Obstacle | None:
    """Why this member may not be asked now; None when they may."""
    if standing.link is LinkState.LINKED:
        return Obstacle.LINKED
    if unreachable := _absence(standing):
        return unreachable
    if origin is Origin.SYNC and standing.asks is not kind:
        return Obstacle.NOT_ASKED
    return None


def obstacle_to_card(
    standing: RecipientStanding, *, open_plan: bool
) -> Obstacle | None:
    """Why this administrator may not be asked about a held plan now."""
    return _absence(standing) if open_plan else Obstacle.DECIDED


def obstacle_to_item(standing: RecipientStanding) -> Obstacle | None:
    """Why this member may not be told of an item now; None when they may."""
    if unreachable := _absence(standing):
        return unreachable
    return None if standing.link is LinkState.LINKED else Obstacle.NOT_LINKED


def waits(found: Obstacle) -> bool:
    """Whether the notice waits for the obstacle to go, instead of being dropped."""
    return found is Obstacle.HELD


def may_reinvite(sent_before: int) -> bool:
    """Whether one more may be asked for, after so many in the window."""
    return sent_before < MOST_REINVITES


def kind_to_reinvite(asks: NoticeKind | None, *, origin: CompanyOrigin) -> NoticeKind:
    """What a person is asked again: as before, else as their company came about."""
    if asks is not None:
        return asks
    known_before = origin is CompanyOrigin.TAPD
    return NoticeKind.LINK if known_before else NoticeKind.INVITE


def first_batch(
    userids: Mapping[int, Name], *, most: int = MOST_RECIPIENTS
) -> dict[int, Name]:
    """The first of these notices that one call can carry, by notice id.

    WeCom names whom it did not reach in lower case, so no two may be equal in it.
    """
    batch: dict[int, Name] = {}
    folded: set[str] = set()
    for notice_id, userid in userids.items():
        if len(batch) < most and userid.lower() not in folded:
            folded.add(userid.lower())
            batch[notice_id] = userid
    return batch


def unreached(userids: Mapping[int, str], complaints: Collection[str]) -> list[int]:
    """Whose notices an answer names; it lower-cases what it was given."""
    named = {each.lower() for each in complaints}
    return [each for each, userid in userids.items() if userid.lower() in named]


def may_be_repeated(first_tried_at: datetime, *, now: datetime) -> bool:
    """Whether WeCom still knows a message that it may have got, and keeps it single."""
    return now - first_tried_at < REPEATED_WITHIN


def rush_seconds(now: datetime) -> float:
    """How long to let the full or half hour pass; 0 at any other time."""
    if now.minute not in _RUSH_MINUTES:
        return 0.0
    passed = timedelta(seconds=now.second, microseconds=now.microsecond)
    return max(0.0, (_RUSH - passed).total_seconds())


def _absence(standing: RecipientStanding) -> Obstacle | None:
    if standing.state is MemberState.REMOVED:
        return Obstacle.REMOVED
    if standing.employment is Employment.LEFT:
        return Obstacle.LEFT
    return Obstacle.HELD if standing.held else None
