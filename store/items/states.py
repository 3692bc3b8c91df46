"""The shadow of each item: what TAPD last told of it, sealed."""

from collections.abc import Collection, Mapping

import orjson

from domain.ids import CompanyId
from domain.items.items import ItemKind, ItemState
from store.database import Connection
from store.sealing import Keyring

# What such a sealed value is bound to.
STATE_PLACE = "item"

ItemKey = tuple[ItemKind, str]


def find_states(
    connection: Connection,
    company_id: CompanyId,
    keys: Collection[ItemKey],
    *,
    keyring: Keyring,
) -> dict[ItemKey, ItemState]:
    """What is remembered of these items; whoever has the company's lease writes it.

    Raises: SealBroken.
    """
    rows = connection.execute(
        """
        SELECT kind, item_id, workspace_id, sealed, said_at, deleted FROM items
        JOIN unnest(%s::text[], %s::text[]) AS given (kind, item_id)
            USING (kind, item_id)
        WHERE company_id = %s
        """,
        [[kind for kind, _ in keys], [item for _, item in keys], company_id],
    ).fetchall()
    return {
        (ItemKind(kind), item_id): ItemState(
            workspace_id=workspace_id,
            fields=orjson.loads(keyring.open(sealed, place=STATE_PLACE)),
            said_at=said_at,
            deleted=deleted,
        )
        for kind, item_id, workspace_id, sealed, said_at, deleted in rows
    }


def keep_states(
    connection: Connection,
    company_id: CompanyId,
    states: Mapping[ItemKey, ItemState],
    *,
    keyring: Keyring,
) -> None:
    """Remember this of these items."""
    ordered = sorted(states.items())
    connection.execute(
        """
        INSERT INTO items
            (company_id, kind, item_id, workspace_id, sealed, said_at, deleted)
        SELECT %s, given.kind, given.item_id, given.workspace_id, given.sealed,
            given.said_at, given.deleted
        FROM unnest(%s::text[], %s::text[], %s::text[], %s::bytea[],
            %s::timestamptz[], %s::boolean[])
            AS given (kind, item_id, workspace_id, sealed, said_at, deleted)
        ORDER BY given.kind, given.item_id
        ON CONFLICT (company_id, kind, item_id) DO UPDATE
        SET workspace_id = excluded.workspace_id, sealed = excluded.sealed,
            said_at = excluded.said_at, deleted = excluded.deleted,
            changed_at = clock_timestamp()
        """,
        [
            company_id,
            [kind for (kind, _), _ in ordered],
            [item_id for (_, item_id), _ in ordered],
            [state.workspace_id for _, state in ordered],
            [_seal(keyring, state) for _, state in ordered],
            [state.said_at for _, state in ordered],
            [state.deleted for _, state in ordered],
        ],
    )


def list_titles(
    connection: Connection,
    company_id: CompanyId,
    kind: ItemKind,
    item_ids: Collection[str],
    *,
    keyring: Keyring,
) -> dict[str, str]:
    """What items of one kind are called, by id; those that nobody told of left out."""
    rows = connection.execute(
        "SELECT item_id, sealed FROM items"
        " WHERE company_id = %s AND kind = %s AND item_id = ANY(%s)",
        [company_id, kind, list(item_ids)],
    ).fetchall()
    titles = {}
    for item_id, sealed in rows:
        fields = orjson.loads(keyring.open(sealed, place=STATE_PLACE))
        state = ItemState(workspace_id="", fields=fields, said_at=None)
        if title := state.title(kind):
            titles[item_id] = title
    return titles


def _seal(keyring: Keyring, state: ItemState) -> bytes:
    return keyring.seal(orjson.dumps(dict(state.fields)), place=STATE_PLACE)
