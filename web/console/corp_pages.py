"""The list of corps, and a corp's org tree and journal, live."""

import hashlib

from flask import Response, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from store.database import Connection, transaction
from store.summaries.corps import list_corps as stored_corps
from store.summaries.members import count_members
from web.access import Audience, seen_by
from web.console.blueprint import console
from web.console.tree import MOST_OPEN, Unfolded, build_tree
from web.console.views import CorpView, JournalView, view_corp, view_journal
from web.corps import FoundCorp, get_corp, pseudonym_key
from web.cursors import cut
from web.problems import Problem
from web.services import services
from web.texts import language

_PAGE_ROWS = 50


@seen_by(Audience.ANYONE)
def front() -> ResponseReturnValue:
    """The address without a path leads to the console."""
    return redirect(url_for("console.list_corps"))


@console.get("/")
@seen_by(Audience.OPERATOR)
def list_corps() -> ResponseReturnValue:
    """Every corp with how far it is in step."""
    of = ["console-corps"]
    after = services().cursors.open(request.args.get("cursor"), of=of) or [""]
    with transaction(services().pool) as connection:
        rows = stored_corps(
            connection,
            after=after[0],
            limit=_PAGE_ROWS + 1,
            pseudonym_key=pseudonym_key(connection),
        )
    shown, end = cut(rows, limit=_PAGE_ROWS, position=lambda row: [row.corp_id])
    following = services().cursors.seal(end, of=of) if end else None
    return render_template("corps.html", corps=shown, next=following)


@console.get("/corps/<corp_id>")
@seen_by(Audience.OPERATOR)
def show_corp(corp_id: str) -> ResponseReturnValue:
    """A corp: in step or not, its tree, and what happened last."""
    unfolded = _unfolded()
    with transaction(services().pool) as connection:
        corp = get_corp(connection, corp_id)
        return render_template(
            "corp.html",
            corp=corp.summary,
            view=view_corp(connection, corp),
            counts=count_members(connection, corp.corp_pk),
            journal=view_journal(connection, corp),
            tree=build_tree(connection, corp.corp_pk, unfolded),
        )


@console.get("/corps/<corp_id>/live")
@seen_by(Audience.OPERATOR)
def show_live(corp_id: str) -> ResponseReturnValue:
    """The changing parts of that page, or 304 while nothing changes."""
    unfolded = _unfolded()
    with transaction(services().pool) as connection:
        corp = get_corp(connection, corp_id)
        view = view_corp(connection, corp)
        tag = _tag(view, unfolded)
        if request.if_none_match.contains_weak(tag):
            return Response(status=304)
        answer = jsonify(_parts(connection, corp, view, unfolded))
    answer.set_etag(tag, weak=True)
    return answer


def _parts(
    connection: Connection,
    corp: FoundCorp,
    view: CorpView,
    unfolded: Unfolded | None,
) -> dict[str, str]:
    journal: JournalView = view_journal(connection, corp)
    counts = count_members(connection, corp.corp_pk)
    tree = build_tree(connection, corp.corp_pk, unfolded)
    return {
        "status": render_template(
            "_status.html", corp=corp.summary, view=view, counts=counts
        ),
        "journal": render_template("_journal.html", journal=journal),
        "tree": render_template("_tree.html", corp=corp.summary, tree=tree),
    }


def _tag(view: CorpView, unfolded: Unfolded | None) -> str:
    state = repr((view, _sorted(unfolded), language()))
    return hashlib.sha256(state.encode()).hexdigest()[:32]


def _sorted(unfolded: Unfolded | None) -> object:
    return unfolded and (sorted(unfolded.departments), sorted(unfolded.in_full))


def _unfolded() -> Unfolded | None:
    if "open" not in request.args:
        return None
    return Unfolded(departments=_numbers("open"), in_full=_numbers("all"))


def _numbers(name: str) -> frozenset[int]:
    parts = [part for part in request.args.get(name, "").split(",") if part]
    if len(parts) > MOST_OPEN or not all(
        part.isascii() and part.isdigit() for part in parts
    ):
        raise Problem(400, f"{name}: not a list of department ids.")
    return frozenset(map(int, parts))
