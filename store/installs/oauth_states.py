"""States that were used: each is good once, whoever brings it again."""

import hashlib

from store.database import Connection


def use(connection: Connection, state: str, *, purpose: str, seconds: float) -> bool:
    """Whether this is the first use of a state, which nobody can use again.

    Units: `seconds` is how much longer the state would have been believed.
    """
    return bool(
        connection.execute(
            """
            INSERT INTO journeys (state_digest, purpose, expires_at, ended_at)
            VALUES (%s, %s, clock_timestamp() + make_interval(secs => %s),
                clock_timestamp())
            ON CONFLICT (state_digest) DO NOTHING
            """,
            [_digest(state), purpose, seconds],
        ).rowcount
    )


def is_used(connection: Connection, state: str) -> bool:
    """Whether the state was used before."""
    row = connection.execute(
        "SELECT FROM journeys WHERE state_digest = %s", [_digest(state)]
    ).fetchone()
    return row is not None


def prune(connection: Connection, *, limit: int) -> int:
    """Forget states that nobody has believed for a day."""
    return connection.execute(
        """
        DELETE FROM journeys WHERE state_digest IN (
            SELECT state_digest FROM journeys
            WHERE expires_at < clock_timestamp() - interval '1 day'
            LIMIT %s FOR UPDATE SKIP LOCKED)
        """,
        [limit],
    ).rowcount


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
