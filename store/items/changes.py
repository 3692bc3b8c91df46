"""What was done to items, gathered into what one card tells."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from domain.ids import CompanyId
from domain.items.changes import FieldChange, Utterance
from domain.items.items import ItemAction, ItemKind
from store.database import Connection
from store.items.states import ItemKey
from store.sealing import Keyring

# What such a sealed value is bound to.
CHANGE_PLACE = "item_change"
# So far back an event may tell what another one told before.
_REMEMBERED = "48 hours"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredChange:
    """What one card tells of an item.

    Shape: `first` is carried at once; what the same person does until `closes_at`
        comes into another that is not.
    """

    change_id: int
    kind: ItemKind
    item_id: str
    operator: str
    utterances: tuple[Utterance, ...]
    opened_at: datetime
    closes_at: datetime
    first: bool

    def saying(self, more: Utterance) -> "StoredChange":
        """The same with one more thing said."""
        return replace(self, utterances=(*self.utterances, more))


_COLUMNS = (
    "change_id, kind, item_id, operator, sealed, opened_at, closes_at,"
    " item_changes.first"
)


def lock_recent(
    connection: Connection,
    company_id: CompanyId,
    keys: Collection[ItemKey],
    *,
    keyring: Keyring,
) -> list[StoredChange]:
    """What was said of these items in two days, locked so that no card is made of it.

    Raises: SealBroken.
    """
    rows = connection.execute(
        f"""
        SELECT {_COLUMNS} FROM item_changes
        JOIN unnest(%s::text[], %s::text[]) AS given (kind, item_id)
            USING (kind, item_id)
        WHERE company_id = %s
            AND opened_at > clock_timestamp() - %s::interval
        ORDER BY change_id FOR UPDATE OF item_changes
        """,  # noqa: S608 - a constant of this module
        [
            [kind for kind, _ in keys],
            [item for _, item in keys],
            company_id,
            _REMEMBERED,
        ],
    ).fetchall()
    return [_change(row, keyring) for row in rows]


def lock_changes(
    connection: Connection,
    company_id: CompanyId,
    change_ids: Collection[int],
    *,
    keyring: Keyring,
) -> dict[int, StoredChange]:
    """These changes, so locked that nothing is added while cards are made of them.

    Raises: SealBroken.
    """
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM item_changes WHERE company_id = %s"  # noqa: S608 - a constant of this module
        " AND change_id = ANY(%s) ORDER BY change_id FOR UPDATE",
        [company_id, list(change_ids)],
    ).fetchall()
    return {row[0]: _change(row, keyring) for row in rows}


def count_kinds(
    connection: Connection, company_id: CompanyId, change_ids: Collection[int]
) -> dict[ItemKind, int]:
    """How many items of each kind these changes are of."""
    rows = connection.execute(
        "SELECT kind, count(DISTINCT item_id) FROM item_changes"
        " WHERE company_id = %s AND change_id = ANY(%s) GROUP BY kind",
        [company_id, list(change_ids)],
    ).fetchall()
    return {ItemKind(kind): number for kind, number in rows}


def count_recent(
    connection: Connection, company_id: CompanyId, operators: Collection[str]
) -> dict[str, tuple[int, datetime]]:
    """How many items each of these people has changed within a minute, since when."""
    rows = connection.execute(
        """
        SELECT operator, count(*), min(opened_at) FROM item_changes
        WHERE company_id = %s AND operator = ANY(%s)
            AND opened_at > clock_timestamp() - interval '1 minute'
        GROUP BY operator
        """,
        [company_id, list(operators)],
    ).fetchall()
    return {operator: (number, since) for operator, number, since in rows}


def take_ids(connection: Connection, number: int) -> list[int]:
    """The ids of so many changes to be."""
    rows = connection.execute(
        "SELECT nextval(pg_get_serial_sequence('item_changes', 'change_id'))"
        " FROM generate_series(1, %s)",
        [number],
    ).fetchall()
    return [row[0] for row in rows]


def keep_changes(
    connection: Connection,
    company_id: CompanyId,
    changes: Sequence[StoredChange],
    *,
    keyring: Keyring,
) -> None:
    """Write these changes down, new ones and those that more was said in."""
    connection.execute(
        """
        INSERT INTO item_changes (company_id, change_id, kind, item_id, operator,
            sealed, opened_at, closes_at, first)
        OVERRIDING SYSTEM VALUE
        SELECT %s, given.change_id, given.kind, given.item_id, given.operator,
            given.sealed, given.opened_at, given.closes_at, given.is_first
        FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::bytea[],
            %s::timestamptz[], %s::timestamptz[], %s::boolean[])
            AS given (change_id, kind, item_id, operator, sealed, opened_at, closes_at,
                is_first)
        ON CONFLICT (company_id, change_id) DO UPDATE SET sealed = excluded.sealed
        """,
        [
            company_id,
            [each.change_id for each in changes],
            [each.kind for each in changes],
            [each.item_id for each in changes],
            [each.operator for each in changes],
            [_seal(keyring, each.utterances) for each in changes],
            [each.opened_at for each in changes],
            [each.closes_at for each in changes],
            [each.first for each in changes],
        ],
    )


def _change(row: Sequence[Any], keyring: Keyring) -> StoredChange:
    change_id, kind, item_id, operator, sealed, opened_at, closes_at, first = row
    said = orjson.loads(keyring.open(sealed, place=CHANGE_PLACE))
    return StoredChange(
        change_id=change_id,
        kind=ItemKind(kind),
        item_id=item_id,
        operator=operator,
        utterances=tuple(map(_utterance, said)),
        opened_at=opened_at,
        closes_at=closes_at,
        first=first,
    )


def _utterance(said: dict[str, Any]) -> Utterance:
    at = said["at"]
    return Utterance(
        action=ItemAction(said["action"]),
        at=None if at is None else datetime.fromisoformat(at),
        fields=tuple(FieldChange(**each) for each in said["fields"]),
        comment_id=said["comment_id"],
        comment=said["comment"],
    )


def _seal(keyring: Keyring, utterances: Sequence[Utterance]) -> bytes:
    said = [asdict(each) for each in utterances]
    return keyring.seal(orjson.dumps(said), place=CHANGE_PLACE)
