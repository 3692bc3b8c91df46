"""What a corp's withdrawal does to its notices: none is sent, and no address opens."""

from domain.ids import CorpPk
from store.database import Connection


def end(connection: Connection, corp_pk: CorpPk) -> None:
    """Drop what is queued, close what was sent, and forget what was said to whom."""
    connection.execute(
        """
        UPDATE notices SET invited_by = NULL, closed = coalesce(closed, 'over'),
            closed_at = coalesce(closed_at, clock_timestamp()),
            reason = CASE WHEN state = 'queued' THEN 'withdrawn' ELSE reason END,
            state = CASE WHEN state <> 'queued' THEN state
                WHEN tried_at IS NULL THEN 'dropped' ELSE 'unknown' END
        WHERE corp_pk = %s
        """,
        [corp_pk],
    )
    connection.execute(
        """
        UPDATE notice_batches SET sealed = NULL, token_hash = NULL, code_until = NULL,
            state = CASE WHEN state = 'frozen' THEN 'unknown' ELSE state END
        WHERE corp_pk = %s
        """,
        [corp_pk],
    )
    for table in ("card_answers", "item_answers", "item_preferences", "deliveries"):
        connection.execute(
            f"DELETE FROM {table} WHERE corp_pk = %s",  # noqa: S608 - constant names
            [corp_pk],
        )
