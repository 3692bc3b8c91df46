"""The table of corps: who is in step, who is not and why; the blocked alone."""

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from store.database import transaction
from store.health.corps import errcode_in, list_blocked, words_in
from store.health.kinds import Limits
from store.summaries.org import corp_rows
from store.summaries.org.corp_rows import CorpRow
from texts.catalogue import catalogue
from web.access import Audience, seen_by
from web.console.blueprint import console
from web.console.frame import show
from web.console.health.telling import awaited, tell
from web.console.limits import limits
from web.console.moments import lasting, stamp, told
from web.console.stream import live
from web.http.cursors import cut
from web.http.texts import language
from web.services import services

_PAGE_ROWS = 50
_FIND_MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a corp stands: `good`, `wait` or `bad`, in words; the worst of it first."""

    health: str
    words: Markup


@console.get("/corps")
@seen_by(Audience.OPERATOR)
@live
def list_corps() -> ResponseReturnValue:
    """Every corp with how far it is in step; `show=blocked` those alone that wait."""
    if request.args.get("show") == "blocked":
        return _blocked()
    find = request.args.get("find", "").strip()[:_FIND_MOST]
    of = ["console-corps", find]
    after = services().cursors.open(request.args.get("cursor"), of=of) or [""]
    now = datetime.now(UTC)
    with transaction(services().pool) as connection:
        rows = corp_rows.list_rows(
            connection, find=find, after=after[0], limit=_PAGE_ROWS + 1
        )
    shown, end = cut(rows, limit=_PAGE_ROWS, position=lambda row: [row.corp_id])
    following = services().cursors.seal(end, of=of) if end else None
    by = limits(now)
    return show(
        "console/corps.html",
        place="corps",
        find=find,
        rows=[(row, judge(row, by, now)) for row in shown],
        most=corp_rows.MOST_COUNTED,
        next=following
        and url_for("console.list_corps", cursor=following, find=find or None),
    )


def _blocked() -> ResponseReturnValue:
    now = datetime.now(UTC)
    with transaction(services().pool) as connection:
        problems = list_blocked(connection)
    return show(
        "console/blocked.html",
        place="corps",
        problems=[tell(each, now) for each in problems],
    )


def judge(row: CorpRow, by: Limits, now: datetime) -> Verdict:
    """What is worst about a corp; that it is linked says nothing about its health."""
    if row.state in {"authorised", "revoked"}:
        return Verdict(health="none", words=told(f"verdict.{row.state}"))
    if row.state == "paused":
        return Verdict(health="bad", words=told("verdict.paused", n=row.waiting))
    if row.waits_for is not None or row.until is not None:
        return Verdict(health="bad", words=_blocked_words(row))
    if row.failed:
        return Verdict(health="bad", words=told("verdict.failed", n=row.failed))
    if row.read_fails:
        return Verdict(health="bad", words=told("verdict.read_fails"))
    waited = (now - row.oldest_at).total_seconds() if row.oldest_at else 0.0
    if waited > by.oldest_seconds:
        said = told("verdict.waits", lasting=lasting(waited), n=row.waiting)
        return Verdict(health="bad", words=said)
    return _judge_quiet(row, by)


def _judge_quiet(row: CorpRow, by: Limits) -> Verdict:
    if row.plans_held:
        return Verdict(health="wait", words=told("verdict.held"))
    if row.last_synced_at is None:
        return Verdict(health="wait", words=told("verdict.first"))
    if row.last_synced_at < by.stale_before:
        said = told("verdict.stale", at=stamp(row.last_synced_at))
        return Verdict(health="wait", words=said)
    if row.waiting:
        return Verdict(health="good", words=told("verdict.busy", n=row.waiting))
    return Verdict(health="good", words=told("verdict.in_step"))


def _blocked_words(row: CorpRow) -> Markup:
    key = f"verdict.waits_{row.waits_for or 'calls'}"
    known = key if key in catalogue(language()) else "verdict.waits_other"
    code = errcode_in(row.error) or errcode_in(row.refusal) or words_in(row.error)
    return told(
        known,
        code=code,
        n=row.waiting,
        until=stamp(row.until),
        reason=awaited(row.waits_for or ""),
    )
