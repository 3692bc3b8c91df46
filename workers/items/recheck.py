"""Asks TAPD now and then what changed, for TAPD may not repeat a webhook that got lost.

each project whose turn it is                     store/items/workspaces
  items changed since, by kind                    tapd/item_reads
  beside what is remembered of each: what no event has told
  put into the inbox as an event of TAPD's form   from there all is as with others
"""

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from domain.ids import Key
from domain.items.items import (
    CREATORS,
    PEOPLE,
    TITLE,
    WATCHED,
    ItemKind,
    ItemState,
    differing,
)
from domain.mailbox import mailbox_of_company
from store.database import Connection, transaction
from store.inbox.record import BODY_PLACE, MailState, Post, identify, record
from store.items import states
from store.items.preferences import get_company_items
from store.items.states import ItemKey
from store.items.workspaces import DueRecheck, put_back, take_due_rechecks
from store.platform import schedule
from tapd.api import TapdApi
from tapd.errors import TapdError, Throttled, Unavailable
from tapd.item_events import CHINA
from tapd.item_reads import read_modified
from tapd.webhooks import ItemEvent, read_item_event
from workers.runtime import Runtime

EVERY_SECONDS = 600.0
# Of each project four calls: a small part of the pace that everything shares.
PROJECTS_AT_ONCE = 3
# A webhook may be on its way, or be waited with, for so long.
GRACE = timedelta(minutes=2)
# What an answer may lack at its end was changed while it was made.
_OVERLAP = timedelta(minutes=5)
_TIME = "%Y-%m-%d %H:%M:%S"
_MODIFIERS = ("modifier", "lastmodify")
# Before this an event's id is TAPD's.
_ID = "recheck"

_Row = Mapping[str, str]

_log = logging.getLogger(__name__)


def recheck(runtime: Runtime) -> None:
    """Look for what webhooks have not told, in the projects whose turn it is.

    Repeats: harmless; what was found once is the same mail again.
    """
    api = runtime.tapd
    if api is None:
        return
    with transaction(runtime.pool) as connection:
        due = take_due_rechecks(
            connection, every_seconds=EVERY_SECONDS, limit=PROJECTS_AT_ONCE
        )
        switch = runtime.settings.item_notices
        due = [
            each
            for each in due
            if get_company_items(connection, each.company_id, switch=switch).is_on
        ]
        now = schedule.get_now(connection)
    for each in due:
        _recheck(runtime, api, each, now=now)


def _recheck(runtime: Runtime, api: TapdApi, due: DueRecheck, *, now: datetime) -> None:
    since = due.since - GRACE - _OVERLAP
    for kind in ItemKind:
        try:
            rows = read_modified(
                api,
                due.workspace_id,
                kind,
                since=since.astimezone(CHINA).strftime(_TIME),
            )
        except (Throttled, Unavailable) as error:
            _log.info("changes not told", extra={"error": str(error)})
            with transaction(runtime.pool) as connection:
                put_back(connection, due, every_seconds=EVERY_SECONDS)
            return
        except TapdError as error:
            # As long as it refuses, webhooks are all there is.
            _log.info("changes not told", extra={"error": str(error)})
            return
        ripe = [row for row in rows if _is_ripe(row, now=now)]
        if ripe and _keep(runtime, due, kind, ripe, since=since):
            runtime.bell.ring(mailbox_of_company(due.company_id))


def _is_ripe(row: _Row, *, now: datetime) -> bool:
    return row.get("modified", "") <= (now - GRACE).astimezone(CHINA).strftime(_TIME)


def _keep(
    runtime: Runtime,
    due: DueRecheck,
    kind: ItemKind,
    rows: Sequence[_Row],
    *,
    since: datetime,
) -> bool:
    """Put into the inbox what no event has told; whether there was anything."""
    keys: list[ItemKey] = [(kind, row["id"]) for row in rows]
    with transaction(runtime.pool) as connection:
        known = states.find_states(
            connection, due.company_id, keys, keyring=runtime.keyring
        )
        found = [
            event
            for row in rows
            if (event := _event(due, kind, row, known.get((kind, row["id"])), since))
        ]
        for each in found:
            _record(connection, runtime, due, each)
    return bool(found)


def _event(
    due: DueRecheck, kind: ItemKind, row: _Row, state: ItemState | None, since: datetime
) -> ItemEvent | None:
    """The event that TAPD should have sent, as it would have looked; None for none."""
    if state is None:
        began = row.get("created", "") > since.astimezone(CHINA).strftime(_TIME)
        return _created(due, kind, row) if began else None
    if state.deleted:
        return None
    changed = differing(state, row)
    return _updated(due, kind, row, state, changed) if changed else None


def _created(due: DueRecheck, kind: ItemKind, row: _Row) -> ItemEvent:
    by = next((row[each] for each in CREATORS if row.get(each)), "")
    told = {name: row[name] for name in WATCHED if name in row}
    return _told(due, f"{kind}::create", row, at=row["created"], by=by, **told)


def _updated(
    due: DueRecheck, kind: ItemKind, row: _Row, state: ItemState, changed: Sequence[str]
) -> ItemEvent:
    kept = (TITLE[kind], *PEOPLE, *changed)
    return _told(
        due,
        f"{kind}::update",
        row,
        at=row["modified"],
        by=next((row[each] for each in _MODIFIERS if row.get(each)), ""),
        change_fields=",".join(changed),
        **{f"old_{each}": state.fields[each] for each in kept if each in state.fields},
        **{f"new_{each}": row[each] for each in changed},
    )


def _told(
    due: DueRecheck, event: str, row: _Row, *, at: str, by: str, **fields: str
) -> ItemEvent:
    body = {
        "event": event,
        "event_from": _ID,
        "workspace_id": due.workspace_id,
        "id": row["id"],
        "current_user": by,
        "created": at,
        "event_id": f"{_ID}:{row['id']}:{row.get('modified', at)}",
        **fields,
    }
    return read_item_event(json.dumps(body).encode())


def _record(
    connection: Connection, runtime: Runtime, due: DueRecheck, event: ItemEvent
) -> None:
    mailbox = mailbox_of_company(due.company_id)
    record(
        connection,
        Post(
            digest=identify(mailbox=mailbox, content=event.identity),
            mailbox=mailbox,
            kind=event.kind,
            change=None,
            key=Key(f"item:{event.item}:{event.item_id}"),
            state=MailState.PENDING,
            outcome=None,
            sent_at=None,
            hint={},
            body=runtime.keyring.seal(event.kept(), place=BODY_PLACE),
        ),
    )
