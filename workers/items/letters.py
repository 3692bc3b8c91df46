"""Opens the mail of a company: the edit that each event tells of, or why none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.items.items import ItemEdit
from store.database import Connection
from store.inbox.claims import ClaimedMail
from store.inbox.record import BODY_PLACE
from store.inbox.settlement import Settled, find_bodies
from store.sealing import Keyring
from tapd.item_events import NoItem, read_edit
from tapd.webhooks import UnreadableItem, read_item_event

Outcome = tuple[Settled, str]

NO_ITEM: Outcome = ("ignored", "no_item")
UNREADABLE: Outcome = ("ignored", "unreadable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One event of the inbox, opened; `late_asks` is how often it waited for TAPD."""

    mail_id: int
    late_asks: int
    edit: ItemEdit

    def but(self, edit: ItemEdit) -> "Letter":
        """The same with more known of the edit."""
        return replace(self, edit=edit)


def open_letters(
    connection: Connection, rows: Sequence[ClaimedMail], *, keyring: Keyring
) -> tuple[list[Letter], dict[int, Outcome]]:
    """The letters that tell of an edit, and what becomes of the others.

    Raises: SealBroken.
    """
    bodies = find_bodies(connection, [row.event_id for row in rows])
    letters: list[Letter] = []
    outcomes: dict[int, Outcome] = {}
    for row in rows:
        sealed = bodies.get(row.event_id)
        opened = _open(row, sealed, keyring)
        if isinstance(opened, ItemEdit):
            letter = Letter(mail_id=row.event_id, late_asks=row.late_asks, edit=opened)
            letters.append(letter)
        else:
            outcomes[row.event_id] = opened
    return letters, outcomes


def _open(
    row: ClaimedMail, sealed: bytes | None, keyring: Keyring
) -> ItemEdit | Outcome:
    if sealed is None:
        return UNREADABLE
    try:
        event = read_item_event(keyring.open(sealed, place=BODY_PLACE))
        return read_edit(event, received_at=row.received_at)
    except UnreadableItem:
        return UNREADABLE
    except (NoItem, ValueError):
        return NO_ITEM
