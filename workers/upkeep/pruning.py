"""Takes away what has served its time, batch by batch, and keeps the partitions."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Protocol

from store.database import Connection, transaction
from store.inbox import testimony
from store.installs import intents, oauth_states
from store.intake import gaps
from store.items import pruning as items
from store.links import lookups
from store.oidc import grants, keys, logouts
from store.org import corps, tombstones
from store.platform import schedule
from store.retention import history, partitions, pruning
from store.retention.partitions import INBOX, JOURNAL, Partitioned
from store.runs import rehearsals
from store.sessions import member_sessions, operator_sessions
from workers.runtime import Runtime

_AT_ONCE = 5_000
# A backlog is worked off over many turns: other duties of upkeep wait meanwhile.
_MOST_BATCHES = 20
_MOST_BATCHES_OF_HISTORY = 4

_log = logging.getLogger(__name__)


class _Prune(Protocol):
    def __call__(self, connection: Connection, /, *, limit: int) -> int: ...


def prune(runtime: Runtime) -> None:
    """Remove what comes with every minute; the ledger keeps its sums."""
    days = runtime.settings.inbox_days
    prune_inbox = partial(pruning.prune_inbox, days=days)
    prune_testimony = partial(testimony.prune, days=days)
    _in_batches(
        runtime,
        (
            prune_inbox,
            prune_testimony,
            pruning.prune_identities,
            oauth_states.prune,
            operator_sessions.prune,
            member_sessions.prune,
            grants.prune,
            grants.prune_access_tokens,
            keys.prune,
            logouts.prune,
        ),
        most=_MOST_BATCHES,
    )
    with _one_kind("tombstones"):
        _drop_tombstones(runtime)
    for prune_all in (
        pruning.prune_requests,
        gaps.prune_receivers,
        rehearsals.prune,
        pruning.prune_reads,
        pruning.prune_touched,
        lookups.prune,
        intents.prune,
    ):
        with _one_kind(_name_of(prune_all)), transaction(runtime.pool) as connection:
            prune_all(connection)


def prune_history(runtime: Runtime) -> None:
    """Remove what was over months or years ago: it comes slowly, and is many tables."""
    _in_batches(
        runtime,
        (
            history.prune_runs,
            history.prune_notices,
            history.prune_cards,
            history.prune_batches,
            history.prune_card_answers,
            history.prune_installs,
            history.prune_acts,
            history.prune_claims,
            history.prune_plans,
            history.prune_gaps,
            history.prune_ledger,
            history.fold_refusals,
            items.prune_told,
            items.prune_item_messages,
            items.prune_changes,
            items.prune_states,
            items.prune_nicks,
            items.prune_answers,
        ),
        most=_MOST_BATCHES_OF_HISTORY,
    )


def keep_partitions(runtime: Runtime) -> None:
    """Have a partition for each of the next weeks; drop those of mail long pruned."""
    for kind in (INBOX, JOURNAL):
        _add_weeks(runtime, kind)
    with transaction(runtime.pool) as connection:
        now, weeks = (
            schedule.get_now(connection),
            partitions.list_weeks(connection, INBOX),
        )
    for week in weeks:
        if week < partitions.week_of(now):
            # Locks are waited for in a transaction of their own each.
            with transaction(runtime.pool) as connection:
                partitions.drop_empty_week(connection, INBOX, week)


def _in_batches(runtime: Runtime, prunings: Iterable[_Prune], *, most: int) -> None:
    for prune_batch in prunings:
        with _one_kind(_name_of(prune_batch)):
            _batch_by_batch(runtime, prune_batch, most=most)


def _batch_by_batch(runtime: Runtime, prune_batch: _Prune, *, most: int) -> None:
    for _ in range(most):
        with transaction(runtime.pool) as connection:
            pruned = prune_batch(connection, limit=_AT_ONCE)
        if pruned < _AT_ONCE:
            break


@contextmanager
def _one_kind(kind: str) -> Iterator[None]:
    """What fails in here is logged; the kinds after it have their turn all the same."""
    try:
        yield
    except Exception:
        _log.exception("not pruned", extra={"kind": kind})


def _name_of(prune_kind: Callable[..., object]) -> str:
    while isinstance(prune_kind, partial):
        prune_kind = prune_kind.func
    return f"{prune_kind.__module__}.{prune_kind.__qualname__}"


def _drop_tombstones(runtime: Runtime) -> None:
    with transaction(runtime.pool) as connection:
        due = tombstones.list_corps(connection)
    for corp_pk in due:
        with transaction(runtime.pool) as connection:
            # Like every writer of the org: nobody is taken back meanwhile.
            corps.lock(connection, corp_pk)
            tombstones.drop(connection, corp_pk, limit=_AT_ONCE)


def _add_weeks(runtime: Runtime, kind: Partitioned) -> None:
    with transaction(runtime.pool) as connection:
        now = schedule.get_now(connection)
        missing = partitions.list_missing_weeks(connection, kind, now=now)
    for week in missing:
        with transaction(runtime.pool) as connection:
            partitions.add_week(connection, kind, week)
