"""When a message about items may go: not in quiet hours, not beyond what one bears."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.ids import CorpPk
from domain.items.quiet_hours import next_midnight
from store.database import Connection
from store.items import digests
from store.notices.queued import Queued


@dataclass(frozen=True, slots=True, kw_only=True)
class Hush:
    """Until when a message waits, and whether for somebody's quiet hours."""

    until: datetime
    quiet: bool = False


def hush_of(queued: Queued, *, now: datetime, zone: ZoneInfo) -> Hush | None:
    """Why this message waits, and for how long; None when it may go.

    Shape: when the wait is over it is told in one digest with what waited beside it.
    """
    quiet = queued.quiet.end_after(now, zone=zone) if queued.quiet else None
    if quiet is not None:
        return Hush(until=quiet, quiet=True)
    if queued.spent:
        return Hush(until=next_midnight(now, zone=zone))
    if queued.crowded and queued.minute_ends is not None:
        return Hush(until=queued.minute_ends)
    return None


def keep_back(
    connection: Connection, corp_pk: CorpPk, hushed: Sequence[tuple[Queued, Hush]]
) -> None:
    """Have these messages wait, and say of whom it is quiet."""
    if not hushed:
        return
    waits = {queued.notice_id: hush.until for queued, hush in hushed}
    digests.delay(connection, corp_pk, waits)
    quiet = [queued.notice_id for queued, hush in hushed if hush.quiet]
    if quiet:
        digests.note_quiet(connection, corp_pk, quiet)
