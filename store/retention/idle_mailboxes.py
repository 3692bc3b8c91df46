"""Mailboxes of nobody: what still arrives for purged corps, and what is left over."""

from store.database import Connection


def list_stray_mailboxes(connection: Connection) -> list[str]:
    """Corps' mailboxes that hold settled mail only, although no corp of theirs lives.

    Shape: those of purged corps, whose names are HMACs already, are left out.
    """
    rows = connection.execute(
        """
        WITH RECURSIVE boxes AS (
            (SELECT mailbox FROM inbox WHERE mailbox >= 'corp:'
                ORDER BY mailbox LIMIT 1)
            UNION ALL
            SELECT (SELECT inbox.mailbox FROM inbox
                WHERE inbox.mailbox > boxes.mailbox ORDER BY inbox.mailbox LIMIT 1)
            FROM boxes WHERE boxes.mailbox < 'corp;'
        )
        SELECT mailbox FROM boxes
        WHERE mailbox >= 'corp:' AND mailbox < 'corp;'
            AND mailbox NOT LIKE 'corp:hmac:%'
            AND NOT EXISTS (
                SELECT FROM corps
                WHERE corp_id = substr(boxes.mailbox, 6) AND state <> 'revoked')
            AND NOT EXISTS (
                SELECT FROM inbox WHERE inbox.mailbox = boxes.mailbox
                    AND inbox.state IN ('pending', 'parked', 'failed'))
        """
    ).fetchall()
    return [mailbox for (mailbox,) in rows]


def has_purged(connection: Connection, renamed: str) -> bool:
    """Whether a corp of this HMAC was purged."""
    row = connection.execute(
        "SELECT 1 FROM corps WHERE corp_id = %s AND state = 'revoked' LIMIT 1",
        [renamed],
    ).fetchone()
    return row is not None


def drop_idle_boxes(connection: Connection) -> int:
    """Forget the state of mailboxes without mail, and the leases nobody holds."""
    idle = """
        mailbox LIKE ANY (ARRAY['corp:%', 'code:%'])
        AND NOT EXISTS (SELECT FROM inbox WHERE inbox.mailbox = box.mailbox)
        AND NOT EXISTS (
            SELECT FROM corps WHERE state <> 'revoked'
                AND box.mailbox = 'corp:' || corp_id)
    """
    dropped = connection.execute(
        f"DELETE FROM mailboxes AS box WHERE {idle}"  # noqa: S608 - constant text
    ).rowcount
    # Deliveries have leases of their own, which outlive a corp that withdrew.
    connection.execute(
        f"DELETE FROM leases AS box WHERE ({idle}"  # noqa: S608 - constant text
        " OR mailbox LIKE 'notices:%' AND NOT EXISTS (SELECT FROM deliveries"
        " WHERE box.mailbox = 'notices:' || corp_pk))"
        " AND (token IS NULL OR expires_at < clock_timestamp())"
    )
    return dropped
