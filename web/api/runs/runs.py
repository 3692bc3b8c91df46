"""Full reads: list, one, and the request for another."""

from datetime import datetime
from typing import Literal

from flask import Response
from pydantic import BaseModel, Field

from domain.decisions import DecisionName
from domain.ids import CorpPk
from store.database import Connection, transaction
from store.platform import deeds
from store.runs import requests
from store.summaries.org import corps
from store.summaries.runs import runs
from store.summaries.runs.runs import RunSummary
from web.access import Audience, seen_by
from web.api.auditing import note_deed
from web.api.blueprint import Id, Page, Why, answer, blueprint, not_found, problems
from web.api.org.corps import CorpPath
from web.http.cursors import cut
from web.http.problems import Problem
from web.http.shown import show_row
from web.org.corps import get_corp, pseudonym_key
from web.services import services

api = blueprint("api-runs")

RunState = Literal["queued", "running", "done", "held", "failed", "cancelled"]


class RunPath(BaseModel):
    """Which run."""

    run_id: Id


class RunPage(Page):
    """Which runs are wanted."""

    corp_id: Id | None = None


class ResyncHeaders(BaseModel):
    """What a request for a resync may carry."""

    key: str | None = Field(
        None,
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="The same key gives the same run for 24 hours.",
    )


class Progress(BaseModel):
    """How far the read is, in pages."""

    read: int
    of: int | None


class Run(BaseModel):
    """A full read with the same reconcile, guard and apply as any event."""

    run_id: str
    corp_id: str
    cause: str
    state: RunState = Field(
        description="held: the rest is applied and something waits for approval."
    )
    started_at: datetime | None
    ended_at: datetime | None
    progress: Progress
    decisions: dict[DecisionName, int]
    calls: int = Field(description="Calls to WeCom, token calls excluded.")
    calls_least: int = Field(description="The least it could have made.")
    plan_id: str | None
    error: str | None


class Runs(BaseModel):
    """A page of runs, newest first."""

    items: list[Run]
    next: str | None


class Requested(BaseModel):
    """The run that will do what was asked."""

    run_id: str


@api.get("/runs", responses={200: Runs, **problems(400)})
@seen_by(Audience.BEARER)
def list_runs(query: RunPage) -> Response:
    """The runs, newest first."""
    of = ["runs", query.corp_id]
    position = services().cursors.open(query.cursor, of=of)
    before = (datetime.fromisoformat(position[0]), position[1]) if position else None
    with transaction(services().pool) as connection:
        rows = runs.list_runs(
            connection,
            corp_ids=_names(connection, query.corp_id),
            before=before,
            limit=query.limit + 1,
        )
    shown, end = cut(
        rows,
        limit=query.limit,
        position=lambda row: [row.created_at.isoformat(), row.run_id],
    )
    following = services().cursors.seal(end, of=of) if end else None
    items = [_show(row, asked=query.corp_id) for row in shown]
    return answer(Runs(items=items, next=following))


@api.get("/runs/<run_id>", responses={200: Run, **problems(404)})
@seen_by(Audience.BEARER)
def read_run(path: RunPath) -> Response:
    """One run."""
    with transaction(services().pool) as connection:
        run = runs.find_run(connection, path.run_id)
    return answer(_show(run or not_found(f"run {path.run_id}"), asked=None))


@api.post(
    "/corps/<corp_id>/resync",
    responses={202: Requested, **problems(400, 404, 409)},
)
@seen_by(Audience.BEARER)
def request_resync(path: CorpPath, query: Why, header: ResyncHeaders) -> Response:
    """Ask for a full read: joins a queued one, or queues one behind the reading one."""
    with transaction(services().pool) as connection:
        corp = get_corp(connection, path.corp_id)
        if corp.summary.state != "linked":
            raise Problem(409, f"corp {path.corp_id} is {corp.summary.state}.")
        run_id = requests.request_run(
            connection,
            CorpPk(corp.corp_pk),
            cause="operator",
            request_key=header.key,
        )
        deed = deeds.run_wanted("resync", corp_id=path.corp_id, run_id=run_id)
        note_deed(connection, deed, reason=query.reason)
    services().ring_run(run_id)
    return answer(Requested(run_id=run_id), status=202)


def _names(connection: Connection, corp_id: str | None) -> list[str] | None:
    if corp_id is None:
        return None
    return corps.names_of(corp_id, pseudonym_key(connection))


def _show(run: RunSummary, *, asked: str | None) -> Run:
    return show_row(
        Run,
        run,
        corp_id=asked or run.corp_id,
        progress={"read": run.pages_read, "of": run.pages_of},
    )
