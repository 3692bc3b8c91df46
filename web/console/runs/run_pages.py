"""Full reads: how far they are, what they found, and what no event had announced."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from domain.grouping import Step, StepGroup, group
from store.database import Connection, transaction
from store.platform import audit
from store.runs import rehearsals
from store.runs.rehearsals import Rehearsal
from store.summaries.org import corps
from store.summaries.runs import runs
from store.summaries.runs.drift import list_drift
from store.summaries.runs.plans import list_waiting
from store.summaries.runs.runs import RunSummary, find_run
from store.summaries.runs.steps import read_run_steps
from texts.catalogue import catalogue
from web.access import Audience, seen_by
from web.console import acting
from web.console.blueprint import console
from web.console.frame import show
from web.console.runs.telling import tell_groups, tell_why
from web.console.stream import live
from web.http.cursors import cut
from web.http.problems import Problem
from web.http.texts import count, language, translate
from web.org.corps import FoundCorp, get_corp, pseudonym_key
from web.services import services

_PAGE_ROWS = 50
_DRIFT_ROWS = 10
# A page shows so many lines; the API has them all.
_MOST_LINES = 100
# The first read of a large corp adds everybody: the counts say it as well.
_MOST_STEPS = 20_000
_ASKS = frozenset({"AskMember", "FlagConflict"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A group in the language of the request."""

    text: str
    why: str
    held: bool
    count: int


@console.get("/runs")
@seen_by(Audience.OPERATOR)
@live
def list_runs() -> ResponseReturnValue:
    """The runs, newest first, of all corps or of one; and what they had to mend."""
    corp_id = request.args.get("corp")
    of = ["console-runs", corp_id]
    position = services().cursors.open(request.args.get("cursor"), of=of)
    with transaction(services().pool) as connection:
        names = _names(connection, corp_id)
        rows = runs.list_runs(
            connection,
            corp_ids=names,
            before=(datetime.fromisoformat(position[0]), position[1])
            if position
            else None,
            limit=_PAGE_ROWS + 1,
        )
        drift = (
            list_drift(connection, corp_ids=names, limit=_DRIFT_ROWS)
            if not position
            else []
        )
    shown, end = cut(
        rows,
        limit=_PAGE_ROWS,
        position=lambda row: [row.created_at.isoformat(), row.run_id],
    )
    following = services().cursors.seal(end, of=of) if end else None
    return show(
        "console/runs.html",
        place="runs",
        rows=[(row, verdict(row), cause_of(row)) for row in shown],
        drift=drift,
        corp_id=corp_id,
        next=following and url_for("console.list_runs", corp=corp_id, cursor=following),
    )


@console.get("/runs/<run_id>")
@seen_by(Audience.OPERATOR)
@live
def show_run(run_id: str) -> ResponseReturnValue:
    """What a full read has changed and what waits, or what one would change."""
    with transaction(services().pool) as connection:
        run = find_run(connection, run_id)
        if run is None:
            raise Problem(404, f"run {run_id}: not known here.")
        corp = get_corp(connection, run.corp_id)
        foreseen = rehearsals.find(connection, run_id)
        told, more = _tell_run(connection, corp, run, foreseen)
        waits = list_waiting(connection, corp.corp_pk) if run.state == "held" else []
        return show(
            "console/run.html",
            place="runs",
            corp=corp.summary,
            run=run,
            cause=cause_of(run),
            verdict=verdict(run, sum(each.removals for each in waits)),
            foreseen=foreseen,
            told=told,
            more=more,
            nothing=_nothing(run, foreseen),
            eta=eta_seconds(run, datetime.now(UTC)),
            acts=audit.list_of(connection, f"run:{run_id}", keyring=services().keyring),
            done=acting.done_word(),
        )


@console.get("/corps/<corp_id>/runs/<run_id>")
@seen_by(Audience.OPERATOR)
def moved_run(corp_id: str, run_id: str) -> ResponseReturnValue:
    """Where runs were: links in old messages still lead to them."""
    with transaction(services().pool) as connection:
        run = find_run(connection, run_id)
        if run is None or run.corp_id not in get_corp(connection, corp_id).names:
            raise Problem(404, f"run {run_id}: not known here.")
    return redirect(url_for("console.show_run", run_id=run_id), 301)


def verdict(run: RunSummary, waiting: int | None = None) -> str:
    """What came of a run in a few words: how much was applied, and how much waits."""
    if run.cause == "plan":
        return translate(f"run_said.plan_{_ended(run)}")
    if run.state in {"queued", "running", "failed", "cancelled"}:
        return translate(f"run_said.{run.state}")
    applied = sum(
        int(number) for name, number in run.decisions.items() if name not in _ASKS
    )
    said = count("run_applied", applied)
    if run.state != "held":
        return said
    held = count("run_waits", waiting) if waiting else translate("run_said.waits")
    return said + held


def _ended(run: RunSummary) -> str:
    return run.state if run.state in {"queued", "running", "failed"} else "done"


def cause_of(run: RunSummary) -> str:
    """Why a run was wanted."""
    key = f"run_page.causes.{run.cause}"
    return translate(key) if key in catalogue(language()) else run.cause


def eta_seconds(run: RunSummary, now: datetime) -> float | None:
    """How long a read goes on at the pace it had so far; None where nobody knows."""
    if run.state != "running" or not run.pages_of or not run.pages_read:
        return None
    if run.started_at is None:
        return None
    lasted = max(0.0, (now - run.started_at).total_seconds())
    left = max(0, run.pages_of - run.pages_read)
    return lasted / run.pages_read * left


def _nothing(run: RunSummary, foreseen: Rehearsal | None) -> str:
    """Why there is nothing to tell, as a key; that nothing differs only where known."""
    if foreseen is not None:
        return "plan.nothing"
    if run.decisions:
        return "run_page.large"
    if run.state in {"queued", "running"}:
        return "run_page.open"
    if run.state in {"failed", "cancelled"}:
        return "run_page.ended_early"
    if run.state == "held":
        return "run_page.only_held"
    return "run_page.forgotten" if run.cause == "plan" else "run_page.nothing"


def _tell_run(
    connection: Connection,
    corp: FoundCorp,
    run: RunSummary,
    foreseen: Rehearsal | None,
) -> tuple[list[Told], int]:
    if foreseen is not None:
        return _tell_groups(connection, corp, rehearsals.groups_of(foreseen))
    if sum(run.decisions.values()) > _MOST_STEPS:
        return [], 0
    return _tell(connection, corp, read_run_steps(connection, run.run_id))


def _tell(
    connection: Connection, corp: FoundCorp, steps: Iterable[Step]
) -> tuple[list[Told], int]:
    return _tell_groups(connection, corp, group(steps))


def _tell_groups(
    connection: Connection, corp: FoundCorp, groups: Sequence[StepGroup]
) -> tuple[list[Told], int]:
    """The first groups in words, and how many more there are."""
    shown, tag = groups[:_MOST_LINES], language()
    words = tell_groups(connection, corp.corp_pk, shown)
    told = [
        Told(
            text=said[tag],
            why=tell_why(each, tag=tag),
            held=each.held,
            count=each.count,
        )
        for each, said in zip(shown, words, strict=True)
    ]
    return told, len(groups) - len(shown)


def _names(connection: Connection, corp_id: str | None) -> list[str] | None:
    if corp_id is None:
        return None
    return corps.names_of(corp_id, pseudonym_key(connection))
