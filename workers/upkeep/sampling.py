"""What the console asks of the clock: samples, marks, head counts, retries."""

import hashlib
from functools import cache
from pathlib import Path

from domain.org.headcount import count_people
from store.database import transaction
from store.events import retries
from store.health import balance, figures, marks, samples
from store.intake import spilled
from store.summaries.operations import censuses, queues
from store.summaries.org.departments import list_shared_places, list_tree
from workers.runtime import Runtime

SAMPLE_SECONDS = float(samples.FINEST)
RETRY_SECONDS = 2.0
CENSUS_SECONDS = 30.0
# Counting a corp of 100 000 takes a good part of a second.
_CENSUSES = 5
# A day's ledger is counted once a minute: among many events it takes a moment.
_LEDGER_EVERY = 4

_ROOT = Path(__file__).parents[2]
_CODE = ("domain", "receiver", "store", "tapd", "web", "wecom", "workers")


def take_sample(runtime: Runtime) -> None:
    """Keep how things stand now, and mark deploys and incidents of WeCom's."""
    found = figures.read_redis(runtime.redis)
    with transaction(runtime.pool) as connection:
        before = samples.find_newest(connection)
        suite_id = runtime.settings.wecom.suite_id
        read = {**figures.read_stores(connection, suite_id=suite_id), **found}
        counted = before.figures.get(samples.LEDGER) if before else None
        turns = int(before.figures.get("turn", 0)) + 1 if before else 0
        if counted is None or turns % _LEDGER_EVERY == 0:
            read[samples.LEDGER] = balance.count_for_sample(connection)
        else:
            read[samples.LEDGER] = counted
        samples.keep(connection, {**read, "turn": turns})
        marks.note(connection, code=code_digest(), incident=_incident(before, read))


def prune_samples(runtime: Runtime) -> None:
    """Forget what coarser samples stand for."""
    with transaction(runtime.pool) as connection:
        samples.prune(connection)
        spilled.prune(connection)
        queues.prune_takeovers(connection)
        retries.prune(connection)


def retry_batches(runtime: Runtime) -> None:
    """Go on with what operators let be retried, at its pace."""
    with transaction(runtime.pool) as connection:
        rung = retries.work(connection, seconds=RETRY_SECONDS)
    for mailbox in rung:
        runtime.bell.ring(mailbox)


def take_censuses(runtime: Runtime) -> None:
    """Count the people of large corps that have changed, so that no page has to."""
    with transaction(runtime.pool) as connection:
        due = censuses.list_due(connection, limit=_CENSUSES)
    for corp_pk in due:
        with transaction(runtime.pool) as connection:
            rows = list_tree(connection, corp_pk)
            shared = list_shared_places(connection, corp_pk)
            censuses.keep(connection, corp_pk, count_people(rows, shared))


@cache
def code_digest() -> str:
    """What this code is known by: other code is a deploy."""
    digest = hashlib.sha256()
    for folder in _CODE:
        for path in sorted((_ROOT / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _incident(before: samples.Sample | None, read: dict[str, object]) -> str | None:
    """How WeCom has refused since the sample before, if it did."""
    for name in ("throttled", "unavailable"):
        was, now = before.figures.get(name) if before else None, read.get(name)
        if isinstance(was, int | float) and isinstance(now, int | float) and now > was:
            return name
    return None
