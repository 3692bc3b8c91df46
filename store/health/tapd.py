"""TAPD does not let us read: nobody new is found there, whatever WeCom says."""

from store.database import Connection
from store.health.kinds import Problem, ProblemKind


def list_refusals(connection: Connection) -> list[Problem]:
    """That TAPD refuses each company that was asked for its people, if it does.

    Shape: one company that is refused may not have installed our app there; refused
        for all means that our client is not believed.
    """
    row = connection.execute(
        """
        SELECT count(*) FILTER (WHERE state = 'refused'), count(*), max(error)
        FROM account_reads WHERE state <> 'new'
        """
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives its row.
    refused, asked, error = row
    if not refused or refused < asked:
        return []
    return [
        Problem(
            kind=ProblemKind.FAILURES,
            number=refused,
            reason="tapd",
            about=error or "",
        )
    ]
