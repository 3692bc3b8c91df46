"""What a sync of one person would do now: the work of a drain, and then taken back.

The questions are a drain's, and so is the transaction that applies the answers; it is
rolled back once what it did has been read. Nothing decides here, so nothing can differ.
Limits that WeCom tells on the way are kept: they are true for everybody who asks next.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import uuid4

from redis import RedisError

import logs
from domain.decisions import Decision, DecisionName
from domain.events.fold import CHANGE_CONTACT
from domain.ids import CorpPk, Key, Userid, member_key
from domain.mailbox import mailbox_of_corp
from domain.reconcile.guard import KIND_BY_DECISION, limit_of
from domain.states import CorpState
from store.database import Connection, StoreUnavailable, transaction
from store.events import preview_rows, previews
from store.events.preview_rows import JournalMark, WaitingRemoval
from store.events.previews import (
    Preview,
    PreviewHold,
    PreviewKey,
    PreviewNotice,
    PreviewState,
    PreviewStep,
)
from store.inbox import leases
from store.inbox.claims import ClaimedBatch, ClaimedMail
from store.inbox.quick_apply import begin_apply
from store.org import corps
from store.org.corps import Corp
from store.runs import plans
from tracing.call_log import CallLog
from workers.events.find_out import BatchOutcome, find_out, find_subject, look_up
from workers.events.found import NeedsRun
from workers.events.known_org import KnownOrg
from workers.events.sync_batch import Applied, apply_batch
from workers.failures import judge
from workers.org.guard import read_limits
from workers.runtime import Runtime

# Newer than all mail there is, as the mail would be that has her asked about now.
_OWN_MAIL = 2**62
# Whoever changes the same people meanwhile has it begin anew.
_MOST_TRIES = 3
_LOCK_WAIT = "5s"

_log = logging.getLogger(__name__)


class _Overtaken(Exception):
    """Another has changed what this was about while WeCom was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """A corp, one of its people, and the store's word on both at one moment."""

    corp: Corp
    claim: ClaimedBatch
    known: KnownOrg
    mark: JournalMark


def preview(runtime: Runtime, reference: str) -> None:
    """Answer the preview that was asked for under this name, unless another does.

    Repeats: harmless; what is answered already is left alone.
    """
    corp_pk, _, name = reference.partition(":")
    key = PreviewKey(corp_pk=int(corp_pk), name=name)
    runtime.bell.answer_preview(reference)
    with logs.concerning(corp_pk=key.corp_pk):
        try:
            _answer(runtime, key)
        except (RedisError, OSError, StoreUnavailable, LookupError) as error:
            # The page says that nobody has answered, and offers to ask once more.
            _log.warning("preview given up", extra={"error": type(error).__name__})


def _answer(runtime: Runtime, key: PreviewKey) -> None:
    with transaction(runtime.pool) as connection:
        corp = corps.get(connection, CorpPk(key.corp_pk))
    data_key = runtime.data_key(corp)
    asked = previews.take(runtime.redis, data_key, key)
    if asked is None:
        return
    log, began_at = CallLog(), datetime.now(UTC)
    own = member_key(Userid(asked.userid))
    with log.listening():
        found = _find(runtime, asked, corp)
    answered = replace(
        found,
        state=PreviewState.ANSWERED,
        began_at=began_at,
        answered_at=datetime.now(UTC),
        # Which of the calls were about this person, and not who the others were.
        calls=log.told({own: _OWN_MAIL}),
    )
    previews.answer(runtime.redis, data_key, key, answered)


def _find(runtime: Runtime, asked: Preview, corp: Corp) -> Preview:
    """What would come of it, or what stands in the way."""
    if corp.state is not CorpState.LINKED:
        return replace(asked, outcome=corp.state.value)
    if corp.last_synced_at is None:
        return replace(asked, outcome="first_read")
    try:
        with runtime.suspects.slot(corp.corp_id):
            return _rehearse(runtime, asked, corp.corp_pk)
    except NeedsRun as wish:
        return replace(asked, outcome="run", error=wish.cause)
    except _Overtaken:
        return replace(asked, outcome="busy")
    except Exception as error:
        # The one place where errors of a preview get their meaning: that of a drain's.
        judgement = judge(error, strikes=0)
        return replace(
            asked,
            outcome=judgement.waits_for,
            error=judgement.error,
            wait_seconds=judgement.wait_seconds,
        )


def _rehearse(runtime: Runtime, asked: Preview, corp_pk: CorpPk) -> Preview:
    for _ in range(_MOST_TRIES):
        subject = _look_up(runtime, corp_pk, Userid(asked.userid))
        about = find_out(
            runtime,
            subject.corp,
            subject.claim,
            list(subject.claim.mail),
            subject.known,
        )
        try:
            return _apply_and_take_back(runtime, asked, subject, about)
        except _Overtaken:
            continue
    raise _Overtaken


def _look_up(runtime: Runtime, corp_pk: CorpPk, userid: Userid) -> _Subject:
    """What a drain would know of this person, and the mail that it would work on."""
    with transaction(runtime.pool) as connection:
        # Whoever is writing the org has ended when this lock is had.
        corp = corps.lock(connection, corp_pk)
        mark = preview_rows.mark(connection)
        mailbox = mailbox_of_corp(corp.corp_id)
        key = member_key(userid)
        mail = [
            *preview_rows.list_due_mail(connection, mailbox, [key]),
            _mail(key, mark.at),
        ]
        return _Subject(
            corp=corp,
            claim=ClaimedBatch(
                claim_id=uuid4(),
                mailbox=mailbox,
                lease=uuid4(),
                claimed_at=mark.at,
                mail=tuple(mail),
            ),
            known=_known(connection, runtime, corp, mail),
            mark=mark,
        )


def _known(
    connection: Connection, runtime: Runtime, corp: Corp, mail: Sequence[ClaimedMail]
) -> KnownOrg:
    subject = find_subject(connection, corp.corp_id, mail)
    if subject is None or subject.corp.corp_pk != corp.corp_pk:
        raise LookupError(f"corp {corp.corp_pk} has withdrawn")
    return look_up(connection, runtime, subject, mail)


def _mail(key: Key, now: datetime) -> ClaimedMail:
    """The mail that asking about her now would be."""
    return ClaimedMail(
        event_id=_OWN_MAIL, received_at=now, kind=CHANGE_CONTACT, change=None, key=key,
        sent_at=None, hint={}, barrier=False, attempts=1, late_asks=0,
    )  # fmt: skip


def _apply_and_take_back(
    runtime: Runtime, asked: Preview, subject: _Subject, about: BatchOutcome
) -> Preview:
    """Do all of it, read what it did, and undo it.

    Raises: _Overtaken.
    """
    corp_pk = subject.corp.corp_pk
    people = about.found.findings.userids | frozenset(about.batch.members)
    with (
        transaction(runtime.pool) as connection,
        connection.transaction(force_rollback=True),
    ):
        connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_WAIT}'")
        corps.lock(connection, corp_pk)
        keys = [member_key(each) for each in people]
        if preview_rows.has_changed(connection, corp_pk, since=subject.mark, keys=keys):
            raise _Overtaken
        claim = _under_a_lease_of_its_own(connection, subject.claim)
        begin_apply(connection, claim, corp_pk)
        applied = apply_batch(connection, runtime, claim, about, ends=True)
        return _told(connection, runtime, asked, about, applied)


def _under_a_lease_of_its_own(
    connection: Connection, claim: ClaimedBatch
) -> ClaimedBatch:
    """The claim in a mailbox that only this transaction knows: it stops no drain."""
    mailbox = f"preview:{claim.claim_id}"
    lease = leases.take(connection, mailbox)
    assert lease is not None  # noqa: S101 - nobody else knows of this mailbox.
    return replace(claim, mailbox=mailbox, lease=lease)


def _told(
    connection: Connection,
    runtime: Runtime,
    asked: Preview,
    about: BatchOutcome,
    applied: Applied,
) -> Preview:
    corp = about.corp
    removals = preview_rows.list_waiting(
        connection, corp.corp_pk, applied.waiting, data_key=runtime.data_key(corp)
    )
    steps = [_step(each) for each in applied.decisions]
    steps += [_waiting_step(each) for each in removals]
    # Mail about her that waits already may be newer in WeCom's count.
    settling = about.batch.folded.get(_OWN_MAIL, _OWN_MAIL)
    fate = applied.fates[settling]
    return replace(
        asked,
        outcome=fate.outcome,
        error=fate.error,
        wait_seconds=fate.seconds,
        steps=steps,
        holds=[_hold(connection, runtime, corp, each) for each in removals],
        notices=[
            PreviewNotice(userid=each.userid, kind=each.kind, state=each.state)
            for each in preview_rows.list_touched_notices(connection, corp.corp_pk)
        ],
    )


def _step(decision: Decision) -> PreviewStep:
    after = dict(decision.after)
    link = after.get("link")
    if decision.name is DecisionName.CREATE_ACCOUNT and isinstance(link, dict):
        # The account that will be made has no id before it is made.
        after["link"] = {**link, "account_id": None}
    return PreviewStep(
        name=decision.name.value,
        key=str(decision.key),
        before=dict(decision.before),
        after=after,
        reason=str(decision.reason),
        held=False,
    )


def _waiting_step(removal: WaitingRemoval) -> PreviewStep:
    return PreviewStep(
        name=removal.decision,
        key=removal.key,
        before=removal.before,
        after=removal.after,
        reason=removal.reason,
        held=True,
    )


def _hold(
    connection: Connection, runtime: Runtime, corp: Corp, removal: WaitingRemoval
) -> PreviewHold:
    """Why it would wait, by the numbers that the guard goes by."""
    kind = KIND_BY_DECISION[DecisionName(removal.decision)]
    settings, hours = read_limits(connection, corp, defaults=runtime.settings.guard)
    window = plans.count_window(connection, corp.corp_pk, kind=kind, hours=hours)
    return PreviewHold(
        key=removal.key,
        plan_state="new" if removal.is_new else removal.plan_state,
        # One that is made here is undone, and its id is nobody's.
        plan_id=None if removal.is_new else removal.plan_id,
        removals=window.unapproved + 1,
        limit=limit_of(window.size, settings=settings),
        hours=hours,
    )
