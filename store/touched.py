"""Keys that drains asked about while a run was reading; the run asks them again."""

from domain.ids import CorpPk
from store.database import Connection


def note(connection: Connection, corp_pk: CorpPk, keys: list[str]) -> None:
    """Note keys that a drain asked about while a run was reading."""
    connection.execute(
        """
        INSERT INTO touched (corp_pk, key) SELECT %s, unnest(%s::text[])
        ON CONFLICT (corp_pk, key) DO UPDATE SET touched_at = clock_timestamp()
        """,
        [corp_pk, keys],
    )


def list_keys(connection: Connection, corp_pk: CorpPk) -> list[str]:
    """The keys noted since the read began."""
    rows = connection.execute(
        "SELECT key FROM touched WHERE corp_pk = %s ORDER BY key", [corp_pk]
    ).fetchall()
    return [row[0] for row in rows]


def clear(connection: Connection, corp_pk: CorpPk) -> None:
    """Forget the noted keys: a read begins, or has been applied."""
    connection.execute("DELETE FROM touched WHERE corp_pk = %s", [corp_pk])
