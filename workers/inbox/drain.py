"""Drains a mailbox: lease, claim, let the right hands work, settle; corners poison."""

import logging
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid4

import logs
from domain.mailbox import MailboxKind
from store.database import Connection, StoreUnavailable, glance, transaction
from store.inbox import claims, leases, mailboxes, settlement
from store.inbox.claims import ClaimedBatch, Outlook
from store.inbox.leases import LeaseLost
from store.inbox.mailboxes import MailboxState
from store.inbox.quick_claim import QuickClaim, claim_quickly
from store.platform.metrics import BATCH_EVENTS, DRAINS, Drained
from tracing import spans
from tracing.call_log import CallLog
from wecom.errors import Unavailable
from workers.answers.troubles import MOST_UNANSWERED
from workers.failures import Fault, Judgement, judge
from workers.inbox import corp_mail
from workers.installs import corp_state, exchange
from workers.items.follow import follow
from workers.lease import held, leased
from workers.queue.presence import WORKER
from workers.runtime import Runtime

LONE_ATTEMPTS = 5

# A mailbox that gets more than this waits for calm, so that its burst is one batch.
_BURST_EVENTS_PER_SECOND = 200
_CALM_SECONDS = 1.0
_LONGEST_BURST_SECONDS = 5.0

# Whether its last commit has settled all that was claimed, and given the lease back.
Handler = Callable[[Runtime, ClaimedBatch], bool | None]

_HANDLERS: dict[str, Handler] = {
    MailboxKind.CORP: corp_mail.handle,
    MailboxKind.CODE: exchange.exchange,
    MailboxKind.COMPANY: follow,
}

_log = logging.getLogger(__name__)


def drain(runtime: Runtime, mailbox: str) -> None:
    """Work through what is pending in a mailbox, once, unless another does.

    Repeats: harmless; a second drain finds the lease held or nothing to do.
    """
    with logs.concerning(mailbox=mailbox):
        _answer(runtime, mailbox)


def _answer(runtime: Runtime, mailbox: str) -> None:
    runtime.bell.answer(mailbox)
    try:
        ended, again = _drain(runtime, mailbox)
    except StoreUnavailable:
        _log.warning("drain given up, store away")
        ended, again = Drained.GIVEN_UP, False
    runtime.tallies.add(DRAINS, ended)
    if again:
        runtime.bell.ring(mailbox)


def _drain(runtime: Runtime, mailbox: str) -> tuple[Drained, bool]:
    """How it ended, and whether mail is due still."""
    begun = _begin(runtime, mailbox)
    if begun is Drained.BUSY:
        return Drained.BUSY, False
    ended = _work(runtime, begun) if isinstance(begun, ClaimedBatch) else begun
    # Only now: mail that came while the lease was held found it held.
    with glance(runtime.pool) as connection:
        return ended, settlement.is_due(connection, mailbox)


def _begin(runtime: Runtime, mailbox: str) -> ClaimedBatch | Drained:
    """What is to be worked on, under a lease; or why nothing is."""
    claim_id = uuid4()
    with glance(runtime.pool) as connection:
        quick = claim_quickly(
            connection,
            mailbox,
            lease=uuid4(),
            claim_id=claim_id,
            burst_events=_BURST_EVENTS_PER_SECOND,
            worker=WORKER,
        )
    if quick is None or not quick.mail:
        return _begin_by_steps(runtime, mailbox, quick)
    return ClaimedBatch(
        claim_id=claim_id,
        mailbox=mailbox,
        lease=quick.lease,
        claimed_at=quick.claimed_at,
        mail=quick.mail,
    )


def _begin_by_steps(
    runtime: Runtime, mailbox: str, quick: QuickClaim | None
) -> ClaimedBatch | Drained:
    """The same of a mailbox that is unusual, empty or new; its lease may be ours."""
    with transaction(runtime.pool) as connection:
        lease = _lease(connection, mailbox, quick)
        if lease is None:
            return Drained.BUSY
        claim = _claim(connection, mailbox, lease)
        if claim is None:
            leases.release(connection, mailbox, lease)
            return Drained.IDLE
        return claim


def _lease(
    connection: Connection, mailbox: str, quick: QuickClaim | None
) -> UUID | None:
    """The lease that the quick claim took, or else one that is free."""
    if quick is None:
        return leases.take(connection, mailbox)
    try:
        leases.check(connection, mailbox, quick.lease)
    except LeaseLost:
        return None
    return quick.lease


def _work(runtime: Runtime, claim: ClaimedBatch) -> Drained:
    """Where a claimed batch is opened: lines and spans are about its events."""
    kind = claim.mailbox.partition(":")[0]
    told: spans.Attributes = {
        "mailbox.kind": kind,
        "attempt": max(each.attempts for each in claim.mail),
    }
    with (
        logs.concerning(claim.event_ids),
        spans.working("drain", claim.event_ids, told) as span,
    ):
        ended = _work_on(runtime, claim)
        span.note(outcome=ended.value)
        return ended


def _work_on(runtime: Runtime, claim: ClaimedBatch) -> Drained:
    worked, is_over = False, False
    log = CallLog()
    claim = replace(claim, calls=log)
    try:
        runtime.tallies.observe(BATCH_EVENTS, len(claim.mail))
        with held(runtime.pool, claim.mailbox, claim.lease), log.listening():
            worked, is_over = _handle(runtime, claim)
    finally:
        if not is_over:
            _end(runtime, claim, worked=worked)
    return Drained.WORKED if worked else Drained.FAILED


def _handle(runtime: Runtime, claim: ClaimedBatch) -> tuple[bool, bool]:
    """Whether it went well, and whether that has ended the claim already."""
    kind, _, _ = claim.mailbox.partition(":")
    try:
        is_over = _HANDLERS.get(kind, _ignore)(runtime, claim)
    except Exception as error:
        # The one place where errors of a drain get their meaning.
        _record_failure(runtime, claim, error)
        return False, False
    return True, bool(is_over)


def _end(runtime: Runtime, claim: ClaimedBatch, *, worked: bool) -> None:
    """Give the lease back, and with it what went well."""
    with transaction(runtime.pool) as connection:
        if not leases.release(connection, claim.mailbox, claim.lease):
            # A purge takes the mailbox away with all the rest that names the corp.
            _log.info("mailbox gone or taken over")
        elif worked:
            claims.give_back(connection, claim)
            mailboxes.note_outcome(connection, claim.mailbox)


def _claim(connection: Connection, mailbox: str, lease: UUID) -> ClaimedBatch | None:
    box = mailboxes.open_mailbox(connection, mailbox)
    limit = _limit_after_death(connection, box)
    kinds = corp_mail.allowed_while_waiting(box) if box.waits else None
    if kinds is not None and not kinds:
        return None
    outlook = claims.look(connection, mailbox)
    if kinds is None and _is_burst(outlook):
        mailboxes.pace(connection, mailbox, seconds=_CALM_SECONDS)
        return None
    claim_id = uuid4()
    rows = claims.claim_next(
        connection,
        mailbox,
        claim_id=claim_id,
        barrier=outlook.barrier,
        limit=limit,
        kinds=kinds,
    )
    if not rows:
        return None
    mailboxes.note_claim(connection, mailbox, claim_id, worker=WORKER)
    return ClaimedBatch(
        claim_id=claim_id,
        mailbox=mailbox,
        lease=lease,
        claimed_at=box.now,
        mail=tuple(rows),
    )


def _limit_after_death(connection: Connection, box: MailboxState) -> int:
    """How much to claim now; half as much if the worker before us died over its claim.

    A row that outlived five workers, each of which held nothing else, has failed.
    """
    if box.open_claim is None:
        return box.claim_limit
    orphans = claims.unclaim(connection, box.mailbox, box.open_claim)
    if not orphans:
        return box.claim_limit
    mailboxes.note_takeover(connection, box.mailbox, worker=WORKER, events=len(orphans))
    if len(orphans) == 1 and orphans[0].attempts >= LONE_ATTEMPTS:
        _fail(connection, box.mailbox, orphans[0].event_id, error="worker died")
        return box.claim_limit
    if len(orphans) > 1:
        claims.forgive(connection, box.mailbox, [row.event_id for row in orphans])
    limit = max(1, len(orphans) // 2)
    mailboxes.limit_claim(connection, box.mailbox, limit)
    return limit


def _is_burst(outlook: Outlook) -> bool:
    many = outlook.recent > _BURST_EVENTS_PER_SECOND
    return many and outlook.oldest_seconds < _LONGEST_BURST_SECONDS


def _record_failure(runtime: Runtime, claim: ClaimedBatch, error: Exception) -> None:
    try:
        judgement = _judge_and_wait(runtime, claim, error)
    except LeaseLost:
        # Whoever has the mailbox now has the mail, too.
        _log.info("mailbox gone or taken over")
        return
    corp_state.heed(runtime, claim.mailbox, judgement.fault)


def _judge_and_wait(
    runtime: Runtime, claim: ClaimedBatch, error: Exception
) -> Judgement:
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        box = mailboxes.open_mailbox(connection, claim.mailbox)
        judgement = judge(error, strikes=box.strikes)
        extra = {"mailbox": claim.mailbox, "error": judgement.error}
        _log.info("drain failed", extra=extra)
        match judgement.fault:
            case Fault.LOST:
                pass
            case Fault.OURS:
                _corner(connection, claim, judgement)
            case Fault.THEIRS | Fault.REVOKED | Fault.PAUSED:
                if _may_be_their_own(claim, error):
                    claims.note_unanswered(connection, claim)
                claims.give_back(connection, claim, error=judgement.error)
                mailboxes.wait(
                    connection,
                    claim.mailbox,
                    seconds=judgement.wait_seconds,
                    waits_for=judgement.waits_for,
                    error=judgement.error,
                )
    return judgement


def _may_be_their_own(claim: ClaimedBatch, error: Exception) -> bool:
    """Whether so few keys got no answer that it may be they and not the corp."""
    few = len({each.key for each in claim.mail}) < MOST_UNANSWERED
    return few and isinstance(error, Unavailable) and not error.held_back


def _corner(connection: Connection, claim: ClaimedBatch, judgement: Judgement) -> None:
    """Halve what is claimed next until the row that fails stands alone."""
    rows = claim.mail
    if len(rows) > 1:
        claims.give_back(connection, claim, error=judgement.error)
        mailboxes.limit_claim(connection, claim.mailbox, len(rows) // 2)
        return
    if rows[0].attempts >= LONE_ATTEMPTS:
        _fail(
            connection,
            claim.mailbox,
            rows[0].event_id,
            error=judgement.error,
            claim=claim,
        )
    else:
        # Only this row waits; what stands behind it goes on.
        seconds, error = judgement.wait_seconds, judgement.error
        claims.return_failed(connection, claim, error=error, seconds=seconds)
    mailboxes.limit_claim(connection, claim.mailbox, 2)


def _fail(
    connection: Connection,
    mailbox: str,
    event_id: int,
    *,
    error: str,
    claim: ClaimedBatch | None = None,
) -> None:
    failed = claims.fail(connection, mailbox, event_id, error=error, claim=claim)
    mailboxes.limit_claim(connection, mailbox, 2)
    if failed is None:
        return
    if failed.barrier:
        corp_mail.repair_failed_barrier(connection, mailbox)
    corp_mail.keep_failed_testimony(connection, mailbox, event_id, failed.kind)


def _ignore(runtime: Runtime, claim: ClaimedBatch) -> None:
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        outcome: tuple[settlement.Settled, str] = ("ignored", "no_handler")
        settlement.settle(connection, claim, dict.fromkeys(claim.event_ids, outcome))
