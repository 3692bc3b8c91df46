"""How whom an event of an item concerned is shown, to members and to operators."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.ids import CompanyId
from domain.items.items import ItemAction, ItemKind
from store.database import Connection
from store.items.states import list_titles
from store.summaries.items import ToldEvent
from tapd.links import short_id
from web.http.texts import translate
from web.services import services

_COMMENTS = {
    "add": ItemAction.COMMENT,
    "update": ItemAction.COMMENT_UPDATE,
    "delete": ItemAction.COMMENT_DELETE,
}


# What its reader can do about a reason here; others are for admins, or for nobody.
_NEXT = {
    "muted": "preferences",
    "kind": "preferences",
    "role": "preferences",
    "item_muted": "preferences",
    "quiet_hours": "preferences",
    "not_linked": "link",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldRow:
    """One line of such a page, in the words of its reader.

    Shape: `leads_to`: `preferences` or `link`, where the reader can change the reason.
    """

    kind: str
    item_id: str
    title: str
    done: str
    nick: str
    userid: str | None
    role: str
    state: str
    why: str
    leads_to: str | None
    at: datetime
    sent_at: datetime | None


def told_rows(
    connection: Connection, company_id: CompanyId, events: Sequence[ToldEvent]
) -> list[ToldRow]:
    """These events as lines; an item that nobody told the title of has its number."""
    titles: dict[tuple[str, str], str] = {}
    for kind in ItemKind:
        ids = {each.item_id for each in events if each.kind == kind}
        if ids:
            found = list_titles(
                connection, company_id, kind, ids, keyring=services().keyring
            )
            titles |= {(kind.value, item_id): name for item_id, name in found.items()}
    return [_row(each, titles.get((each.kind, each.item_id))) for each in events]


def reason_of(event: ToldEvent) -> str:
    """Why somebody got a message, or none, as a sentence."""
    if event.state == "suppressed":
        return translate(f"told_item.why.{event.reason or 'nothing_left'}")
    because = translate(f"told_item.because.{event.role}")
    state = translate(f"told_item.state.{event.state}")
    quiet = event.reason == "quiet_hours"
    waits = translate("told_item.why.quiet_hours") if quiet else ""
    return " ".join(part for part in (state, because, waits) if part)


def _row(event: ToldEvent, title: str | None) -> ToldRow:
    return ToldRow(
        kind=event.kind,
        item_id=event.item_id,
        title=title or f"#{short_id(event.item_id, event.workspace_id or '')}",
        done=translate(f"item.action.{_action(event.event)}"),
        nick=event.nick,
        userid=event.userid,
        role=translate(f"told_item.role.{event.role}"),
        state=event.state,
        why=reason_of(event),
        leads_to=_NEXT.get(event.reason or ""),
        at=event.noted_at,
        sent_at=event.sent_at,
    )


def _action(event: str) -> ItemAction:
    of, _, done = event.partition("::")
    if of.endswith("_comment"):
        return _COMMENTS.get(done, ItemAction.COMMENT)
    return ItemAction(done) if done in set(ItemAction) else ItemAction.UPDATE
