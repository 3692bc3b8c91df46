"""TAPD's item webhooks: proved by the company's secret, kept for the item notices."""

import hmac

from domain.ids import Key
from store.inbox.record import BODY_PLACE, MailState, Post, identify
from store.sealing import Keyring
from tapd.webhooks import ItemEvent

# Recipients and cards are another part of the product; until then nothing reads this.
_OUTCOME = "item notices are not sent yet"


def is_proved(event: ItemEvent, secret: str) -> bool:
    """Whether the event carries the company's secret, found out in constant time."""
    same = hmac.compare_digest(event.secret.encode(), secret.encode())
    return same and secret != ""


def to_item_post(
    event: ItemEvent, body: bytes, *, company_id: str, keyring: Keyring
) -> Post:
    """The mail of an item event; the same event_id is the same mail."""
    mailbox = f"company:{company_id}"
    return Post(
        digest=identify(mailbox=mailbox, content=event.event_id.encode() or body),
        mailbox=mailbox,
        kind=event.kind,
        change=None,
        key=Key(f"item:{event.item}:{event.item_id}"),
        state=MailState.IGNORED,
        outcome=_OUTCOME,
        sent_at=None,
        hint={},
        body=keyring.seal(body, place=BODY_PLACE),
    )
