"""Keys that drains asked about while a run was reading; the run asks them again."""

from collections.abc import Collection
from datetime import datetime

from domain.ids import CorpPk
from store import literals
from store.database import Connection
from store.runs.runs import Run
from store.writes import ALLOWED, Change, make

# A run that starts meanwhile asks later than the drain did.
_NOTE = f"""
    INSERT INTO touched (corp_pk, key)
    SELECT %(corp_pk)s, unnest(%(touched)s::text[])
    WHERE EXISTS (
        SELECT FROM runs WHERE corp_pk = %(corp_pk)s AND state = 'running'
    ) AND {ALLOWED}
    ON CONFLICT (corp_pk, key) DO UPDATE SET touched_at = clock_timestamp()
"""  # noqa: S608 - a constant


def note(connection: Connection, corp_pk: CorpPk, keys: Collection[str]) -> None:
    """Note keys that a drain asked about, if a run is reading."""
    values = {"corp_pk": corp_pk, "touched": literals.texts(sorted(keys))}
    make(connection, Change(text=_NOTE, values=values))


def list_keys(connection: Connection, run: Run) -> dict[str, datetime]:
    """The keys noted since the run began to read, and when they were last."""
    rows = connection.execute(
        """
        SELECT key, touched_at FROM touched WHERE corp_pk = %s AND touched_at >= (
            SELECT read_started_at FROM runs WHERE run_id = %s)
        ORDER BY key
        """,
        [run.corp_pk, run.run_id],
    ).fetchall()
    return dict(rows)


def clear(connection: Connection, run: Run) -> None:
    """Forget the noted keys: a read begins, or has been applied.

    Shape: those that another run of the corp has still to ask again stay.
    """
    connection.execute(
        """
        DELETE FROM touched WHERE corp_pk = %(corp_pk)s AND NOT EXISTS (
            SELECT FROM runs
            WHERE runs.corp_pk = touched.corp_pk AND state = 'running'
                AND run_id <> %(run_id)s AND read_started_at <= touched_at)
        """,
        {"corp_pk": run.corp_pk, "run_id": run.run_id},
    )
