"""Works on a run: its turn at reading, then applying under the corp's lease.

The way of a full read, from its turn to its end:

    work_on                    one worker a run, renewed beside the work
      _take_turn               the corp may be read; a failure gets its meaning here
        is_as_known            a look at a doubted scope ends without a read
        CorpReader.read        without the lease, page by page into staging
          _begin               scope and permissions, tags, departments
          read_people          a list for each department, single grants one by one
          _check_scope_held    the scope once more: a difference throws the read away
        CatchUp.keep_up        what drains touched meanwhile is asked about again, and
                               who differs by what one list alone says
        rehearse               a plan ends here: the same on copies of the rows
        _leased                drains are short; they are waited for a moment
        RunApplier.apply       each page is one transaction that checks the lease
          catch_up             the last keys that drains touched
          look_for             absentees: a second answer, or they stay
          look_twice           what a set lost counts when two reads of it agree
          apply_listing, _apply_renames, _apply_shown, _apply_differing
          _pass_guard          too many removals wait as a plan
          _apply_absences, _apply_handed_on
          follow_everybody     links that might be others now
          _end                 findings, calls, and what the mail before it said
      _ring_what_waited        mail that came meanwhile, and the next run
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from uuid import UUID, uuid4

import logs
from domain.ids import RunId
from domain.reconcile.testimony import APART_SECONDS
from domain.states import CorpState, RunState
from store.database import StoreUnavailable, glance, transaction
from store.inbox import leases
from store.inbox.leases import LeaseLost
from store.org import corps
from store.org.corps import Corp
from store.runs import reads, requests, runs
from store.runs.runs import PLAN, Run, RunTaken
from tracing import spans
from workers.answers.spelling import SpellingApi
from workers.calls.call_count import CallCount
from workers.calls.retry import PatientApi
from workers.failures import Fault, judge
from workers.installs import corp_state
from workers.lease import held, kept
from workers.runs.apply import RunApplier
from workers.runs.catch_up import CatchUp
from workers.runs.open_absences import look_later
from workers.runs.read import CorpReader, NeverTheSame, NobodyShown
from workers.runs.reading.pages import TurnOver
from workers.runs.reading.second_look import LookAgain
from workers.runs.rehearsal import rehearse
from workers.runs.scope_recheck import is_as_known
from workers.runs.snapshot import ABSENT
from workers.runs.staged import stage_member
from workers.runtime import Runtime

# How often a run may fail for a reason of its own before it is given up.
MOST_OWN_FAULTS = 5

# Somebody waits for a plan: rather none soon than one much later.
MOST_PLAN_STRIKES = 5

_LEASE_PATIENCE_SECONDS = 2.0
_LEASE_PAUSE_SECONDS = 0.05
_BUSY_SECONDS = 1.0
_PAUSED_SECONDS = 60.0

_log = logging.getLogger(__name__)


class MailboxBusy(Exception):
    """A drain holds the corp's mailbox; what was read waits for its turn."""


def work_on(runtime: Runtime, run_id: RunId) -> None:
    """One worker's turn at a run, unless it ended, waits, or another works on it.

    Repeats: harmless; a read goes on at its page, an apply finds fewer differences.
    """
    runtime.bell.answer_run(run_id)
    with logs.concerning(run_id=run_id) as concern:
        _work_on(runtime, run_id, concern)


def _work_on(runtime: Runtime, run_id: RunId, concern: logs.Concern) -> None:
    worker = uuid4()
    try:
        with transaction(runtime.pool) as connection:
            run = runs.take(connection, run_id, worker)
        if run is not None:
            concern.note(corp_pk=run.corp_pk)
            concern.note_events(run.event_ids)
            with (
                kept(partial(_renew, runtime, run)),
                spans.working(
                    "run", run.event_ids, {"cause": run.cause, "run_id": run_id}
                ),
            ):
                _take_turn(runtime, run)
    except RunTaken:
        _log.info("run ended or taken over")
    except StoreUnavailable:
        _log.warning("run given up for now, store away")


def _renew(runtime: Runtime, run: Run) -> bool:
    with glance(runtime.pool) as connection:
        return runs.renew(connection, run)


def _take_turn(runtime: Runtime, run: Run) -> None:
    corp = _workable(runtime, run)
    if corp is None:
        return
    count = CallCount()
    try:
        with runtime.suspects.slot(corp.corp_id):
            _read_and_apply(runtime, run, corp, count)
    except RunTaken:
        raise
    except LookAgain as wish:
        _wait_for_second_look(runtime, run, count, wish)
    except (NobodyShown, NeverTheSame) as finding:
        _end_unread(runtime, run, count, str(finding))
        _ring_what_waited(runtime, corp)
    except (TurnOver, MailboxBusy, LeaseLost) as stop:
        _yield_turn(runtime, run, count, stop)
    except Exception as error:
        # The one place where errors of a run get their meaning.
        _record_failure(runtime, run, corp, count, error)
    else:
        _ring_what_waited(runtime, corp)


def _workable(runtime: Runtime, run: Run) -> Corp | None:
    """The corp of the run, if it may be read now."""
    with transaction(runtime.pool) as connection:
        corp = corps.get(connection, run.corp_pk)
        if corp.state is CorpState.LINKED:
            return corp
        if corp.state is CorpState.PAUSED and run.cause != PLAN:
            seconds = _PAUSED_SECONDS
            runs.put_off(connection, run.run_id, seconds=seconds, error="paused")
        else:
            error = "paused" if corp.state is CorpState.PAUSED else "not linked"
            runs.end(connection, run.run_id, state=RunState.CANCELLED, error=error)
        return None


def _read_and_apply(runtime: Runtime, run: Run, corp: Corp, count: CallCount) -> None:
    api = SpellingApi(PatientApi(runtime.corp_api(corp, count=count)), corp.spellings)
    if is_as_known(runtime, run, corp, api=api, count=count):
        return
    at_once = runtime.lanes.of(corp.corp_id)
    snapshot = CorpReader(runtime.pool, run, corp, api=api, at_once=at_once).read()
    catch_up = CatchUp(runtime.pool, run, corp, api=api, at_once=at_once)
    snapshot = catch_up.keep_up(snapshot)
    with transaction(runtime.pool) as connection:
        runs.check(connection, run)
        reads.end_read(connection, run.run_id)
    if run.cause == PLAN:
        rehearse(
            runtime,
            run,
            corp,
            api=api,
            count=count,
            snapshot=snapshot,
            heeded=catch_up.heeded,
        )
        return
    with _leased(runtime, corp) as lease:
        RunApplier(
            runtime,
            run,
            corp,
            api=api,
            count=count,
            lease=lease,
            snapshot=snapshot,
            heeded=catch_up.heeded,
        ).apply()


@contextmanager
def _leased(runtime: Runtime, corp: Corp) -> Iterator[UUID]:
    """The lease of the corp's mailbox, waited for a moment.

    Raises: MailboxBusy.
    """
    lease = _take_lease(runtime, corp.mailbox)
    try:
        with held(runtime.pool, corp.mailbox, lease):
            yield lease
    finally:
        with transaction(runtime.pool) as connection:
            leases.release(connection, corp.mailbox, lease)


def _take_lease(runtime: Runtime, mailbox: str) -> UUID:
    # Drains are short; after this the run would rather give its thread back.
    patience_ends = time.monotonic() + _LEASE_PATIENCE_SECONDS
    while True:
        with transaction(runtime.pool) as connection:
            lease = leases.take(connection, mailbox)
        if lease is not None:
            return lease
        if time.monotonic() > patience_ends:
            raise MailboxBusy(mailbox)
        time.sleep(_LEASE_PAUSE_SECONDS)


def _record_failure(
    runtime: Runtime, run: Run, corp: Corp, count: CallCount, error: Exception
) -> None:
    judgement = judge(error, strikes=run.strikes)
    _log.info("run failed", extra={"error": judgement.error})
    own_fault = judgement.fault is Fault.OURS
    if _is_given_up(run, judgement.fault):
        with transaction(runtime.pool) as connection:
            runs.check(connection, run)
            reads.note_calls(connection, run.run_id, calls=count.total, least=0)
            runs.end(
                connection, run.run_id, state=RunState.FAILED, error=judgement.error
            )
        _ring_what_waited(runtime, corp)
        return
    with transaction(runtime.pool) as connection:
        runs.check(connection, run)
        reads.note_calls(connection, run.run_id, calls=count.total, least=0)
        runs.put_off(
            connection,
            run.run_id,
            seconds=judgement.wait_seconds,
            error=judgement.error,
            own_fault=own_fault,
        )
    if run.cause == PLAN:
        return
    corp_state.heed(runtime, corp.mailbox, judgement.fault)


def _is_given_up(run: Run, fault: Fault) -> bool:
    if run.cause == PLAN and fault is not Fault.THEIRS:
        # A plan draws no conclusions: it says why it could not be made.
        return True
    if run.cause == PLAN and run.strikes + 1 >= MOST_PLAN_STRIKES:
        return True
    return fault is Fault.OURS and run.own_faults + 1 >= MOST_OWN_FAULTS


def _yield_turn(runtime: Runtime, run: Run, count: CallCount, stop: Exception) -> None:
    is_over = isinstance(stop, TurnOver)
    with transaction(runtime.pool) as connection:
        runs.check(connection, run)
        reads.note_calls(connection, run.run_id, calls=count.total, least=0)
        seconds = 0.0 if is_over else _BUSY_SECONDS
        runs.yield_turn(connection, run.run_id, seconds=seconds)
    if is_over:
        runtime.bell.ring_run(run.run_id)


def _wait_for_second_look(
    runtime: Runtime, run: Run, count: CallCount, wish: LookAgain
) -> None:
    """Keep what was read, and let the run wait until the sets may be read again."""
    with transaction(runtime.pool) as connection:
        runs.check(connection, run)
        reads.note_snapshot(connection, run.run_id, wish.snapshot.to_json())
        for each in wish.shown:
            stage_member(connection, run.run_id, each, page_of=ABSENT)
        reads.note_calls(
            connection, run.run_id, calls=count.total, least=wish.confirmations
        )
        runs.yield_turn(connection, run.run_id, seconds=APART_SECONDS, said=wish.said)


def _end_unread(runtime: Runtime, run: Run, count: CallCount, finding: str) -> None:
    """Nothing of the read may be followed: the org stays, and it is read again."""
    with transaction(runtime.pool) as connection:
        runs.check(connection, run)
        reads.note_calls(connection, run.run_id, calls=count.total, least=0)
        runs.end(connection, run.run_id, state=RunState.FAILED, error=finding)
        if run.cause != PLAN:
            look_later(connection, run.corp_pk, found=finding)


def _ring_what_waited(runtime: Runtime, corp: Corp) -> None:
    """Mail that came meanwhile, and the run that was queued behind this one."""
    runtime.bell.ring(corp.mailbox)
    with transaction(runtime.pool) as connection:
        queued = requests.list_queued(connection, corp.corp_pk)
    for each in queued:
        runtime.bell.ring_run(each)
