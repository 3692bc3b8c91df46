"""Lets go of what was told of items long ago."""

from domain.retention import DECIDED_DAYS, KEPT_DAYS
from store.database import Connection
from store.notices.cards import CODE_SECONDS


def prune_told(connection: Connection, *, limit: int) -> int:
    """Forget whom events concerned."""
    return connection.execute(
        """
        DELETE FROM item_notices WHERE (company_id, mail_id, nick) IN (
            SELECT company_id, mail_id, nick FROM item_notices
            WHERE noted_at < clock_timestamp() - make_interval(days => %s)
            ORDER BY noted_at LIMIT %s FOR UPDATE SKIP LOCKED)
        """,
        [KEPT_DAYS, limit],
    ).rowcount


def prune_item_messages(connection: Connection, *, limit: int) -> int:
    """Forget the messages that carried them; what still waits stays."""
    return connection.execute(
        """
        DELETE FROM notices WHERE (corp_pk, notice_id) IN (
            SELECT corp_pk, notice_id FROM notices
            WHERE kind IN ('item', 'digest') AND state <> 'queued'
                AND queued_at < clock_timestamp() - make_interval(days => %s)
            LIMIT %s FOR UPDATE SKIP LOCKED)
        """,
        [KEPT_DAYS, limit],
    ).rowcount


def prune_changes(connection: Connection, *, limit: int) -> int:
    """Forget what was done to items, once no message waits to tell it."""
    return connection.execute(
        """
        DELETE FROM item_changes WHERE (company_id, change_id) IN (
            SELECT company_id, change_id FROM item_changes AS old
            WHERE opened_at < clock_timestamp() - make_interval(days => %s)
                AND NOT EXISTS (
                    SELECT FROM item_notices AS told
                    WHERE told.company_id = old.company_id
                        AND told.change_id = old.change_id)
            ORDER BY opened_at LIMIT %s FOR UPDATE SKIP LOCKED)
        """,
        [KEPT_DAYS, limit],
    ).rowcount


def prune_states(connection: Connection, *, limit: int) -> int:
    """Forget items that nobody has touched for two years."""
    return connection.execute(
        """
        DELETE FROM items WHERE (company_id, kind, item_id) IN (
            SELECT company_id, kind, item_id FROM items AS old
            WHERE changed_at < clock_timestamp() - make_interval(days => %s)
                AND NOT EXISTS (
                    SELECT FROM item_changes AS change
                    WHERE change.company_id = old.company_id
                        AND change.kind = old.kind AND change.item_id = old.item_id)
            ORDER BY changed_at LIMIT %s FOR UPDATE SKIP LOCKED)
        """,
        [DECIDED_DAYS, limit],
    ).rowcount


def prune_nicks(connection: Connection, *, limit: int) -> int:
    """Forget nicks that were given up two years ago."""
    return connection.execute(
        """
        DELETE FROM former_nicks WHERE (nick, account_id) IN (
            SELECT nick, account_id FROM former_nicks
            WHERE given_up_at < clock_timestamp() - make_interval(days => %s)
            LIMIT %s FOR UPDATE SKIP LOCKED)
        """,
        [DECIDED_DAYS, limit],
    ).rowcount


def prune_answers(connection: Connection, *, limit: int) -> int:
    """Forget clicks that nobody can be told about: WeCom takes their code no more."""
    return connection.execute(
        """
        DELETE FROM item_answers WHERE (corp_pk, answer_id) IN (
            SELECT corp_pk, answer_id FROM item_answers
            WHERE queued_at < clock_timestamp() - make_interval(secs => %s)
            LIMIT %s FOR UPDATE SKIP LOCKED)
        """,
        [CODE_SECONDS, limit],
    ).rowcount
