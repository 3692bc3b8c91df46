"""Looks once more when WeCom told of a changed scope and then showed the old one."""

from domain.states import RunState
from store.database import Connection, transaction
from store.org import corps
from store.org.corps import Corp
from store.runs import reads, runs
from store.runs.runs import SCOPE, SCOPE_PROBE, Run
from workers.answers.observe import scope_from
from workers.answers.questions import read_permissions
from workers.calls.call_count import CallCount
from workers.calls.corp_api import CorpApi
from workers.runs.snapshot import Snapshot
from workers.runtime import Runtime

# After the read that found nothing new, and after the first look: WeCom's answers can
# show the state before the event.
LOOK_AGAIN_SECONDS = (3.0, 27.0)

_LEAST_CALLS = 2


def is_as_known(
    runtime: Runtime, run: Run, corp: Corp, *, api: CorpApi, count: CallCount
) -> bool:
    """Whether a probe found scope and permissions unchanged; then the run is over."""
    if run.cause != SCOPE_PROBE:
        return False
    scope = scope_from(api.auth_info())
    if scope != corp.scope or read_permissions(api) != corp.permissions:
        return False
    with transaction(runtime.pool) as connection:
        runs.check(connection, run)
        _look_again(connection, corp)
        reads.note_calls(connection, run.run_id, calls=count.total, least=_LEAST_CALLS)
        runs.end(connection, run.run_id, state=RunState.DONE)
    return True


def weigh_scope(
    connection: Connection, run: Run, corp: Corp, snapshot: Snapshot
) -> None:
    """After a full read: doubt a scope that was said to change and did not."""
    same = snapshot.scope == corp.scope and snapshot.permissions == corp.permissions
    if not same:
        corps.trust_scope(connection, corp.corp_pk)
    elif run.cause == SCOPE:
        corps.trust_scope(connection, corp.corp_pk)
        _look_again(connection, corp)


def _look_again(connection: Connection, corp: Corp) -> None:
    looks = corps.count_scope_doubts(connection, corp.corp_pk)
    if looks < len(LOOK_AGAIN_SECONDS):
        seconds = LOOK_AGAIN_SECONDS[looks]
        corps.doubt_scope(connection, corp.corp_pk, seconds=seconds)
    else:
        corps.trust_scope(connection, corp.corp_pk)
