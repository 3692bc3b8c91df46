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
from typing import Any, Required, TypedDict

from psycopg.rows import dict_row

from domain.roles import Role
from store.database import Connection
from store.platform import app_keys
from store.platform.audit_sealing import Concealed, conceal, reveal, spellings
from store.sealing import Keyring

KEY_NAME = "audit"
_TOLD = ("target", "corp_id", "reason", "before", "after", "corp_pk", "sealed")

# The order in which acts are added: each waits for the one before to be committed.
_HEAD = (
    "SELECT audit_id, chain, proof, clock_timestamp() AS at,"
    " %s::jsonb::text AS before, %s::jsonb::text AS after"
    " FROM audit_head FOR UPDATE"
)


class ActDetails(TypedDict, total=False):
    """What is told of an act beside who does it and its name; see `OperatorAct`."""

    target: Required[str]
    reason: str
    corp_id: str | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]


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
    """One act that was done.

    Shape: `is_forgotten`: it was about a corp that is purged; HMACs stand for names.
    """

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
    is_forgotten: bool = False


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
    corp_pk: int | None = None
    sealed: bytes | None = field(default=None, repr=False)


def record(connection: Connection, act: OperatorAct, *, keyring: Keyring) -> None:
    """Keep an act for good; it stands or falls with the caller's transaction.

    Raises: SealBroken.
    """
    key = app_keys.obtain(connection, KEY_NAME, keyring)
    kept = conceal(
        connection,
        Concealed(
            target=act.target,
            corp_id=act.corp_id,
            reason=act.reason,
            before=act.before,
            after=act.after,
        ),
        keyring=keyring,
    )
    said = [_dump(kept.before), _dump(kept.after)]
    head = connection.execute(_HEAD, said).fetchone()
    number, chain, proof, at, before, after = head or (0, b"", b"", None, "{}", "{}")
    if at is None:
        raise LookupError("audit_head has no row: restore the database")
    row = ChainedRow(
        audit_id=number + 1,
        at=at,
        actor=act.actor,
        role=act.role.value,
        act=act.act,
        target=kept.target,
        corp_id=kept.corp_id,
        reason=kept.reason,
        before=before,
        after=after,
        corp_pk=kept.corp_pk,
        sealed=kept.sealed,
        # An altered head is not healed by the next act: the row bears witness to it.
        continues=_is_whole(connection, key, number, bytes(chain), bytes(proof)),
    )
    _add(connection, row, chain=chain_of(key, bytes(chain), row), key=key)


def chain_of(key: bytes, previous: bytes, row: ChainedRow) -> bytes:
    """The chain of a row after the chain of the row before it."""
    # What was written before anything was sealed is vouched for as it was.
    sealed = [] if row.sealed is None else [row.corp_pk, bytes(row.sealed).hex()]
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
            *sealed,
        ],
        ensure_ascii=False,
    )
    return hmac.digest(key, previous + said.encode(), hashlib.sha256)


def proof_of(key: bytes, number: int, chain: bytes) -> bytes:
    """What shows that the chain has just so many rows and ends so."""
    return hmac.digest(key, b"head %d " % number + chain, hashlib.sha256)


def list_of(
    connection: Connection, target: str, *, keyring: Keyring, limit: int = 20
) -> list[AuditLine]:
    """What was done to one thing, newest first.

    Raises: SealBroken.
    """
    return list_lines(connection, keyring=keyring, target=target, limit=limit)


def list_lines(
    connection: Connection,
    *,
    keyring: Keyring,
    actor: str | None = None,
    target: str | None = None,
    since: datetime | None = None,
    before: int | None = None,
    limit: int,
) -> list[AuditLine]:
    """Acts, newest first: of an actor, to a thing, since a moment, before a number.

    Raises: SealBroken.
    """
    targets = target and spellings(connection, target, keyring=keyring)
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            """
            SELECT audit_id, at, actor, role, act, target, audit.corp_id, reason,
                before, after, encode(chain, 'hex') AS chain, audit.corp_pk, sealed,
                data_key
            FROM audit LEFT JOIN corps ON corps.corp_pk = audit.corp_pk
            WHERE (%(actor)s::text IS NULL OR actor = %(actor)s)
                AND (%(targets)s::text[] IS NULL OR target = ANY(%(targets)s))
                AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
                AND (%(before)s::bigint IS NULL OR audit_id < %(before)s)
            ORDER BY audit_id DESC LIMIT %(limit)s
            """,
            {
                "actor": actor,
                "targets": targets,
                "since": since,
                "before": before,
                "limit": limit,
            },
        )
        return [_line(row, keyring) for row in cursor]


def _line(row: dict[str, Any], keyring: Keyring) -> AuditLine:
    key, told = row.pop("data_key"), {name: row.pop(name) for name in _TOLD}
    shown = reveal(Concealed(**told), key, keyring=keyring)
    return AuditLine(
        **row,
        target=shown.target,
        corp_id=shown.corp_id,
        reason=shown.reason,
        before=dict(shown.before),
        after=dict(shown.after),
        is_forgotten=shown.sealed is not None,
    )


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
        " before, after, continues, chain, corp_pk, sealed) VALUES (%s, %s, %s, %s,"
        " %s, %s, %s, %s, %s::jsonb, %s::jsonb, %s, %s, %s, %s)",
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
            row.corp_pk,
            row.sealed,
        ],
    )
    connection.execute(
        "UPDATE audit_head SET audit_id = %s, chain = %s, proof = %s",
        [row.audit_id, chain, proof_of(key, row.audit_id, chain)],
    )


def _dump(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), ensure_ascii=False, default=str)
