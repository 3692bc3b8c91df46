"""Makes the card of one change, or the digest of many, for whoever gets the same."""

from collections import Counter
from zoneinfo import ZoneInfo

from domain.items.items import ItemKind
from store.database import Connection
from store.items.changes import count_kinds
from store.items.facts import ItemFacts, load_facts
from store.notices.notices import DIGEST
from store.notices.queued import Queued
from wecom.messages import Message
from workers.items.cards import (
    CardFrame,
    digest_card,
    digest_text,
    item_card,
    item_text,
)
from workers.runtime import Runtime

# So many of its items a digest names; the rest is on the page.
_NAMED = 6


def compose_items(
    connection: Connection, runtime: Runtime, first: Queued, *, batch_id: str
) -> Message | None:
    """The message; None when all that was changed was put back meanwhile.

    Raises: SealBroken.
    """
    frame = CardFrame(
        public_url=runtime.settings.public_url,
        batch_id=batch_id,
        language=first.language or "zh-CN",
        zone=ZoneInfo(runtime.settings.time_zone),
    )
    if first.kind == DIGEST:
        return _digest(connection, runtime, first, frame)
    facts = load_facts(
        connection,
        first.company_id,
        [first.change_id or 0],
        keyring=runtime.keyring,
    ).get(first.change_id or 0)
    if facts is None or facts.change.says_nothing:
        return None
    make = item_text if first.plain else item_card
    return make(facts, frame)


def _digest(
    connection: Connection, runtime: Runtime, first: Queued, frame: CardFrame
) -> Message | None:
    counts: Counter[ItemKind] = Counter(
        count_kinds(connection, first.company_id, first.changes)
    )
    # The newest come first, each item once.
    facts = load_facts(
        connection,
        first.company_id,
        first.changes[-4 * _NAMED :],
        keyring=runtime.keyring,
    )
    newest: dict[tuple[ItemKind, str], ItemFacts] = {}
    for _, each in sorted(facts.items())[::-1]:
        newest.setdefault((each.kind, each.item_id), each)
    if not newest:
        return None
    shown = list(newest.values())[:_NAMED]
    make = digest_text if first.plain else digest_card
    return make(shown, counts, frame)
