"""Works on a run: its turn at reading, then applying under the corp's lease."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from uuid import UUID, uuid4

from domain.ids import RunId
from store.database import StoreUnavailable, glance, transaction
from store.inbox import leases
from store.inbox.leases import LeaseLost
from store.org import corps
from store.org.corps import Corp
from store.runs import reads, requests, runs, staging
from store.runs.runs import PLAN, Run, RunTaken
from workers.answers.spelling import SpellingApi
from workers.calls.call_count import CallCount
from workers.calls.retry import PatientApi
from workers.failures import Fault, judge
from workers.installs import corp_state
from workers.lease import held, kept
from workers.runs.apply import RunApplier
from workers.runs.read import CorpReader, TurnOver
from workers.runs.rehearsal import rehearse
from workers.runs.scope_recheck import is_as_known
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
    worker = uuid4()
    try:
        with transaction(runtime.pool) as connection:
            run = runs.take(connection, run_id, worker)
        if run is not None:
            with kept(partial(_renew, runtime, run)):
                _take_turn(runtime, run)
    except RunTaken:
        _log.info("run ended or taken over", extra={"run_id": run_id})
    except StoreUnavailable:
        _log.warning("run given up for now, store away", extra={"run_id": run_id})


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
    except TurnOver:
        _yield_turn(runtime, run, count, seconds=0)
        runtime.bell.ring_run(run.run_id)
    except (MailboxBusy, LeaseLost):
        _yield_turn(runtime, run, count, seconds=_BUSY_SECONDS)
    except Exception as error:
        # The one place where errors of a run get their meaning.
        _record_failure(runtime, run, corp, count, error)
    else:
        _ring_what_waited(runtime, corp)


def _workable(runtime: Runtime, run: Run) -> Corp | None:
    """The corp of the run, if it may be read now."""
    with transaction(runtime.pool) as connection:
        corp = corps.get(connection, run.corp_pk)
        if corp.state == "linked":
            return corp
        if corp.state == "paused" and run.cause != PLAN:
            seconds = _PAUSED_SECONDS
            runs.put_off(connection, run.run_id, seconds=seconds, error="paused")
        else:
            error = "paused" if corp.state == "paused" else "not linked"
            runs.end(connection, run.run_id, state="cancelled", error=error)
        return None


def _read_and_apply(runtime: Runtime, run: Run, corp: Corp, count: CallCount) -> None:
    api = SpellingApi(PatientApi(runtime.corp_api(corp, count=count)), corp.spellings)
    if is_as_known(runtime, run, corp, api=api, count=count):
        return
    at_once = runtime.lanes.of(corp.corp_id)
    snapshot = CorpReader(runtime.pool, run, corp, api=api, at_once=at_once).read()
    with transaction(runtime.pool) as connection:
        runs.check(connection, run)
        reads.end_read(connection, run.run_id)
        staging.analyse(connection)
    if run.cause == PLAN:
        rehearse(runtime, run, corp, api=api, count=count, snapshot=snapshot)
        return
    with _leased(runtime, corp) as lease:
        RunApplier(
            runtime, run, corp, api=api, count=count, lease=lease, snapshot=snapshot
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
    extra = {"run_id": run.run_id, "error": judgement.error}
    _log.info("run failed", extra=extra)
    own_fault = judgement.fault is Fault.OURS
    if _is_given_up(run, judgement.fault):
        with transaction(runtime.pool) as connection:
            runs.check(connection, run)
            reads.note_calls(connection, run.run_id, calls=count.total, least=0)
            runs.end(connection, run.run_id, state="failed", error=judgement.error)
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


def _yield_turn(
    runtime: Runtime, run: Run, count: CallCount, *, seconds: float
) -> None:
    with transaction(runtime.pool) as connection:
        runs.check(connection, run)
        reads.note_calls(connection, run.run_id, calls=count.total, least=0)
        runs.yield_turn(connection, run.run_id, seconds=seconds)


def _ring_what_waited(runtime: Runtime, corp: Corp) -> None:
    """Mail that came meanwhile, and the run that was queued behind this one."""
    runtime.bell.ring(corp.mailbox)
    with transaction(runtime.pool) as connection:
        queued = requests.list_queued(connection, corp.corp_pk)
    for each in queued:
        runtime.bell.ring_run(each)
