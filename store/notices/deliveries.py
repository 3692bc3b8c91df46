"""When the notices of a corp may be delivered, and which corps' are due."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from domain.ids import CorpPk
from domain.notices import MOST_RECIPIENTS
from store.database import Connection
from store.inbox.due import MISSED

# What makes a corp's deliveries due, as far as `since` back.
_DUE = """
    EXISTS (
        SELECT FROM notices WHERE notices.corp_pk = corps.corp_pk AND state = 'queued'
            AND batch_id IS NULL AND notices.not_before <= since
    ) OR EXISTS (
        SELECT FROM notice_batches AS batch
        WHERE batch.corp_pk = corps.corp_pk AND batch.state = 'frozen'
    ) OR EXISTS (
        SELECT FROM plans WHERE plans.corp_pk = corps.corp_pk AND plans.state = 'held'
            AND admins_asked_at IS NULL AND created_at <= since
    ) OR EXISTS (
        SELECT FROM card_answers AS answer
        WHERE answer.corp_pk = corps.corp_pk AND queued_at <= since
    ) OR EXISTS (
        SELECT FROM item_answers AS answer
        WHERE answer.corp_pk = corps.corp_pk AND queued_at <= since
    ) OR EXISTS (
        SELECT FROM notice_batches AS batch JOIN plans USING (plan_id)
        WHERE batch.corp_pk = corps.corp_pk AND code_until IS NOT NULL
            AND plans.state <> 'held' AND coalesce(decided_at, since) <= since
    )
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How a corp's deliveries stand; `now` is Postgres' clock."""

    not_before: datetime | None
    strikes: int
    batch_limit: int
    now: datetime

    @property
    def waits(self) -> bool:
        """Whether nothing may be sent now."""
        return self.not_before is not None and self.not_before > self.now


def lease_name(corp_pk: CorpPk) -> str:
    """Under which name one worker at a time delivers a corp's notices."""
    return f"notices:{corp_pk}"


def open_delivery(connection: Connection, corp_pk: CorpPk) -> Delivery:
    """The corp's deliveries, made on first use and locked for this transaction."""
    connection.execute(
        "INSERT INTO deliveries (corp_pk) VALUES (%s) ON CONFLICT DO NOTHING", [corp_pk]
    )
    with connection.cursor(row_factory=class_row(Delivery)) as cursor:
        cursor.execute(
            "SELECT not_before, strikes, batch_limit, clock_timestamp() AS now"
            " FROM deliveries WHERE corp_pk = %s FOR UPDATE",
            [corp_pk],
        )
        return cursor.fetchall()[0]


def wait(
    connection: Connection, corp_pk: CorpPk, *, seconds: float, waits_for: str
) -> None:
    """Send nothing for a while; a strike, which lengthens the next wait."""
    connection.execute(
        """
        UPDATE deliveries SET strikes = strikes + 1, waits_for = %s,
            not_before = clock_timestamp() + make_interval(secs => %s)
        WHERE corp_pk = %s
        """,
        [waits_for, seconds, corp_pk],
    )


def pace(
    connection: Connection, corp_pk: CorpPk, *, seconds: float, waits_for: str
) -> None:
    """Send nothing for a while; no strike, nothing is wrong."""
    connection.execute(
        """
        UPDATE deliveries SET waits_for = %s,
            not_before = clock_timestamp() + make_interval(secs => %s)
        WHERE corp_pk = %s
        """,
        [waits_for, seconds, corp_pk],
    )


def end_wait(connection: Connection, corp_pk: CorpPk, *, waits_for: str) -> None:
    """End the corp's waiting if this is what its notices wait for."""
    connection.execute(
        "UPDATE deliveries SET strikes = 0, not_before = NULL, waits_for = NULL"
        " WHERE corp_pk = %s AND waits_for = %s",
        [corp_pk, waits_for],
    )


def note_success(connection: Connection, corp_pk: CorpPk) -> None:
    """All went well: no strikes, larger batches again step by step."""
    connection.execute(
        """
        UPDATE deliveries SET strikes = 0, not_before = NULL, waits_for = NULL,
            batch_limit = least(batch_limit * 2, %s)
        WHERE corp_pk = %s
        """,
        [MOST_RECIPIENTS, corp_pk],
    )


def note_cards_refused(connection: Connection, corp_pk: CorpPk) -> None:
    """WeCom takes no template cards of this corp's app: textcards for an hour."""
    connection.execute(
        "UPDATE deliveries SET cards_refused_at = clock_timestamp() WHERE corp_pk = %s",
        [corp_pk],
    )


def limit_batches(connection: Connection, corp_pk: CorpPk, limit: int) -> None:
    """How many people the next batch may name, to corner whom WeCom refuses."""
    connection.execute(
        "UPDATE deliveries SET batch_limit = greatest(%s, 1) WHERE corp_pk = %s",
        [limit, corp_pk],
    )


def is_due(connection: Connection, corp_pk: CorpPk) -> bool:
    """Whether there is something to deliver for the corp now."""
    row = connection.execute(
        f"""
        SELECT {_DUE} FROM corps
        CROSS JOIN (SELECT clock_timestamp() AS since) AS clock
        LEFT JOIN deliveries USING (corp_pk)
        WHERE corp_pk = %s AND corps.state = 'linked'
            AND coalesce(deliveries.not_before <= since, true)
        """,  # noqa: S608 - a constant of this module
        [corp_pk],
    ).fetchone()
    return bool(row and row[0])


# Corps whose notices have been due for `missed`, and that nobody delivers.
MISSED_NOTICES = f"""
    SELECT corps.corp_pk FROM corps
    CROSS JOIN (SELECT clock_timestamp() - %(missed)s AS since) AS clock
    LEFT JOIN deliveries USING (corp_pk)
    WHERE corps.state = 'linked' AND coalesce(deliveries.not_before <= since, true)
        AND NOT EXISTS (
            SELECT FROM leases WHERE mailbox = 'notices:' || corps.corp_pk
                AND token IS NOT NULL AND expires_at > clock_timestamp())
        AND ({_DUE})
"""  # noqa: S608 - a constant of this module


def list_due(connection: Connection, *, limit: int) -> list[CorpPk]:
    """Corps whose notices have been due for 2 s, and that nobody delivers."""
    rows = connection.execute(
        f"{MISSED_NOTICES} LIMIT %(limit)s", {"missed": MISSED, "limit": limit}
    ).fetchall()
    return [CorpPk(corp_pk) for (corp_pk,) in rows]
