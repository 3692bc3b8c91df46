"""Brings one corp to what a batch of contact mail points at, and settles that mail."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from domain.decisions import Decision
from domain.fold import CHANGE_CONTACT, SUBSCRIBE, UNSUBSCRIBE, FoldedMail, Mail, fold
from domain.hints import hint_from_json
from domain.ids import (
    DepartmentId,
    Key,
    Userid,
    department_key,
    member_key,
    split_key,
)
from domain.leavers import Undecided
from domain.reasons import Reason
from domain.spelling import Spellings, spelt_hint, spelt_key, spelt_scope
from store.database import Connection, Pool, glance, transaction
from store.inbox import key_waits, leases, settlement, testimony
from store.inbox.claims import ClaimedBatch, ClaimedMail
from store.inbox.key_waits import KeyWait
from store.inbox.settlement import Settled
from store.org import absences, corps, departments, journal
from store.org.corps import Corp
from store.org.journal import Cause
from store.runs import requests, runs, touched
from wecom.errors import OddAnswer, Unavailable
from workers.answers.key_troubles import ask_later, undecided_of, wait_of
from workers.answers.questions import Inquiry
from workers.answers.spelling import SpellingApi
from workers.calls.retry import PatientApi
from workers.events.found import Found, NeedsRun, Unanswered
from workers.events.investigate import MOST_QUESTIONS, investigate
from workers.events.late_answers import LateAnswers
from workers.events.settle import (
    find_doubts,
    keep_all,
    keep_testimony,
    look_later,
    settle_batch,
)
from workers.events.unlisted import followed_listing
from workers.links.linking import Linker
from workers.notices.outbox import note_asked, ring_for
from workers.org.apply import Findings, apply_listing, apply_members, remove_unlisted
from workers.org.guard import Gate, note_listed, note_removed, note_shown
from workers.queue.metrics import tally_effects
from workers.runtime import Runtime

CONTACT_KINDS = frozenset({CHANGE_CONTACT, SUBSCRIBE, UNSUBSCRIBE})

# The key that stands for all departments: one listing answers for every one.
DEPARTMENTS_KEY = Key("department:*")


def sync_contact(
    runtime: Runtime, corp: Corp, claim: ClaimedBatch, rows: Sequence[ClaimedMail]
) -> None:
    """Ask about the first 500 keys of the mail, apply the answers, settle the mail.

    Shape: mail about further keys stays claimed and is given back by the drain.
    """
    began = time.monotonic()
    taken = _first_keys(rows)
    try:
        about = _find_out(runtime, corp, claim, taken)
    except NeedsRun as wish:
        _leave_to_run(runtime, corp, claim, taken, cause=wish.cause)
        return
    corp, taken, batch, found = about.corp, about.taken, about.batch, about.found
    late = about.late
    with transaction(runtime.pool) as connection:
        leases.check(connection, claim.mailbox, claim.lease)
        corps.lock(connection, corp.corp_pk)
        decisions, waiting = _apply(connection, runtime, corp, about)
        _note_touched(connection, corp, batch, found)
        left_over = _left_over(connection, corp, found, waiting)
        corps.note_spellings(connection, corp.corp_pk, about.learnt)
        _put_aside(connection, claim, taken, {**about.aside, **found.troubles})
        settling = {each.event_id for each in taken if each.key not in found.troubles}
        doubts = find_doubts(batch, found, late, left_over)
        again = settle_batch(
            connection,
            claim,
            batch,
            late,
            doubts=doubts,
            decisions=decisions,
            settling=settling,
        )
        look_later(connection, corp.corp_pk, doubts, again)
        waits = _people([*again, *waiting, *found.troubles])
        keep_testimony(
            connection,
            corp.corp_pk,
            batch,
            open_people={*waits, *found.undecided},
            settled=found.findings.settled - found.undecided.keys(),
        )
    seconds = time.monotonic() - began
    tally_effects(
        runtime.tallies, claim, taken=taken, decisions=decisions, seconds=seconds
    )
    ring_for(runtime.bell, corp, decisions, held=bool(waiting))


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOutcome:
    """What a batch came to.

    Shape: `corp` and `taken` as WeCom spells people, `learnt` what is new of that;
        `aside` are keys that have to wait by themselves.
    """

    corp: Corp
    taken: list[ClaimedMail]
    batch: FoldedMail
    found: Found
    late: LateAnswers
    aside: dict[Key, Unavailable]
    learnt: Spellings


def _find_out(
    runtime: Runtime, corp: Corp, claim: ClaimedBatch, taken: list[ClaimedMail]
) -> BatchOutcome:
    """What the mail means, the keys apart that have to wait by themselves.

    Raises: NeedsRun; errors of WeCom when nothing at all could be found out.
    """
    api = SpellingApi(PatientApi(runtime.corp_api(corp)), corp.spellings)
    inquiry = Inquiry(
        api,
        at_once=runtime.lanes.of(corp.corp_id),
        troubled={Key(each.key) for each in taken if each.troubles},
    )
    aside: dict[Key, Unavailable] = {}
    while True:
        taken = [
            replace(each, key=spelt_key(Key(each.key), api.spellings)) for each in taken
        ]
        mail = [_mail(each, api.spellings) for each in taken if each.key not in aside]
        batch = _fold(runtime.pool, corp, mail)
        asked_before = {each.event_id: each.late_asks for each in taken}
        late = LateAnswers(runtime.pool, claim.mailbox, batch, late_asks=asked_before)
        learnt = len(api.learnt)
        try:
            found = investigate(runtime.pool, corp, batch, inquiry=inquiry, late=late)
        except Unanswered as unanswered:
            further = _those_aside(taken, batch, aside, unanswered)
            inquiry.set_aside(further)
            aside |= further
            continue
        if len(api.learnt) == learnt:
            return BatchOutcome(
                corp=corp,
                taken=taken,
                batch=batch,
                found=found,
                late=late,
                aside=aside,
                learnt=api.learnt,
            )
        # Once more, with everybody as WeCom spells them: nobody is asked twice.
        corp = replace(
            corp,
            spellings=dict(api.spellings),
            scope=spelt_scope(corp.scope, api.spellings),
        )


def _those_aside(
    taken: Sequence[ClaimedMail],
    batch: FoldedMail,
    aside: Mapping[Key, Unavailable],
    unanswered: Unanswered,
) -> dict[Key, Unavailable]:
    """Further keys that wait by themselves, so that the others go on.

    Raises: Unavailable when there are no others, or none of these keys is known.
    """
    keys = unanswered.keys & batch.newest.keys()
    others = {each.key for each in taken} - keys - aside.keys()
    alone = isinstance(unanswered.error, OddAnswer)
    if not keys or not (others or alone):
        raise unanswered.error
    return dict.fromkeys(keys, unanswered.error)


def _put_aside(
    connection: Connection,
    claim: ClaimedBatch,
    taken: Sequence[ClaimedMail],
    troubles: Mapping[Key, Unavailable],
) -> None:
    """Let mail about keys in trouble wait by itself, and ask later about the rest."""
    waits: list[KeyWait] = []
    ended: dict[int, tuple[Settled, str]] = {}
    for each in taken:
        if each.key not in troubles:
            continue
        wait = wait_of(each, troubles[Key(each.key)])
        if isinstance(wait, KeyWait):
            waits.append(wait)
        else:
            ended[each.event_id] = wait
    key_waits.put_aside(connection, claim, waits)
    if ended:
        settlement.settle(connection, claim, ended)
    named = {each.key for each in taken}
    rest = {key: error for key, error in troubles.items() if key not in named}
    ask_later(connection, claim.mailbox, rest)


def _apply(
    connection: Connection,
    runtime: Runtime,
    corp: Corp,
    about: BatchOutcome,
) -> tuple[list[Decision], frozenset[Key]]:
    """The decisions that were carried out, and what the guard keeps from it."""
    found, corp_pk = about.found, corp.corp_pk
    listed = found.view.listed
    data_key = runtime.data_key(corp)
    gate = Gate(corp, defaults=runtime.settings.guard, data_key=data_key)
    troubled = undecided_of(found.troubles)
    _note_answered(connection, corp, found, troubled)
    # Whoever left under a new userid has to be known by it before they are weighed.
    renames = Findings(renames=found.findings.renames)
    decisions = apply_members(connection, corp_pk, renames, reason=Reason.EVENT)
    people = gate.admit_people(connection, found.findings.gone)
    findings = replace(found.findings, gone=people.leaving)
    if listed is not None:
        note_listed(connection, corp, listed)
        decisions += apply_listing(connection, corp_pk, listed, reason=Reason.EVENT)
    decisions += apply_members(connection, corp_pk, findings, reason=Reason.EVENT)
    if listed is not None:
        decisions += remove_unlisted(
            connection,
            corp_pk,
            followed_listing(connection, corp, about.batch, found.view, about.late),
            staying={*found.undecided, *troubled, *found.late},
            waiting=people.waiting,
            admit=partial(gate.admit_departments, connection),
            reason=Reason.NOT_LISTED,
        )
    decisions += Linker(runtime, corp).follow(connection, decisions)
    corps.save_tags(connection, corp_pk, found.tags)
    note_removed(connection, corp, decisions)
    cause = Cause(name="mail")
    journal.write(
        connection, corp_pk, cause=cause, decisions=decisions, data_key=data_key
    )
    note_asked(connection, corp, decisions)
    return decisions, frozenset(gate.waiting)


def _note_answered(
    connection: Connection,
    corp: Corp,
    found: Found,
    troubled: Mapping[Userid, Undecided],
) -> None:
    """Who was shown waits in no plan; whose absence stays open is remembered."""
    shown = {each.userid for each in found.findings.shown} - found.undecided.keys()
    # Whoever has their userid now does not bring the former bearer back.
    note_shown(connection, corp, sorted(shown - found.handed_on))
    settled = found.findings.settled - found.undecided.keys()
    absences.forget(connection, corp.corp_pk, settled)
    absences.note(connection, corp.corp_pk, {**found.undecided, **troubled})


def _left_over(
    connection: Connection, corp: Corp, found: Found, waiting: frozenset[Key]
) -> frozenset[DepartmentId]:
    """Departments that are listed no more, and wait for people to be gone for sure.

    Shape: what waits for a person to decide is for nobody to ask about again.
    """
    if found.view.listed is None or any(each.startswith("member:") for each in waiting):
        return frozenset()
    stored = departments.list_all(connection, corp.corp_pk)
    listed = {each.department_id for each in found.view.listed}
    return frozenset(
        each.department_id
        for each in stored
        if each.department_id not in listed
        and department_key(each.department_id) not in waiting
    )


def _leave_to_run(
    runtime: Runtime,
    corp: Corp,
    claim: ClaimedBatch,
    taken: Sequence[ClaimedMail],
    *,
    cause: str,
) -> None:
    """A recorded full read answers all of this mail, and hears what it testifies."""
    with transaction(runtime.pool) as connection:
        leases.check(connection, claim.mailbox, claim.lease)
        run_id = requests.request_run(connection, corp.corp_pk, cause=cause)
        keep_all(
            connection,
            corp.corp_pk,
            fold([_mail(each, corp.spellings) for each in taken]),
        )
        outcome: tuple[Settled, str] = ("done", "run")
        settlement.settle(connection, claim, {each.event_id: outcome for each in taken})
    runtime.bell.ring_run(run_id)


def _note_touched(
    connection: Connection, corp: Corp, batch: FoldedMail, found: Found
) -> None:
    """Tell a run that reads at this moment which keys it must ask again."""
    if not runs.is_reading(connection, corp.corp_pk):
        return
    people = found.findings.userids | frozenset(batch.members)
    keys = {str(member_key(each)) for each in people}
    keys |= {str(each) for each in batch.newest}
    if found.view.listed is not None:
        keys.add(DEPARTMENTS_KEY)
    touched.note(connection, corp.corp_pk, sorted(keys))


def _people(keys: Iterable[Key]) -> set[Userid]:
    """The people among these keys."""
    named = (split_key(each) for each in keys if ":" in each)
    return {Userid(name) for kind, name in named if kind == "member"}


def _fold(pool: Pool, corp: Corp, mail: Sequence[Mail]) -> FoldedMail:
    """The mail by key, with what was said before and has settled nothing."""
    batch = fold(mail)
    if not batch.members:
        return batch
    with glance(pool) as connection:
        kept = testimony.list_kept(connection, corp.corp_pk, batch.members)
    return fold(mail, kept=kept) if kept else batch


def _first_keys(rows: Sequence[ClaimedMail]) -> list[ClaimedMail]:
    keys = set(islice(dict.fromkeys(each.key for each in rows), MOST_QUESTIONS))
    return [each for each in rows if each.key in keys]


def _mail(row: ClaimedMail, spellings: Spellings) -> Mail:
    return Mail(
        event_id=row.event_id,
        kind=row.kind,
        change=row.change,
        key=Key(row.key),
        sent_at=row.sent_at,
        received_at=row.received_at,
        hint=spelt_hint(hint_from_json(row.hint), spellings),
    )
