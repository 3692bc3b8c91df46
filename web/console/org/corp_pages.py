"""A corp on one page: the verdict, what can be done, its tree, and what happened."""

from datetime import UTC, datetime

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from domain.ids import CorpPk
from store.database import Connection, transaction
from store.health.problems import list_of_corp
from store.platform import audit, deeds
from store.runs import requests
from store.summaries.org import corp_facts
from store.summaries.org.departments import list_names
from web.access import Audience, seen_by
from web.console import acting
from web.console.blueprint import console
from web.console.frame import show
from web.console.health.telling import tell
from web.console.limits import limits
from web.console.org.corp_view import view_corp
from web.console.org.journal import view_journal
from web.console.org.tree import MOST_OPEN, Unfolded, build_tree
from web.console.stream import live
from web.http.problems import Problem
from web.org.corps import get_corp
from web.org.orders import (
    Order,
    check_order,
    look,
    look_until_done,
    post_order,
    state_of,
    wrong_state,
)
from web.services import services

_SCOPE_NAMED = 20


@seen_by(Audience.ANYONE)
def front() -> ResponseReturnValue:
    """The address without a path leads to the console."""
    return redirect(url_for("console.overview"))


@console.get("/corps/<corp_id>")
@seen_by(Audience.OPERATOR)
@live
def show_corp(corp_id: str) -> ResponseReturnValue:
    """A corp: in step or not, what to do, its tree, and what happened last."""
    now = datetime.now(UTC)
    unfolded = _unfolded()
    with transaction(services().pool) as connection:
        corp = get_corp(connection, corp_id)
        problems = [
            each
            for name in corp.names
            for each in list_of_corp(connection, name, limits(now))
        ]
        scope = corp.summary.scope
        return show(
            "console/corp.html",
            place="corps",
            corp=corp.summary,
            view=view_corp(connection, corp, problems),
            problems=[tell(each, now) for each in problems],
            people=corp_facts.find_people(connection, corp.corp_pk),
            mailbox=corp_facts.find_mailbox(connection, corp.mailboxes[0]),
            own=corp_facts.find_settings(connection, corp.corp_pk),
            scope_names=list_names(
                connection,
                corp.corp_pk,
                list(map(int, scope.get("departments", [])))[:_SCOPE_NAMED],
            ),
            journal=view_journal(connection, corp),
            tree=build_tree(connection, corp.corp_pk, unfolded),
            acts=audit.list_of(
                connection, f"corp:{corp_id}", keyring=services().keyring, limit=5
            ),
            done=acting.done_word(),
        )


@console.post("/corps/<corp_id>/pause")
@seen_by(Audience.OPERATOR)
def pause_corp(corp_id: str) -> ResponseReturnValue:
    """Stop following WeCom."""
    return _bring(corp_id, "paused", act="pause")


@console.post("/corps/<corp_id>/resume")
@seen_by(Audience.OPERATOR)
def resume_corp(corp_id: str) -> ResponseReturnValue:
    """Follow WeCom again."""
    return _bring(corp_id, "resumed", act="resume")


@console.post("/corps/<corp_id>/resync")
@seen_by(Audience.OPERATOR)
def resync_corp(corp_id: str) -> ResponseReturnValue:
    """Ask for a full read, and show how it goes."""
    with transaction(services().pool) as connection:
        corp = get_corp(connection, corp_id)
        _check_linked(corp_id, corp.summary.state)
        run_id = requests.request_run(
            connection, CorpPk(corp.corp_pk), cause="operator"
        )
        _keep_run(connection, "resync", corp_id, run_id)
    services().ring_run(run_id)
    return acting.back("console.show_run", "resync", run_id=run_id)


@console.post("/corps/<corp_id>/plan")
@seen_by(Audience.OPERATOR)
def plan_corp(corp_id: str) -> ResponseReturnValue:
    """Find out what a resync would do; nothing is changed by it."""
    with transaction(services().pool) as connection:
        corp = get_corp(connection, corp_id)
        _check_linked(corp_id, corp.summary.state)
        run_id = requests.request_plan(connection, CorpPk(corp.corp_pk))
        _keep_run(connection, "plan", corp_id, run_id)
    services().ring_run(run_id)
    return acting.back("console.show_run", "plan", run_id=run_id)


def _keep_run(connection: Connection, act: str, corp_id: str, run_id: str) -> None:
    deed = deeds.run_wanted(act, corp_id=corp_id, run_id=run_id)
    acting.keep_deed(connection, deed, reason=acting.given_reason())


def _check_linked(corp_id: str, state: str) -> None:
    if state != "linked":
        raise wrong_state(corp_id, state)


def _bring(corp_id: str, order: Order, *, act: str) -> ResponseReturnValue:
    reason = acting.wanted_reason()
    corp = look(corp_id)
    if check_order(corp, order):
        with transaction(services().pool) as connection:
            mailbox = post_order(connection, corp_id, order)
            deed = deeds.corp_ordered(
                act, corp_id=corp_id, was=corp.summary.state, becomes=state_of(order)
            )
            acting.keep_deed(connection, deed, reason=reason)
        services().ring(mailbox)
        look_until_done(corp_id, order)
    return acting.back("console.show_corp", act, corp_id=corp_id)


def _unfolded() -> Unfolded | None:
    if "open" not in request.args:
        return None
    parts = [part for part in request.args.get("open", "").split(",") if part]
    if len(parts) > MOST_OPEN or not all(
        part.isascii() and part.isdigit() and len(part) < 19 for part in parts
    ):
        raise Problem(400, "open: not a list of department ids.")
    return Unfolded(departments=frozenset(map(int, parts)))
