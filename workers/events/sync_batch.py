"""Brings one corp to what a batch of contact mail points at, and settles that mail.

The way of a drain, from the ring to the next one:

    drain                     inbox/drain: one worker a mailbox, by its lease
      claim_quickly, _claim   what is pending, up to the next barrier
      corp_mail.handle        parked, a barrier, orders of people; then contact mail
        sync_contact
          first_keys          500 keys at most; the rest is given back
          find_out            no transaction is open and nobody is waited for
            fold              many events, few keys
            investigate       asks WeCom what is true now, and judges absences
          applying            lease and corp are locked: from here one transaction,
                              and where nothing is asked in it, one statement
          _note_answered      who is shown is in no plan; open absences are kept
          _rename             who is who, before anybody is weighed
          admit_people        the guard: too many removals wait as a plan
          apply_listing, apply_members, remove_unlisted
          Linker.follow       which account each touched member is
          journal.write       one line for each effective difference
          note_asked          what the members are to be sent
          _settle             done, folded, or asked again; testimony is kept
        ring_for              after the commit: notices
      is_due                  only once the lease is free: nothing falls between
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from domain.decisions import Decision
from domain.events.fold import CHANGE_CONTACT, SUBSCRIBE, UNSUBSCRIBE, FoldedMail, fold
from domain.ids import (
    CorpPk,
    DepartmentId,
    Key,
    Userid,
    department_key,
    member_key,
)
from domain.reasons import Reason
from domain.reconcile.leavers import Undecided
from store.database import Connection
from store.events.subjects import OpenMatters
from store.inbox import key_waits, settlement
from store.inbox.claims import ClaimedBatch, ClaimedMail
from store.inbox.key_waits import KeyWait
from store.inbox.quick_apply import applying
from store.inbox.settlement import Settled
from store.org import absences, corps, departments, journal
from store.org.corps import Corp
from store.org.journal import Cause
from store.runs import requests, touched
from tracing import spans
from wecom.errors import Unavailable
from workers.answers.key_troubles import ask_later, undecided_of, wait_of
from workers.events.find_out import (
    BatchOutcome,
    find_out,
    first_keys,
    mail_of,
    people_in,
)
from workers.events.found import Found, NeedsRun
from workers.events.known_org import KnownOrg
from workers.events.settle import (
    MailFate,
    find_doubts,
    keep_all,
    keep_testimony,
    list_again,
    look_later,
    settle_batch,
)
from workers.events.unlisted import followed_listing
from workers.lease import leased
from workers.links.linking import Linker
from workers.notices.outbox import note_asked, ring_for
from workers.org.apply import Findings, apply_listing, apply_members, remove_unlisted
from workers.org.guard import Gate, note_listed, note_removed, note_shown
from workers.org.seen_members import StoredMembers
from workers.queue.metrics import tally_effects
from workers.runtime import Runtime

CONTACT_KINDS = frozenset({CHANGE_CONTACT, SUBSCRIBE, UNSUBSCRIBE})

# The key that stands for all departments: one listing answers for every one.
DEPARTMENTS_KEY = Key("department:*")


def sync_contact(
    runtime: Runtime,
    corp: Corp,
    claim: ClaimedBatch,
    rows: Sequence[ClaimedMail],
    *,
    known: KnownOrg,
) -> bool:
    """Ask about the first 500 keys of the mail, apply the answers, settle the mail.

    Shape: whether nothing of the claim is left, so that its lease was given back too.
        Mail about further keys stays claimed and is given back by the drain.
    """
    began = time.monotonic()
    taken = first_keys(rows)
    try:
        with spans.within("ask"):
            about = find_out(runtime, corp, claim, taken, known)
    except NeedsRun as wish:
        _leave_to_run(runtime, corp, claim, taken, cause=wish.cause)
        return False
    ends = len(taken) == len(claim.mail)
    applying_it = applying(runtime.pool, claim, about.corp.corp_pk)
    with spans.within("apply") as span, applying_it as connection:
        applied = apply_batch(connection, runtime, claim, about, ends=ends)
        decisions, waiting = applied.decisions, applied.waiting
        span.note(decisions=len(decisions), held=len(waiting))
    seconds = time.monotonic() - began
    tally_effects(
        runtime.tallies, claim, taken=about.taken, decisions=decisions, seconds=seconds
    )
    ring_for(runtime.bell, about.corp, decisions, held=bool(waiting))
    return ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was carried out, what the guard keeps, and what became of the mail."""

    decisions: list[Decision]
    waiting: frozenset[Key]
    fates: Mapping[int, MailFate]


def apply_batch(
    connection: Connection,
    runtime: Runtime,
    claim: ClaimedBatch,
    about: BatchOutcome,
    *,
    ends: bool,
) -> Applied:
    """Apply what was found out and settle its mail, all in this transaction.

    Shape: lease and corp are locked for it. `ends`: nothing else of the claim is left,
        so that its lease is given back.
    """
    matters = about.known.matters
    decisions, waiting, doubled = _apply(connection, runtime, about, matters)
    if doubled:
        about = replace(about, found=replace(about.found, doubled=doubled))
    fates = _settle(connection, claim, about, matters, decisions, waiting, ends=ends)
    return Applied(decisions=decisions, waiting=waiting, fates=fates)


def _put_aside(
    connection: Connection,
    claim: ClaimedBatch,
    taken: Sequence[ClaimedMail],
    troubles: Mapping[Key, Unavailable],
) -> Mapping[int, MailFate]:
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
    waiting = {
        each.event_id: MailFate(
            outcome=each.waits_for, seconds=each.seconds, error=each.error
        )
        for each in waits
    }
    return waiting | {each: MailFate(outcome=told) for each, (_, told) in ended.items()}


def _apply(
    connection: Connection, runtime: Runtime, about: BatchOutcome, matters: OpenMatters
) -> tuple[list[Decision], frozenset[Key], frozenset[Userid]]:
    """The decisions that were carried out, what the guard keeps from it, and who waits
    because they are members under another userid."""
    corp, found = about.corp, about.found
    listed, corp_pk = found.view.listed, corp.corp_pk
    data_key = runtime.data_key(corp)
    gate = Gate(
        corp,
        defaults=runtime.settings.guard,
        data_key=data_key,
        event_id=about.taken[-1].event_id,
    )
    troubled = undecided_of(found.troubles)
    _note_answered(connection, corp, found, troubled, matters)
    # Whoever left under a new userid has to be known by it before they are weighed.
    decisions = _rename(connection, corp_pk, found)
    people = gate.admit_people(connection, found.findings.gone)
    findings = replace(found.findings, gone=people.leaving)
    if listed is not None:
        note_listed(connection, corp, listed)
        decisions += apply_listing(connection, corp_pk, listed, reason=Reason.EVENT)
    known = _stored(connection, about, findings)
    decisions += apply_members(
        connection, corp_pk, findings, reason=Reason.EVENT, known=known
    )
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
    note_asked(connection, corp, decisions, mail=about.taken)
    return decisions, frozenset(gate.waiting), frozenset(known.doubled)


def _note_answered(
    connection: Connection,
    corp: Corp,
    found: Found,
    troubled: Mapping[Userid, Undecided],
    matters: OpenMatters,
) -> None:
    """Who was shown waits in no plan; whose absence stays open is remembered."""
    if matters.plans:
        shown = {each.userid for each in found.findings.shown} - found.undecided.keys()
        # Whoever has their userid now does not bring the former bearer back.
        note_shown(connection, corp, sorted(shown - found.handed_on))
    if matters.absences:
        settled = found.findings.settled - found.undecided.keys()
        absences.forget(connection, corp.corp_pk, settled)
    absences.note(connection, corp.corp_pk, {**found.undecided, **troubled})


def _rename(connection: Connection, corp_pk: CorpPk, found: Found) -> list[Decision]:
    if not found.findings.renames:
        return []
    renames = Findings(renames=found.findings.renames)
    return apply_members(connection, corp_pk, renames, reason=Reason.EVENT)


def _stored(
    connection: Connection, about: BatchOutcome, findings: Findings
) -> StoredMembers:
    """Whom the findings are about, as they are before anything of it is applied."""
    if findings.renames:
        # Renaming has changed what was read.
        return StoredMembers.read(connection, about.corp.corp_pk, findings.userids)
    return StoredMembers(about.known.members.bearing(connection, findings.userids))


def _settle(
    connection: Connection,
    claim: ClaimedBatch,
    about: BatchOutcome,
    matters: OpenMatters,
    decisions: Sequence[Decision],
    waiting: frozenset[Key],
    *,
    ends: bool,
) -> Mapping[int, MailFate]:
    """Mark the mail as what came of it, and remember what stays open."""
    corp, batch, found = about.corp, about.batch, about.found
    _note_touched(connection, corp, batch, found)
    left_over = _left_over(connection, corp, found, waiting)
    corps.note_spellings(connection, corp.corp_pk, about.learnt)
    troubles = {**about.aside, **found.troubles}
    aside = _put_aside(connection, claim, about.taken, troubles)
    list_again(connection, corp.corp_pk, claim.mailbox, found.look_again)
    doubts = find_doubts(batch, found, about.late, left_over)
    settled = settle_batch(
        connection,
        claim,
        batch,
        about.late,
        doubts=doubts,
        decisions=decisions,
        settling={
            each.event_id for each in about.taken if each.key not in found.troubles
        },
        ends=ends,
    )
    untold = {*map(member_key, found.of_two_userids)} - batch.newest.keys()
    look_later(connection, corp.corp_pk, doubts, settled.again, untold=untold)
    waits = people_in([*settled.again, *waiting, *found.troubles])
    keep_testimony(
        connection,
        corp.corp_pk,
        batch,
        open_people={*waits, *found.undecided},
        settled=found.findings.settled - found.undecided.keys(),
        matters=matters,
    )
    return {**aside, **settled.fates}


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
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        run_id = requests.request_run(
            connection, corp.corp_pk, cause=cause, event_id=taken[0].event_id
        )
        keep_all(
            connection,
            corp.corp_pk,
            fold([mail_of(each, corp.spellings) for each in taken]),
        )
        outcome: tuple[Settled, str] = ("done", "run")
        settlement.settle(connection, claim, {each.event_id: outcome for each in taken})
    runtime.bell.ring_run(run_id)


def _note_touched(
    connection: Connection, corp: Corp, batch: FoldedMail, found: Found
) -> None:
    """Tell a run that reads at this moment which keys it must ask again."""
    people = found.findings.userids | frozenset(batch.members)
    keys = {str(member_key(each)) for each in people}
    keys |= {str(each) for each in batch.newest}
    if found.view.listed is not None:
        keys.add(DEPARTMENTS_KEY)
    touched.note(connection, corp.corp_pk, keys)
