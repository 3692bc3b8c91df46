"""What a resync would do now, decision by decision, and what it would cost."""

import threading
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from flask import Response, current_app
from pydantic import BaseModel, Field

from domain.decisions import DecisionName
from domain.grouping import StepGroup
from domain.ids import CorpPk
from store.database import Connection, transaction
from store.platform import deeds
from store.runs import rehearsals, requests, runs
from store.runs.rehearsals import Rehearsal, Rehearsed
from store.summaries.org.journal import find_data_key, masked
from store.summaries.runs.runs import RunSummary, find_run
from web.access import Audience, seen_by
from web.api.auditing import note_deed
from web.api.blueprint import Why, answer, blueprint, not_found, problems
from web.api.org.corps import CorpPath
from web.api.runs.plans import PlannedDecision
from web.api.runs.runs import Requested, RunPath
from web.console.runs.telling import tell_groups
from web.http.cursors import cut
from web.http.problems import Problem
from web.http.shown import show_row
from web.org.corps import get_corp
from web.services import services

api = blueprint("api-rehearsals")

_WAIT_SECONDS = 28.0
# The application's own, where somebody has less patience.
PLAN_SECONDS = "PLAN_SECONDS"
_LOOK_SECONDS = 0.1
# Requests of one process that wait for a plan; the others are told to come back.
_PATIENT = threading.BoundedSemaphore(2)
_OPEN = {"queued", "running"}


class PlanQuery(Why):
    """Which part of the decisions is wanted."""

    limit: int = Field(10_000, ge=1, le=10_000, description="Decisions of one answer.")
    cursor: str | None = Field(None, description="`next` of the answer before.")


class PlannedStep(PlannedDecision):
    """One decision that a resync would make, or would let wait."""

    held: bool = Field(description="The guard would let it wait, or does already.")


class PlannedHold(BaseModel):
    """Removals that would wait for an approval."""

    kind: Literal["members", "departments"]
    hash: str = Field(description="What the approval of that plan must repeat.")
    count: int
    plan_id: str | None = Field(description="Where they wait already; null if new.")


class PlannedGroup(BaseModel):
    """Decisions that are one change, however many are concerned."""

    names: list[DecisionName] = Field(description="About each one concerned.")
    reasons: list[str]
    before: dict[str, Any] = Field(description="Of sets only what goes.")
    after: dict[str, Any] = Field(description="Of sets only what comes.")
    held: bool
    count: int = Field(description="How many are concerned.")
    keys: list[str] = Field(description="Five of them at the most.")
    words: dict[str, str] = Field(description="The same in every language.")


class Cost(BaseModel):
    """Calls to WeCom, token calls excluded."""

    calls: int = Field(description="What finding out has cost.")
    calls_resync: int = Field(description="What a resync would cost.")
    calls_lookups: int = Field(
        description="What asking about mobiles would cost afterwards, at the most."
    )


class PlannedLookups(BaseModel):
    """Questions about mobiles, which only a resync's end makes possible.

    A resync lets these people wait; what WeCom answers links them, or has them asked.
    """

    calls_least: int = Field(description="Of a day, if nobody has any of the mobiles.")
    calls_most: int = Field(description="If somebody has each of them.")
    people: int = Field(description="How many members wait for the answers.")
    keys: list[str] = Field(description="A thousand of them at the most.")


class Foresight(BaseModel):
    """What a resync would have done at that moment; nothing of it was done."""

    run_id: str
    corp_id: str
    made_at: datetime
    hash: str = Field(
        description="Of the plan that would wait, as it would bear it; of all that "
        "would wait if there are several; else of all decisions."
    )
    cost: Cost
    holds: list[PlannedHold]
    groups: list[PlannedGroup]
    lookups: PlannedLookups
    decisions: list[PlannedStep] = Field(
        description="In the order of a resync; those that would wait come last."
    )
    next: str | None = Field(description="For the decisions that found no room.")


@api.post(
    "/corps/<corp_id>/plan",
    responses={200: Foresight, 202: Requested, **problems(400, 404, 409)},
)
@seen_by(Audience.BEARER)
def plan_resync(path: CorpPath, query: PlanQuery) -> Response:
    """Find out what a resync would do; 202 when that takes more than 30 seconds."""
    with transaction(services().pool) as connection:
        corp = get_corp(connection, path.corp_id)
        if corp.summary.state != "linked":
            raise Problem(409, f"corp {path.corp_id} is {corp.summary.state}.")
        run_id = requests.request_plan(connection, CorpPk(corp.corp_pk))
        deed = deeds.run_wanted("plan", corp_id=path.corp_id, run_id=run_id)
        note_deed(connection, deed, reason=query.reason)
    services().ring_run(run_id)
    run = _look_until_ended(run_id)
    return _answer(run, query, asked=path.corp_id)


@api.get(
    "/runs/<run_id>/plan",
    responses={200: Foresight, 202: Requested, **problems(400, 404, 409)},
)
@seen_by(Audience.BEARER)
def read_rehearsal(path: RunPath, query: PlanQuery) -> Response:
    """What a run with the cause plan has found out; kept for a week."""
    return _answer(_look(path.run_id), query, asked=None)


def _look(run_id: str) -> RunSummary:
    with transaction(services().pool) as connection:
        run = find_run(connection, run_id)
    if run is None or run.cause != runs.PLAN:
        not_found(f"plan of run {run_id}")
    return run


def _look_until_ended(run_id: str) -> RunSummary:
    if not _PATIENT.acquire(blocking=False):
        return _look(run_id)
    try:
        patience_seconds = current_app.config.get(PLAN_SECONDS, _WAIT_SECONDS)
        ends_at = time.monotonic() + patience_seconds
        while (run := _look(run_id)).state in _OPEN and time.monotonic() < ends_at:
            time.sleep(_LOOK_SECONDS)
        return run
    finally:
        _PATIENT.release()


def _answer(run: RunSummary, query: PlanQuery, *, asked: str | None) -> Response:
    if run.state in _OPEN:
        return answer(Requested(run_id=run.run_id), status=202)
    of = ["rehearsal", run.run_id]
    after = services().cursors.open(query.cursor, of=of) or [0]
    with transaction(services().pool) as connection:
        rehearsal = rehearsals.find(connection, run.run_id)
        if rehearsal is None:
            raise Problem(409, _why_not(run))
        data_key = find_data_key(
            connection, rehearsal.corp_pk, keyring=services().keyring
        )
        rows = rehearsals.list_rehearsed(
            connection,
            run.run_id,
            after=after[0],
            limit=query.limit + 1,
            data_key=data_key,
        )
        groups = _groups(connection, rehearsal)
    shown, end = cut(rows, limit=query.limit, position=lambda row: [row.position])
    following = services().cursors.seal(end, of=of) if end else None
    return answer(
        Foresight(
            run_id=run.run_id,
            corp_id=asked or run.corp_id,
            made_at=rehearsal.made_at,
            hash=rehearsal.hash,
            cost=_cost(run, rehearsal),
            holds=[PlannedHold.model_validate(each) for each in rehearsal.holds],
            groups=groups,
            lookups=PlannedLookups.model_validate(rehearsal.awaited),
            decisions=[_step(each) for each in shown],
            next=following,
        )
    )


def _cost(run: RunSummary, rehearsal: Rehearsal) -> Cost:
    return Cost(
        calls=run.calls,
        calls_resync=rehearsal.calls_resync,
        calls_lookups=rehearsal.awaited["calls_most"],
    )


def _why_not(run: RunSummary) -> str:
    if run.state == "done":
        return "the plan is older than a week; ask for another one."
    return f"the plan was {run.state}: {run.error or 'no reason was kept'}."


def _groups(connection: Connection, rehearsal: Rehearsal) -> list[PlannedGroup]:
    groups = rehearsals.groups_of(rehearsal)
    words = tell_groups(connection, rehearsal.corp_pk, groups)
    return [_group(each, said) for each, said in zip(groups, words, strict=True)]


def _group(group: StepGroup, words: dict[str, str]) -> PlannedGroup:
    return show_row(PlannedGroup, group, keys=_texts(group.keys), words=words)


def _texts(keys: Sequence[str]) -> list[str]:
    return [str(each) for each in keys]


def _step(row: Rehearsed) -> PlannedStep:
    return show_row(
        PlannedStep, row, before=masked(row.before), after=masked(row.after)
    )
