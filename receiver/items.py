"""TAPD's item webhooks: proved by the company's secret, kept for the item notices."""

import hmac

from domain.ids import Key
from domain.mailbox import mailbox_of_company
from store.inbox.record import BODY_PLACE, MailState, Post, identify
from store.sealing import Keyring
from tapd.webhooks import ItemEvent

UNKNOWN_EVENT = "unknown_event"


def is_proved(event: ItemEvent, secret: str) -> bool:
    """Whether the event carries the company's secret, found out in constant time."""
    same = hmac.compare_digest(event.secret.encode(), secret.encode())
    return same and secret != ""


def to_item_post(event: ItemEvent, *, company_id: str, keyring: Keyring) -> Post:
    """The mail of an item event; the same event is the same mail in whatever form.

    Shape: what its sender calls its time is no TimeStamp of WeCom's: a repeat never
        stands for a second edit.
    """
    mailbox = mailbox_of_company(company_id)
    followed = event.is_followed
    return Post(
        digest=identify(mailbox=mailbox, content=event.identity),
        mailbox=mailbox,
        kind=event.kind,
        change=None,
        key=Key(f"item:{event.item}:{event.item_id}"),
        state=MailState.PENDING if followed else MailState.IGNORED,
        outcome=None if followed else UNKNOWN_EVENT,
        sent_at=None,
        hint={},
        body=keyring.seal(event.kept(), place=BODY_PLACE),
    )
