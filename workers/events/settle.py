"""Settles the mail of a batch: done, folded, or asked about again; testimony stays."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from domain.decisions import Decision
from domain.events.event_testimony import worth_keeping
from domain.events.fold import CHANGE_CONTACT, FoldedMail, Mail
from domain.ids import CorpPk, DepartmentId, Key, Userid, department_key, split_key
from domain.reasons import Finding
from domain.reconcile.testimony import APART_SECONDS, DEPARTMENTS
from store.database import Connection
from store.events.subjects import OpenMatters
from store.inbox import key_waits, settlement, testimony
from store.inbox.claims import ClaimedBatch
from store.inbox.key_waits import KeyQuestion
from store.inbox.quick_apply import settle_and_end
from store.inbox.settlement import Settled
from store.org import corps
from workers.events.found import Found
from workers.events.late_answers import LateAnswers

UNCONFIRMED = "unconfirmed"
OVERTAKEN = "overtaken"
LATE_ANSWER = "late_answer"

# What mail could not settle is read in full after this.
LOOK_LATER_SECONDS = 60.0
MOST_LISTED_AGAIN = 100
_OPEN = frozenset({UNCONFIRMED, Finding.CUT_OFF_READ.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFate:
    """What became of one piece of mail: its outcome, or what it waits for, and why.

    Units: seconds until it is asked about again; None when it is settled.
    """

    outcome: str
    seconds: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSettlement:
    """The keys that are asked about again, and what became of each piece of mail."""

    again: frozenset[Key]
    fates: Mapping[int, MailFate]


def settle_batch(
    connection: Connection,
    claim: ClaimedBatch,
    batch: FoldedMail,
    late: LateAnswers,
    *,
    doubts: dict[Key, str],
    decisions: Iterable[Decision],
    settling: Collection[int],
    ends: bool,
) -> BatchSettlement:
    """Mark the claimed mail as what came of it.

    Shape: `doubts` are the outcomes of keys about which asking again is no use;
        `settling` is the mail that waits for nothing else; `ends`: nothing else of the
        claim is left, so that the lease is given back with it.
    """
    changed = {each.key for each in decisions}
    again = late.may_wait([key for key in batch.newest if key in doubts])
    outcomes: dict[int, tuple[Settled, str]] = {}
    waits: dict[int, float] = {}
    for key, newest in batch.newest.items():
        if newest.event_id not in settling:
            continue
        seconds = late.seconds_left(key)
        if key in again and seconds is not None:
            waits[newest.event_id] = seconds
        else:
            settled = "applied" if key in changed else "no_difference"
            outcomes[newest.event_id] = ("done", doubts.get(key, settled))
    for event_id, into in batch.folded.items():
        if event_id not in settling:
            continue
        outcomes[event_id] = ("folded", f"folded into {into}")
    settlement.ask_again(connection, claim, waits)
    if ends:
        settle_and_end(connection, claim, outcomes)
    else:
        settlement.settle(connection, claim, outcomes)
    fates = {each: MailFate(outcome=told) for each, (_, told) in outcomes.items()}
    fates |= {
        each: MailFate(outcome=LATE_ANSWER, seconds=seconds)
        for each, seconds in waits.items()
    }
    return BatchSettlement(again=again, fates=fates)


def find_doubts(
    batch: FoldedMail,
    found: Found,
    late: LateAnswers,
    left_over: Collection[DepartmentId],
) -> dict[Key, str]:
    """The keys that should be asked about again, with the outcome if that is no use."""
    doubts = {}
    for key in batch.newest:
        kind, name = split_key(key)
        people = found.undecided.keys() | found.doubled
        unconfirmed = Userid(name) in people if kind == "member" else left_over
        if kind == "department" and found.tear is not None:
            doubts[key] = Finding.CUT_OFF_READ.value
        elif unconfirmed or _is_of_doubted_set(kind, name, found):
            doubts[key] = UNCONFIRMED
        elif key in late.contradicted:
            doubts[key] = OVERTAKEN
    return doubts


def look_later(
    connection: Connection,
    corp_pk: CorpPk,
    doubts: Mapping[Key, str],
    again: Collection[Key],
    *,
    untold: Collection[Key],
) -> None:
    """Have the corp read in full when no mail asks any more about what stays open.

    Shape: `untold` are people of whom it is open what became of them, and no mail is.
    """
    given_up = any(doubts[key] in _OPEN for key in doubts.keys() - set(again))
    if given_up or (untold and not again):
        corps.make_due(connection, corp_pk, cause="finding", seconds=LOOK_LATER_SECONDS)


def list_again(
    connection: Connection,
    corp_pk: CorpPk,
    mailbox: str,
    departments: Collection[DepartmentId],
) -> None:
    """Have mail of our own look once more at what one answer alone told of these.

    Of more than it may ask for in a moment a full read tells.
    """
    if len(departments) > MOST_LISTED_AGAIN:
        corps.make_due(connection, corp_pk, cause="finding", seconds=LOOK_LATER_SECONDS)
        return
    questions = [
        KeyQuestion(
            key=department_key(each),
            waits_for=LATE_ANSWER,
            seconds=APART_SECONDS,
            error="one answer alone tells of this department",
        )
        for each in sorted(departments)
    ]
    key_waits.ask_later(connection, mailbox, CHANGE_CONTACT, questions)


def keep_testimony(
    connection: Connection,
    corp_pk: CorpPk,
    batch: FoldedMail,
    *,
    open_people: Collection[Userid],
    settled: Collection[Userid],
    matters: OpenMatters,
) -> None:
    """Keep what was said of people of whom it is open what became of them."""
    still = batch.said.keys() & set(open_people)
    testimony.keep(connection, corp_pk, _said_of(batch, still))
    if matters.testimony:
        testimony.forget(connection, corp_pk, {*settled, *batch.said} - still)


def keep_all(connection: Connection, corp_pk: CorpPk, batch: FoldedMail) -> None:
    """Keep what was said of everybody: a full read has to find out what it means."""
    testimony.keep(connection, corp_pk, _said_of(batch, batch.said.keys()))


def _said_of(batch: FoldedMail, people: Collection[Userid]) -> list[Mail]:
    return [mail for who in people for mail in worth_keeping(batch.said[who])]


def _is_of_doubted_set(kind: str, name: str, found: Found) -> bool:
    """Whether a set was not followed that decides about this key."""
    return {
        "member": name in found.postponed,
        "department": DEPARTMENTS in found.doubted,
        "tag": f"tag:{name}" in found.doubted,
    }.get(kind, False)
