"""Keeps the console's history: every 15 s what is read of the stores, and marks."""

import hashlib
from functools import cache
from pathlib import Path

from store.database import transaction
from store.health import balance, figures, marks, samples, spilled
from workers.runtime import Runtime

SAMPLE_SECONDS = float(samples.FINEST)
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
        marks.note_code(connection, code_digest())
        marks.note_incident(connection, _incident(before, read))


def prune_samples(runtime: Runtime) -> None:
    """Forget what coarser samples stand for."""
    with transaction(runtime.pool) as connection:
        samples.prune(connection)
        spilled.prune(connection)


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
