"""What a button on an item's card does: mute the item, or its kind, for its reader."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.ids import CompanyId, Key, MemberPk, Userid, split_key
from domain.items.items import ItemKind
from store.database import Connection
from store.inbox import settlement
from store.inbox.claims import ClaimedBatch, ClaimedMail
from store.items import answers, preferences, states
from store.items.preferences import StoredPreferences, get_company_items
from store.org.corps import Corp
from texts.catalogue import LANGUAGES
from workers.items.cards import MUTE_ITEM, MUTE_KIND
from workers.items.letters import Outcome
from workers.lease import leased
from workers.notices.card_clicks import response_code
from workers.runtime import Runtime

ITEM_MUTED, KIND_MUTED = "item_muted", "kind_muted"
_SAID = {MUTE_ITEM: ITEM_MUTED, MUTE_KIND: KIND_MUTED}
UNKNOWN: Outcome = ("ignored", "unknown_card")


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteKey:
    """What the key of a button says."""

    said: str
    language: str
    kind: ItemKind
    item_id: str

    @classmethod
    def parse(cls, key: str) -> "MuteKey | None":
        """The key again; None when it is none of an item's card."""
        parts = key.split(":")
        if len(parts) != len(("verb", "language", "kind", "item")):
            return None
        verb, language, kind, item_id = parts
        if verb not in _SAID or language not in LANGUAGES or kind not in set(ItemKind):
            return None
        return cls(
            said=_SAID[verb], language=language, kind=ItemKind(kind), item_id=item_id
        )


def is_of_items(row: ClaimedMail) -> bool:
    """Whether a click is on an item's card."""
    return MuteKey.parse(str(row.hint.get("event_key", ""))) is not None


def mute(
    runtime: Runtime, corp: Corp, claim: ClaimedBatch, clicks: Sequence[ClaimedMail]
) -> None:
    """Mute what was clicked; each card then says so to whoever pressed its button.

    Repeats: what is muted already stays so.
    """
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        outcomes = {
            each.event_id: _mute(connection, runtime, corp, each)
            for each in sorted(clicks, key=lambda one: one.event_id)
        }
        settlement.settle(connection, claim, outcomes)
        settlement.forget_bodies(connection, list(outcomes))
    runtime.bell.ring_notices(corp.corp_pk)


def _mute(
    connection: Connection, runtime: Runtime, corp: Corp, row: ClaimedMail
) -> Outcome:
    pressed = MuteKey.parse(str(row.hint.get("event_key", "")))
    userid = Userid(split_key(Key(row.key))[1])
    batch_id = str(row.hint.get("task_id", ""))
    reader = answers.find_reader(connection, corp.corp_pk, batch_id, userid)
    if pressed is None or reader is None or corp.company_id is None:
        return UNKNOWN
    before = _chosen(connection, runtime, corp, corp.company_id, reader)
    after = _without(before, pressed)
    preferences.keep_preferences(connection, corp.corp_pk, reader, after)
    code = response_code(connection, runtime.keyring, row)
    if code is not None:
        titles = states.list_titles(
            connection,
            corp.company_id,
            pressed.kind,
            [pressed.item_id],
            keyring=runtime.keyring,
        )
        answers.add_item_answer(
            connection,
            corp.corp_pk,
            said=pressed.said,
            kind=pressed.kind,
            language=pressed.language,
            title=titles.get(pressed.item_id, ""),
            userid=userid,
            response_code=code,
            data_key=runtime.data_key(corp),
        )
    return ("done", pressed.said)


def _chosen(
    connection: Connection,
    runtime: Runtime,
    corp: Corp,
    company_id: CompanyId,
    reader: MemberPk,
) -> StoredPreferences:
    found = preferences.find_preferences(connection, corp.corp_pk, reader)
    if found is not None:
        return found
    company = get_company_items(
        connection, company_id, switch=runtime.settings.item_notices
    )
    return StoredPreferences(
        item_notices=True, kinds=company.kinds, roles=company.roles
    )


def _without(before: StoredPreferences, pressed: MuteKey) -> StoredPreferences:
    if pressed.said == KIND_MUTED:
        kinds = tuple(each for each in before.kinds if each is not pressed.kind)
        return replace(before, kinds=kinds)
    muted = [each for each in before.muted_items if each != pressed.item_id]
    return replace(before, muted_items=(*muted, pressed.item_id))
