"""Which duties of upkeep have something to do, found out by one statement."""

from store.alerts.deliveries import DUE
from store.database import Connection
from store.inbox.due import MISSED, MISSED_MAILBOXES, MISSED_RUNS
from store.items.told import OVERDUE
from store.notices.deliveries import MISSED_NOTICES

# By the name of the duty: what there must be for it to have something to do.
_CAUSES = {
    "mailboxes": MISSED_MAILBOXES,
    "runs": MISSED_RUNS,
    "notices": MISSED_NOTICES,
    "corps": "SELECT FROM corps WHERE state = 'linked'"
    " AND (due_at <= clock_timestamp() OR scope_doubt_at <= clock_timestamp())",
    "lookups": "SELECT FROM corps WHERE state = 'linked'"
    " AND lookups_due_at <= clock_timestamp()",
    "alert_deliveries": DUE,
    "nicks": f"SELECT {OVERDUE}",
    "parked": "SELECT FROM inbox WHERE state = 'parked'",
    "pauses": "SELECT FROM corps WHERE state = 'paused' AND paused_by <> 'operator'"
    " AND coalesce(pause_look_at, '-infinity') <= clock_timestamp()",
    "logouts": "SELECT FROM oidc_logouts WHERE due_at <= clock_timestamp()",
    "retries": "SELECT FROM retry_batches"
    " WHERE state = 'running' AND starts_at <= clock_timestamp()",
    "purges": "SELECT FROM purges",
    "resync": "SELECT FROM schedule"
    " WHERE name = 'resync' AND due_at <= clock_timestamp()",
}
KNOWN = frozenset(_CAUSES)

_ASKED = " UNION ALL ".join(
    f"SELECT '{name}' WHERE EXISTS ({cause})" for name, cause in _CAUSES.items()
)


def list_due(connection: Connection) -> frozenset[str]:
    """The duties, of `KNOWN`, that have something to do now."""
    rows = connection.execute(_ASKED.encode(), {"missed": MISSED}).fetchall()
    return frozenset(name for (name,) in rows)
