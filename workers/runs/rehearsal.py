"""What a resync would do now: done by the very same code, to a copy of the corp."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from uuid import UUID

from domain.decisions import Decision
from domain.grouping import Step, group
from domain.ids import CompanyId, CorpId, Key
from domain.reconcile.guard import KIND_BY_DECISION, decisions_hash
from domain.states import RunState
from store.database import transaction
from store.inbox import leases
from store.org.corps import Corp
from store.runs import reads, rehearsals, runs, staging
from store.runs.awaited_links import read_awaited
from store.runs.rehearsals import Hold
from store.runs.runs import Run
from store.runs.scratch_copy import Shadow, cast_shadow
from store.sealing import DataKey
from wecom.errors import Unavailable
from workers.answers.spelling import SpellingApi
from workers.calls.call_count import CallCount
from workers.org.guard import read_limits
from workers.queue.bell import Bell
from workers.queue.metrics import Tallies
from workers.runs.apply import RunApplier
from workers.runs.catch_up import Heeded
from workers.runs.snapshot import Snapshot, least_calls
from workers.runtime import Runtime

_AGAIN_SECONDS = 1.0


class _Untold(Tallies):
    """Counts no decision: none of these is made."""

    def decided(self, decisions: Iterable[Decision]) -> None:
        """Tell nobody."""


class _Muted(Bell):
    """Rings for no notice: none of these is queued."""

    def __init__(self) -> None:
        # Not the parent's: there is nobody to hear it.
        pass

    def ring_notices(self, corp_pk: int) -> bool:
        """Call nobody."""
        return True


def rehearse(
    runtime: Runtime,
    run: Run,
    corp: Corp,
    *,
    api: SpellingApi,
    count: CallCount,
    snapshot: Snapshot,
    heeded: Heeded,
) -> None:
    """Apply a complete read to copies, keep what was decided, and end the run.

    Nothing is locked meanwhile, and Postgres refuses to write anything but the copies.

    Raises: LookAgain; Unavailable when the corp was changed by another run meanwhile,
        or when staging does not hold what was read; the read then starts over.
    """
    defaults = runtime.settings.guard
    with transaction(runtime.pool) as connection:
        _, window_hours = read_limits(connection, corp, defaults=defaults)
    try:
        with cast_shadow(
            runtime.settings.database_url,
            corp=corp,
            run_id=run.run_id,
            window_hours=window_hours,
        ) as shadow:
            _check_alone(shadow, run)
            reading = _cost_of_reading(run, shadow, snapshot, count=count)
            read = count.total
            RunApplier(
                _on_stage(runtime, shadow),
                run,
                corp,
                api=api,
                count=count,
                lease=_lease_of_copy(shadow, corp),
                snapshot=snapshot,
                heeded=heeded,
            ).apply()
            calls = reading + count.total - read
            least = _least_calls(shadow, run)
            _keep(run, corp, shadow, data_key=runtime.data_key(corp), calls=calls)
    except Unavailable:
        _start_over(runtime, run)
        raise
    with transaction(runtime.pool) as connection:
        runs.check(connection, run)
        reads.note_calls(connection, run.run_id, calls=count.total, least=least)
        runs.end(connection, run.run_id, state=RunState.DONE)


def _check_alone(shadow: Shadow, run: Run) -> None:
    with transaction(shadow) as connection:
        overtaken = runs.was_overtaken(connection, run)
    if overtaken:
        # Its pages are older than what that run has brought the org to.
        raise Unavailable(
            "another run changed the corp meanwhile", wait_seconds=_AGAIN_SECONDS
        )


def _least_calls(shadow: Shadow, run: Run) -> int:
    with transaction(shadow) as connection:
        return rehearsals.get_least_calls(connection, run.run_id)


def _on_stage(runtime: Runtime, shadow: Shadow) -> Runtime:
    return replace(runtime, pool=shadow, tallies=_Untold(runtime.redis), bell=_Muted())


def _lease_of_copy(shadow: Shadow, corp: Corp) -> UUID:
    with transaction(shadow) as connection:
        leases.forget(connection, corp.mailbox)
        lease = leases.take(connection, corp.mailbox)
    assert lease is not None  # noqa: S101 - the copy of the lease is ours alone.
    return lease


def _cost_of_reading(
    run: Run, shadow: Shadow, snapshot: Snapshot, *, count: CallCount
) -> int:
    """What reading would cost a resync: the same, unless this read was interrupted."""
    if run.calls == 0 or snapshot.looked:
        # What was asked before a second look, a resync asks before its own.
        return run.calls + count.total
    # Of several turns some may have been lost: a resync would lose none.
    with transaction(shadow) as connection:
        pages = staging.list_page_names(connection, run.run_id)
    return least_calls(snapshot, pages)


def _keep(
    run: Run, corp: Corp, shadow: Shadow, *, data_key: DataKey, calls: int
) -> None:
    with transaction(shadow) as connection:
        groups = group(rehearsals.read_steps(connection, run.run_id, data_key=None))
        holds = rehearsals.list_holds(connection)
        digest = _digest(
            corp.corp_id,
            holds,
            rehearsals.read_steps(connection, run.run_id, data_key=data_key),
        )
        awaited = read_awaited(connection, corp.corp_pk, _company_of(corp))
    with shadow.writing() as connection:
        rehearsals.keep(
            connection,
            run,
            digest=digest,
            calls_resync=calls,
            holds=holds,
            groups=groups,
            awaited=awaited,
        )


def _digest(corp_id: CorpId, holds: list[Hold], steps: Iterator[Step]) -> str:
    """The hash of the plan that would wait, or of all that would, or of everything."""
    if len(holds) == 1:
        return holds[0].hash
    return decisions_hash(
        corp_id,
        (
            (_kind(each), Key(each.key), each.before)
            for each in steps
            if each.held or not holds
        ),
    )


def _company_of(corp: Corp) -> CompanyId:
    if corp.company_id is None:
        raise LookupError(f"corp {corp.corp_pk} is linked to no company")
    return corp.company_id


def _kind(step: Step) -> str:
    return KIND_BY_DECISION[step.name] if step.held else step.name


def _start_over(runtime: Runtime, run: Run) -> None:
    with transaction(runtime.pool) as connection:
        runs.check(connection, run)
        staging.drop_all(connection, run.run_id)
        reads.begin_read(connection, run.run_id)
