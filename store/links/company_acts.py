"""What was done on a company's page: once per form, and kept with who did it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from domain.ids import CorpPk
from store.database import Connection


class ActKind(StrEnum):
    """What can be done on a company's page."""

    INVITE = "invite"
    RESOLVE = "resolve"
    UNLINK = "unlink"
    ITEMS = "items"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One form that was sent, and what came of it."""

    act_id: int
    kind: str
    done_by: str
    done_at: datetime
    told: Mapping[str, Any]


def begin(
    connection: Connection, corp_pk: CorpPk, *, form: str, kind: ActKind, done_by: str
) -> int | None:
    """The id of a new act; None when this form was sent before.

    Whoever sends the same form meanwhile waits here for the end of this transaction.
    """
    row = connection.execute(
        "INSERT INTO company_acts (corp_pk, form, kind, done_by)"
        " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING act_id",
        [corp_pk, form, kind.value, done_by],
    ).fetchone()
    return None if row is None else int(row[0])


def finish(
    connection: Connection, corp_pk: CorpPk, act_id: int, *, told: Mapping[str, Any]
) -> None:
    """Keep what came of an act that was begun in this transaction."""
    connection.execute(
        "UPDATE company_acts SET told = %s WHERE corp_pk = %s AND act_id = %s",
        [Jsonb(dict(told)), corp_pk, act_id],
    )


def get_sent(connection: Connection, corp_pk: CorpPk, form: str) -> int:
    """The act of a form that was sent before.

    Raises: LookupError.
    """
    row = connection.execute(
        "SELECT act_id FROM company_acts WHERE corp_pk = %s AND form = %s",
        [corp_pk, form],
    ).fetchone()
    if row is None:
        raise LookupError("no such form was sent")
    return int(row[0])


def find(connection: Connection, corp_pk: CorpPk, act_id: int) -> Act | None:
    """The act of this id."""
    with connection.cursor(row_factory=class_row(Act)) as cursor:
        cursor.execute(
            "SELECT act_id, kind, done_by, done_at, told FROM company_acts"
            " WHERE corp_pk = %s AND act_id = %s",
            [corp_pk, act_id],
        )
        return cursor.fetchone()


def list_latest(
    connection: Connection, corp_pk: CorpPk, *, before: int | None, limit: int
) -> Sequence[Act]:
    """The newest acts, newest first; those older than `before` if it is named."""
    with connection.cursor(row_factory=class_row(Act)) as cursor:
        cursor.execute(
            """
            SELECT act_id, kind, done_by, done_at, told FROM company_acts
            WHERE corp_pk = %(corp_pk)s
                AND (%(before)s::bigint IS NULL OR act_id < %(before)s)
            ORDER BY act_id DESC LIMIT %(limit)s
            """,
            {"corp_pk": corp_pk, "before": before, "limit": limit},
        )
        return cursor.fetchall()


def list_invitations(
    connection: Connection, corp_pk: CorpPk, member_pk: int, *, limit: int
) -> Sequence[Act]:
    """The newest acts by which a member was invited again, newest first."""
    with connection.cursor(row_factory=class_row(Act)) as cursor:
        cursor.execute(
            """
            SELECT act_id, kind, done_by, done_at, told FROM company_acts
            WHERE corp_pk = %s AND kind = 'invite'
                AND told -> 'member_pks' @> to_jsonb(%s::bigint)
            ORDER BY act_id DESC LIMIT %s
            """,
            [corp_pk, member_pk, limit],
        )
        return cursor.fetchall()


def drop_all(connection: Connection, corp_pk: CorpPk) -> None:
    """Forget what was done for a corp that withdrew: it names people."""
    connection.execute("DELETE FROM company_acts WHERE corp_pk = %s", [corp_pk])
