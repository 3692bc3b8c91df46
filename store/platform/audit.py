"""What operators did: written in the transaction of the act, chained, never changed.

Each row's `chain` is an HMAC of the row and of the chain before it, under a key that
only SECRET_KEYS open; `audit_head` says how long the chain is. Whoever can write to
Postgres alone can neither alter a row nor cut the end off without being found out.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from domain.roles import Role
from store.database import Connection
from store.platform import app_keys
from store.sealing import Keyring

KEY_NAME = "audit"

# The order in which acts are added: each waits for the one before to be committed.
_HEAD = (
    "SELECT audit_id, chain, proof, clock_timestamp() AS at,"
    " %s::jsonb::text AS before, %s::jsonb::text AS after"
    " FROM audit_head FOR UPDATE"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorAct:
    """Something that an operator does; ids and states only, nothing personal."""

    actor: str
    role: Role
    act: str
    target: str
    reason: str = ""
    corp_id: str | None = None
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """One act that was done."""

    audit_id: int
    at: datetime
    actor: str
    role: str
    act: str
    target: str
    corp_id: str | None
    reason: str
    before: dict[str, Any]
    after: dict[str, Any]
    chain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainedRow:
    """What of a row its chain vouches for; `before` and `after` as Postgres says."""

    audit_id: int
    at: datetime
    actor: str
    role: str
    act: str
    target: str
    corp_id: str | None
    reason: str
    before: str
    after: str
    continues: bool


def record(connection: Connection, act: OperatorAct, *, keyring: Keyring) -> None:
    """Keep an act for good; it stands or falls with the caller's transaction.

    Raises: SealBroken.
    """
    key = app_keys.obtain(connection, KEY_NAME, keyring)
    head = connection.execute(_HEAD, [_dump(act.before), _dump(act.after)]).fetchone()
    number, chain, proof, at, before, after = head or (0, b"", b"", None, "{}", "{}")
    if at is None:
        raise LookupError("audit_head has no row: restore the database")
    row = ChainedRow(
        audit_id=number + 1,
        at=at,
        actor=act.actor,
        role=act.role.value,
        act=act.act,
        target=act.target,
        corp_id=act.corp_id,
        reason=act.reason,
        before=before,
        after=after,
        # An altered head is not healed by the next act: the row bears witness to it.
        continues=_is_whole(connection, key, number, bytes(chain), bytes(proof)),
    )
    _add(connection, row, chain=chain_of(key, bytes(chain), row), key=key)


def chain_of(key: bytes, previous: bytes, row: ChainedRow) -> bytes:
    """The chain of a row after the chain of the row before it."""
    said = json.dumps(
        [
            row.audit_id,
            int(row.at.timestamp() * 1_000_000),
            row.actor,
            row.role,
            row.act,
            row.target,
            row.corp_id,
            row.reason,
            row.before,
            row.after,
            row.continues,
        ],
        ensure_ascii=False,
    )
    return hmac.digest(key, previous + said.encode(), hashlib.sha256)


def proof_of(key: bytes, number: int, chain: bytes) -> bytes:
    """What shows that the chain has just so many rows and ends so."""
    return hmac.digest(key, b"head %d " % number + chain, hashlib.sha256)


def list_of(connection: Connection, target: str, *, limit: int = 20) -> list[AuditLine]:
    """What was done to one thing, newest first."""
    return list_lines(connection, target=target, limit=limit)


def list_lines(
    connection: Connection,
    *,
    actor: str | None = None,
    target: str | None = None,
    since: datetime | None = None,
    before: int | None = None,
    limit: int,
) -> list[AuditLine]:
    """Acts, newest first: of an actor, to a thing, since a moment, before a number."""
    with connection.cursor(row_factory=class_row(AuditLine)) as cursor:
        cursor.execute(
            """
            SELECT audit_id, at, actor, role, act, target, corp_id, reason,
                before, after, encode(chain, 'hex') AS chain
            FROM audit
            WHERE (%(actor)s::text IS NULL OR actor = %(actor)s)
                AND (%(target)s::text IS NULL OR target = %(target)s)
                AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
                AND (%(before)s::bigint IS NULL OR audit_id < %(before)s)
            ORDER BY audit_id DESC LIMIT %(limit)s
            """,
            {
                "actor": actor,
                "target": target,
                "since": since,
                "before": before,
                "limit": limit,
            },
        )
        return cursor.fetchall()


def _is_whole(
    connection: Connection, key: bytes, number: int, chain: bytes, proof: bytes
) -> bool:
    """Whether the head is as we left it and the last row is still there."""
    row = connection.execute(
        "SELECT audit_id, chain FROM audit ORDER BY audit_id DESC LIMIT 1"
    ).fetchone()
    if number == 0 and not proof:
        # Nothing was ever done here, as the first key of the audit shows, too.
        return row is None
    is_ours = hmac.compare_digest(proof, proof_of(key, number, chain))
    return is_ours and row is not None and (row[0], bytes(row[1])) == (number, chain)


def _add(connection: Connection, row: ChainedRow, *, chain: bytes, key: bytes) -> None:
    connection.execute(
        "INSERT INTO audit (audit_id, at, actor, role, act, target, corp_id, reason,"
        " before, after, continues, chain)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb, %s, %s)",
        [
            row.audit_id,
            row.at,
            row.actor,
            row.role,
            row.act,
            row.target,
            row.corp_id,
            row.reason,
            row.before,
            row.after,
            row.continues,
            chain,
        ],
    )
    connection.execute(
        "UPDATE audit_head SET audit_id = %s, chain = %s, proof = %s",
        [row.audit_id, chain, proof_of(key, row.audit_id, chain)],
    )


def _dump(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), ensure_ascii=False, default=str)
