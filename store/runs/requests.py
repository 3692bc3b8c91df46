"""Wishes for a run: a waiting one answers them, else a new one is made."""

from uuid import uuid4

from domain.ids import CorpPk, RunId
from store.database import Connection
from store.runs.runs import PLAN, SCOPE, SCOPE_PROBE


def request_run(
    connection: Connection,
    corp_pk: CorpPk,
    *,
    cause: str,
    deep: bool = False,
    request_key: str | None = None,
    event_id: int | None = None,
) -> RunId:
    """The run that answers this wish: the queued one if there is one, else a new one.

    Shape: `event_id` is the mail that opens it; a run goes back to the first.
    Repeats: the same request key gives the same run for 24 hours.
    """
    # One wish at a time per corp: two at once would both see no queued run.
    connection.execute("SELECT 1 FROM corps WHERE corp_pk = %s FOR UPDATE", [corp_pk])
    if request_key is not None:
        earlier = _find_request(connection, corp_pk, request_key)
        if earlier is not None:
            return earlier
    run_id = _join_queued(
        connection, corp_pk, cause=cause, deep=deep, event_id=event_id
    )
    if run_id is None:
        run_id = RunId(str(uuid4()))
        connection.execute(
            "INSERT INTO runs (run_id, corp_pk, cause, deep, event_id)"
            " VALUES (%s, %s, %s, %s, %s)",
            [run_id, corp_pk, cause, deep, event_id],
        )
    if request_key is not None:
        _note_request(connection, corp_pk, run_id=run_id, request_key=request_key)
    return run_id


def request_plan(connection: Connection, corp_pk: CorpPk) -> RunId:
    """The run that will find out what a resync would do; joins one that waits."""
    connection.execute("SELECT 1 FROM corps WHERE corp_pk = %s FOR UPDATE", [corp_pk])
    row = connection.execute(
        "SELECT run_id FROM runs"
        " WHERE corp_pk = %s AND state = 'queued' AND cause = %s",
        [corp_pk, PLAN],
    ).fetchone()
    if row is not None:
        return RunId(row[0])
    run_id = RunId(str(uuid4()))
    connection.execute(
        "INSERT INTO runs (run_id, corp_pk, cause) VALUES (%s, %s, %s)",
        [run_id, corp_pk, PLAN],
    )
    return run_id


def list_queued(connection: Connection, corp_pk: CorpPk) -> list[RunId]:
    """The runs of this corp that wait for their turn, those that change it first."""
    rows = connection.execute(
        "SELECT run_id FROM runs WHERE corp_pk = %s AND state = 'queued'"
        " ORDER BY cause = 'plan'",
        [corp_pk],
    ).fetchall()
    return [RunId(row[0]) for row in rows]


def _find_request(
    connection: Connection, corp_pk: CorpPk, request_key: str
) -> RunId | None:
    row = connection.execute(
        """
        SELECT run_id FROM run_requests WHERE corp_pk = %s AND request_key = %s
            AND requested_at > clock_timestamp() - interval '24 hours'
        """,
        [corp_pk, request_key],
    ).fetchone()
    return RunId(row[0]) if row else None


def _join_queued(
    connection: Connection,
    corp_pk: CorpPk,
    *,
    cause: str,
    deep: bool,
    event_id: int | None,
) -> RunId | None:
    # A probe that somebody joins has to become a full read, and one of the scope must
    # know what it was told.
    row = connection.execute(
        """
        UPDATE runs SET deep = deep OR %(deep)s, cause = CASE
            WHEN cause = %(probe)s OR %(cause)s = %(scope)s THEN %(cause)s
            ELSE cause END, event_id = coalesce(event_id, %(event_id)s)
        WHERE corp_pk = %(corp_pk)s AND state = 'queued' AND cause <> 'plan'
        RETURNING run_id
        """,
        {
            "deep": deep,
            "event_id": event_id,
            "cause": cause,
            "probe": SCOPE_PROBE,
            "scope": SCOPE,
            "corp_pk": corp_pk,
        },
    ).fetchone()
    return RunId(row[0]) if row else None


def _note_request(
    connection: Connection, corp_pk: CorpPk, *, run_id: RunId, request_key: str
) -> None:
    connection.execute(
        """
        INSERT INTO run_requests (corp_pk, request_key, run_id) VALUES (%s, %s, %s)
        ON CONFLICT (corp_pk, request_key)
        DO UPDATE SET run_id = excluded.run_id, requested_at = clock_timestamp()
        """,
        [corp_pk, request_key, run_id],
    )
