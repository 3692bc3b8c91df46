"""One box for everything: an id leads to its page, a line with qualifiers to events."""

from datetime import UTC, datetime

from flask import jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from store.database import transaction
from store.summaries import lookup
from store.summaries.lookup import FoundThing
from store.summaries.mail.events import EVENT_STATES
from web.access import Audience, seen_by
from web.console.blueprint import console
from web.console.events.query import QUALIFIERS, BadQuery, read_query
from web.console.frame import place_called, show, titles_like
from web.console.zone import zone
from web.services import services

_MOST = 20


@console.get("/search")
@seen_by(Audience.OPERATOR)
def search() -> ResponseReturnValue:
    """To the page of what was named, or the list of what it may be."""
    line = request.args.get("q", "").strip()
    try:
        query = read_query(
            line,
            now=datetime.now(UTC),
            zone=zone(),
            states=EVENT_STATES,
        )
    except BadQuery:
        return redirect(url_for("console.list_events", q=line), 303)
    if not query.is_bare:
        return redirect(url_for("console.list_events", q=line), 303)
    text = " ".join(query.words)
    if not text:
        return redirect(url_for("console.list_events"), 303)
    if place := place_called(text):
        return redirect(place, 303)
    with transaction(services().pool) as connection:
        exact = lookup.find_by_id(connection, text, limit=_MOST)
        if len(exact) == 1:
            return redirect(address_of(exact[0]), 303)
        found = exact or lookup.find_by_name(connection, text, limit=_MOST)
    if len(found) == 1:
        return redirect(address_of(found[0]), 303)
    return show(
        "console/search.html",
        place="",
        line=line,
        found=[(each, address_of(each)) for each in found],
    )


@console.get("/search/words")
@seen_by(Audience.OPERATOR)
def search_words() -> ResponseReturnValue:
    """What the last word of the box may go on with."""
    line = request.args.get("q", "")[:200]
    before, _, last = line.rpartition(" ")
    name, colon, value = last.partition(":")
    with transaction(services().pool) as connection:
        if colon:
            words = [
                f"{name}:{each}"
                for each in lookup.complete(connection, name, value, limit=_MOST)
            ]
        else:
            words = [f"{each}:" for each in QUALIFIERS if each.startswith(last)]
            words += [] if before else titles_like(last)
    start = f"{before} " if before else ""
    return jsonify({"words": [start + each for each in words]})


def address_of(found: FoundThing) -> str:
    """The page of what was found."""
    match found.kind:
        case "event":
            return url_for("console.show_event", event_id=found.id)
        case "corp":
            return url_for("console.show_corp", corp_id=found.id)
        case "person":
            return url_for("console.show_person", corp_id=found.of, userid=found.id)
        case "item":
            return url_for("company.show_items", corp_id=found.of, q=found.id)
        case "plan":
            return url_for("console.show_plan", plan_id=found.id)
        case "batch":
            return url_for("console.show_batch", batch_id=found.id)
        case _:
            return url_for("console.show_run", run_id=found.id)
