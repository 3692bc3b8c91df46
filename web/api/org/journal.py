"""Every effective difference of a corp, oldest first."""

from datetime import datetime
from typing import Any

from flask import Response
from pydantic import BaseModel, Field

from domain.decisions import DecisionName
from store.database import transaction
from store.org.journal import JournalLine as StoredLine
from store.summaries.org import journal
from store.summaries.org.journal import JournalFilter
from web.access import Audience, seen_by
from web.api.blueprint import Id, Moment, Page, answer, blueprint, problems
from web.api.org.corps import CorpPath
from web.http.cursors import cut
from web.http.shown import show_row
from web.org.corps import get_corp
from web.services import services

api = blueprint("api-journal")


class JournalPage(Page):
    """Which lines are wanted; filters combine."""

    since: Moment | None = Field(None, description="From then on.")
    until: Moment | None = Field(None, description="Before then.")
    key: Id | None = Field(None, description="member:<userid> or department:<id>.")
    run_id: Id | None = None


class Line(BaseModel):
    """One effective difference."""

    at: datetime
    cause: str = Field(description="mail, run or operator.")
    run_id: str | None
    decision: DecisionName
    key: str
    reason: str
    before: dict[str, Any] = Field(description="What changed, as it was.")
    after: dict[str, Any] = Field(description="What changed, as it is.")


class Journal(BaseModel):
    """A page of lines, oldest first: applying every `after` in order gives the org."""

    items: list[Line]
    next: str | None


@api.get("/corps/<corp_id>/journal", responses={200: Journal, **problems(400, 404)})
@seen_by(Audience.BEARER)
def list_journal(path: CorpPath, query: JournalPage) -> Response:
    """The journal of a corp; mobiles and e-mail addresses are masked."""
    of = ["journal", path.corp_id, query.since, query.until, query.key, query.run_id]
    after = services().cursors.open(query.cursor, of=of) or [0]
    wanted = JournalFilter(
        since=query.since, until=query.until, key=query.key, run_id=query.run_id
    )
    with transaction(services().pool) as connection:
        corp = get_corp(connection, path.corp_id)
        data_key = journal.find_data_key(
            connection, corp.corp_pk, keyring=services().keyring
        )
        rows = journal.list_lines(
            connection,
            corp.corp_pk,
            wanted=wanted,
            after=after[0],
            limit=query.limit + 1,
            data_key=data_key,
        )
    shown, end = cut(rows, limit=query.limit, position=lambda row: [row.line_id])
    following = services().cursors.seal(end, of=of) if end else None
    return answer(Journal(items=[_show(row) for row in shown], next=following))


def _show(line: StoredLine) -> Line:
    return show_row(Line, line)
