"""Journal lines with their personal fields opened, mobiles and e-mails masked."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg.rows import class_row, dict_row

from store.database import Connection
from store.org.journal import JournalLine, opened
from store.sealing import DataKey, Keyring

# Names of fields that hold a number or an e-mail address, wherever they are nested.
_MOBILE = re.compile(r"mobile|phone", re.IGNORECASE)
_EMAIL = re.compile(r"mail", re.IGNORECASE)
_SHOWN_FIRST, _SHOWN_LAST = 3, 4

_SELECT = """
    SELECT line_id, at, cause, run_id, decision, key, reason, before, after, personal
    FROM journal
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalFilter:
    """Which lines are wanted; None filters nothing."""

    since: datetime | None = None
    until: datetime | None = None
    key: str | None = None
    run_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLines:
    """How many lines of a run say one thing for one reason."""

    decision: str
    cause: str
    reason: str
    count: int


def count_of_run(
    connection: Connection, corp_pk: int, run_id: str, *, limit: int
) -> list[RunLines]:
    """What a run has written, by decision and reason; nothing beyond the limit."""
    with connection.cursor(row_factory=class_row(RunLines)) as cursor:
        cursor.execute(
            """
            WITH lines AS MATERIALIZED (
                SELECT decision, cause, reason FROM journal
                WHERE corp_pk = %(corp_pk)s AND run_id = %(run_id)s
                LIMIT %(limit)s + 1)
            SELECT decision, cause, reason, count(*) FROM lines
            WHERE (SELECT count(*) FROM lines) <= %(limit)s
            GROUP BY decision, cause, reason
            """,
            {"corp_pk": corp_pk, "run_id": run_id, "limit": limit},
        )
        return cursor.fetchall()


def list_lines(
    connection: Connection,
    corp_pk: int,
    *,
    wanted: JournalFilter,
    after: int,
    limit: int,
    data_key: DataKey | None,
) -> list[JournalLine]:
    """Lines behind `after`, oldest first, so that folding them gives the org.

    Raises: SealBroken.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            f"""
            {_SELECT}
            WHERE corp_pk = %(corp_pk)s AND line_id > %(after)s
                AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
                AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
                AND (%(key)s::text IS NULL OR key = %(key)s)
                AND (%(run_id)s::text IS NULL OR run_id = %(run_id)s)
            ORDER BY line_id LIMIT %(limit)s
            """,
            {
                "corp_pk": corp_pk,
                "after": after,
                "limit": limit,
                "since": wanted.since,
                "until": wanted.until,
                "key": wanted.key,
                "run_id": wanted.run_id,
            },
        )
        return [_masked_line(opened(row, data_key=data_key)) for row in cursor]


def list_latest(
    connection: Connection,
    corp_pk: int,
    *,
    limit: int,
    data_key: DataKey | None,
    key: str | None = None,
    decision: str | None = None,
) -> list[JournalLine]:
    """The newest lines, newest first; of one key, one decision if it is named.

    Raises: SealBroken.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            f"""
            {_SELECT}
            WHERE corp_pk = %(corp_pk)s
                AND (%(key)s::text IS NULL OR key = %(key)s)
                AND (%(decision)s::text IS NULL OR decision = %(decision)s)
            ORDER BY line_id DESC LIMIT %(limit)s
            """,
            {"corp_pk": corp_pk, "key": key, "decision": decision, "limit": limit},
        )
        return [_masked_line(opened(row, data_key=data_key)) for row in cursor]


def last_line_id(connection: Connection, corp_pk: int) -> int:
    """The newest line's id, 0 without any: the org changed when this changed."""
    row = connection.execute(
        "SELECT max(line_id) FROM journal WHERE corp_pk = %s", [corp_pk]
    ).fetchone()
    return (row[0] if row else None) or 0


def find_data_key(
    connection: Connection, corp_pk: int, *, keyring: Keyring
) -> DataKey | None:
    """The key of a corp's personal fields; None once it is destroyed.

    Raises: SealBroken.
    """
    row = connection.execute(
        "SELECT data_key FROM corps WHERE corp_pk = %s", [corp_pk]
    ).fetchone()
    if row is None or row[0] is None:
        return None
    return DataKey(keyring.open(row[0], place=f"data_key:{corp_pk}"))


def _masked_line(line: JournalLine) -> JournalLine:
    return replace(line, before=masked(line.before), after=masked(line.after))


def masked(fields: dict[str, Any]) -> dict[str, Any]:
    """The same fields with every mobile and e-mail address masked, nested ones too."""
    return {name: _masked_value(name, value) for name, value in fields.items()}


def _masked_value(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return masked(value)
    if isinstance(value, list):
        return [_masked_value(name, item) for item in value]
    mask = _mask_of(name)
    return mask(value) if mask and isinstance(value, str) else value


def _mask_of(name: str) -> Callable[[str], str] | None:
    if _MOBILE.search(name):
        return mask_mobile
    return mask_email if _EMAIL.search(name) else None


def mask_mobile(mobile: str) -> str:
    """`138****5678`: the first three and last four characters."""
    if len(mobile) <= _SHOWN_FIRST + _SHOWN_LAST:
        return "*" * len(mobile)
    return f"{mobile[:_SHOWN_FIRST]}****{mobile[-_SHOWN_LAST:]}"


def mask_email(address: str) -> str:
    """`z***@example.com`: the first character and the domain."""
    name, at, domain = address.partition("@")
    return f"{name[:1]}***{at}{domain}"
