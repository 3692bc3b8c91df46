"""Seals everything again with the first key, so that older keys can be retired."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from psycopg.sql import SQL, Composed, Identifier, Literal

from store.database import Connection, Pool, transaction
from store.inbox.record import BODY_PLACE
from store.items.changes import CHANGE_PLACE
from store.items.states import STATE_PLACE
from store.oidc.keys import key_place
from store.org.companies import secret_place
from store.sealing import Keyring, SealBroken
from store.sessions.member_sessions import token_place

BATCH_ROWS = 500
# Version and key id, as store.sealing writes them: what tells by which key it is.
HEAD_BYTES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """One column that holds sealed values, with the names of its rows and places."""

    table: str
    key: str
    column: str
    place: Callable[[Any], str]

    @property
    def name(self) -> str:
        """`table.column`."""
        return f"{self.table}.{self.column}"


SEALED = (
    Sealed(
        table="corps",
        key="corp_pk",
        column="permanent_code",
        place=lambda corp_pk: f"permanent_code:{corp_pk}",
    ),
    Sealed(
        table="corps",
        key="corp_pk",
        column="data_key",
        place=lambda corp_pk: f"data_key:{corp_pk}",
    ),
    Sealed(
        table="suite_tickets",
        key="suite_id",
        column="ticket",
        place=lambda suite_id: f"ticket:{suite_id}",
    ),
    Sealed(
        table="tokens",
        key="owner",
        column="token",
        place=lambda owner: f"token:{owner}",
    ),
    Sealed(
        table="app_keys",
        key="name",
        column="sealed",
        place=lambda name: f"app_key:{name}",
    ),
    Sealed(
        table="member_sessions",
        key="session_hash",
        column="tapd_token",
        place=token_place,
    ),
    Sealed(table="oidc_keys", key="kid", column="sealed", place=key_place),
    Sealed(
        table="companies",
        key="company_id",
        column="event_secret",
        place=secret_place,
    ),
    Sealed(
        table="inbox", key="event_id", column="body", place=lambda event_id: BODY_PLACE
    ),
    Sealed(
        table="items", key="item_pk", column="sealed", place=lambda item_pk: STATE_PLACE
    ),
    Sealed(
        table="item_changes",
        key="change_id",
        column="sealed",
        place=lambda change_id: CHANGE_PLACE,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRows:
    """What one batch did: values sealed again, and values that no key opens."""

    sealed: Sealed
    renewed: int
    unreadable: int


def count_old(connection: Connection, sealed: Sealed, keyring: Keyring) -> int:
    """How many values of a column an older key has sealed."""
    query = SQL("SELECT count(*) FROM {table} WHERE {old}")
    row = connection.execute(
        query.format(table=Identifier(sealed.table), old=_is_old(sealed)),
        {"head": head_of(keyring)},
    ).fetchone()
    return row[0] if row else 0


def list_heads(connection: Connection, sealed: Sealed) -> set[bytes]:
    """By which keys the values of a column are sealed."""
    query = SQL(
        "SELECT DISTINCT substring({column} FROM 1 FOR {bytes}) FROM {table}"
        " WHERE {column} IS NOT NULL"
    ).format(
        column=Identifier(sealed.column),
        bytes=Literal(HEAD_BYTES),
        table=Identifier(sealed.table),
    )
    return {bytes(head) for (head,) in connection.execute(query)}


def head_of(keyring: Keyring) -> bytes:
    """How values begin that the first key of this ring has sealed."""
    return keyring.seal(b"", place="rotation")[:HEAD_BYTES]


def rotate(pool: Pool, keyring: Keyring, sealed: Sealed) -> Iterator[SealedRows]:
    """Seal the values of a column again, a batch and a transaction at a time.

    Repeats: what the first key has sealed is left alone, so it can be stopped.
    """
    after: Any = None
    while True:
        with transaction(pool) as connection:
            rows = _next_rows(connection, sealed, keyring, after)
            batch = _renew(connection, sealed, keyring, rows)
        if not rows:
            return
        yield batch
        after = rows[-1][0]


def _next_rows(
    connection: Connection, sealed: Sealed, keyring: Keyring, after: Any
) -> list[tuple[Any, bytes]]:
    query = SQL(
        "SELECT {key}, {column} FROM {table} WHERE {old} AND {beyond}"
        " ORDER BY {key} LIMIT {limit}"
    ).format(
        key=Identifier(sealed.key),
        column=Identifier(sealed.column),
        table=Identifier(sealed.table),
        old=_is_old(sealed),
        beyond=SQL("true")
        if after is None
        else SQL("{} > %(after)s").format(Identifier(sealed.key)),
        limit=Literal(BATCH_ROWS),
    )
    return connection.execute(
        query, {"after": after, "head": head_of(keyring)}
    ).fetchall()


def _renew(
    connection: Connection,
    sealed: Sealed,
    keyring: Keyring,
    rows: list[tuple[Any, bytes]],
) -> SealedRows:
    # Only if it is still the same: somebody may have written a newer one.
    update = SQL(
        "UPDATE {table} SET {column} = %s WHERE {key} = %s AND {column} = %s"
    ).format(
        table=Identifier(sealed.table),
        column=Identifier(sealed.column),
        key=Identifier(sealed.key),
    )
    renewed = unreadable = 0
    for key, old in rows:
        place = sealed.place(key)
        try:
            new = keyring.seal(keyring.open(old, place=place), place=place)
        except SealBroken:
            unreadable += 1
        else:
            renewed += connection.execute(update, [new, key, old]).rowcount
    return SealedRows(sealed=sealed, renewed=renewed, unreadable=unreadable)


def _is_old(sealed: Sealed) -> Composed:
    return SQL(
        "{column} IS NOT NULL AND substring({column} FROM 1 FOR {bytes}) <> %(head)s"
    ).format(column=Identifier(sealed.column), bytes=Literal(HEAD_BYTES))
