"""What operators did: written in the transaction of the act, read by everybody."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorAct:
    """Something that an operator does; ids and states only, nothing personal."""

    actor: str
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
    act: str
    target: str
    corp_id: str | None
    reason: str


def record(connection: Connection, act: OperatorAct) -> None:
    """Keep an act for good; it stands or falls with the caller's transaction."""
    connection.execute(
        "INSERT INTO audit (actor, act, target, corp_id, reason, before, after)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [
            act.actor,
            act.act,
            act.target,
            act.corp_id,
            act.reason,
            Jsonb(dict(act.before)),
            Jsonb(dict(act.after)),
        ],
    )


def list_of(connection: Connection, target: str, *, limit: int = 20) -> list[AuditLine]:
    """What was done to one thing, newest first."""
    with connection.cursor(row_factory=class_row(AuditLine)) as cursor:
        cursor.execute(
            "SELECT audit_id, at, actor, act, target, corp_id, reason FROM audit"
            " WHERE target = %s ORDER BY audit_id DESC LIMIT %s",
            [target, limit],
        )
        return cursor.fetchall()
