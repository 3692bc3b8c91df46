"""Looks what is out of step, by the console's own eyes, and queues what is to tell."""

import logging
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from redis import RedisError

from store.alerts import alerts
from store.alerts import deliveries as alert_deliveries
from store.database import glance, transaction
from store.health.kinds import limits_of
from store.health.problems import list_problems
from store.platform import audit_proof
from workers.alerts import tell
from workers.runtime import Runtime

JUDGE_SECONDS = 10.0
_MOST_RUNG = 100
# The first tries of what no worker has taken for so long are the clock's.
_UNTAKEN_SECONDS = 20

_log = logging.getLogger(__name__)


def judge(runtime: Runtime) -> None:
    """Note which problems began and which are over, and have them told."""
    settings = runtime.settings
    limits = limits_of(
        settings.wecom.suite_id,
        cron=settings.resync_cron,
        now=datetime.now(UTC).astimezone(ZoneInfo(settings.time_zone)),
    )
    with transaction(runtime.pool) as connection:
        problems = list_problems(connection, runtime.redis, limits)
        changed = alerts.note(connection, problems)
        alert_deliveries.queue(connection, changed, list(tell.channels(runtime)))
    for each in changed:
        extra = {"alert": each.alert_id, "kind": each.kind, "said": each.said}
        _log.warning("alert", extra=extra)


def ring_deliveries(runtime: Runtime) -> None:
    """Ring for what is to be told; tell it here when no worker takes it."""
    with transaction(runtime.pool) as connection:
        due = alert_deliveries.list_due(connection, limit=_MOST_RUNG)
        untaken = alert_deliveries.list_untaken(
            connection, seconds=_UNTAKEN_SECONDS, limit=_MOST_RUNG
        )
    for delivery_id in due:
        if delivery_id in untaken:
            tell.tell(runtime, delivery_id)
        else:
            runtime.bell.ring_alert(delivery_id)


def prune(runtime: Runtime) -> None:
    """Forget alerts and tests of long ago."""
    with transaction(runtime.pool) as connection:
        alerts.prune(connection)
        alert_deliveries.prune(connection)


def note_end_of_audit(runtime: Runtime) -> None:
    """Note beside Postgres where the audit ends, so that a cut end is missed."""
    with glance(runtime.pool) as connection:
        head = audit_proof.find_head(connection)
    if head is None:
        return
    try:
        if not audit_proof.note_witness(runtime.redis, head):
            _log.error("audit is not what it was", extra={"acts": head.audit_id})
    except (RedisError, OSError, ValueError) as error:
        _log.info("end of audit not noted", extra={"error": type(error).__name__})
