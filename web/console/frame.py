"""What every page of the console has around it: navigation, counts, theme, clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, render_template, request, url_for

from store.database import glance
from store.summaries.operations.badges import Badges, count_badges
from texts.catalogue import LANGUAGES, say
from web.console.stream import is_live_page, is_stream
from web.console.zone import zone
from web.http import cookies
from web.http.cookies import Cookie
from web.http.texts import translate
from web.services import services

THEMES = ("system", "light", "dark")

# In the order of a bad night: what is wrong, with whom, with what.
_PLACES = (
    ("overview", "console.overview"),
    ("corps", "console.list_corps"),
    ("events", "console.list_events"),
    ("plans", "console.list_plans"),
    ("runs", "console.list_runs"),
    ("queues", "console.show_queues"),
    ("refused", "console.list_refused"),
    ("alerts", "console.list_alerts"),
    ("operators", "console.list_operators"),
    ("audit", "console.list_audit"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One entry of the navigation; `count` is what waits there for a person."""

    name: str
    title: str
    address: str
    count: int
    is_here: bool


def show(template: str, *, place: str, **context: Any) -> str:
    """A page of the console in its frame, or for a stream its changing part alone."""
    context["now"] = datetime.now(UTC)
    context |= {"zone": zone().key, "house_zone": services().time_zone.key}
    context["house"] = urlsplit(services().addresses.public).netloc
    if is_stream():
        return render_template(template, frame="console/part.html", **context)
    return render_template(
        template,
        frame="console/frame.html",
        places=_places(place),
        theme=theme(),
        themes=THEMES,
        query=request.args.get("q", ""),
        is_live=is_live_page(),
        **context,
    )


def place_called(text: str) -> str | None:
    """The address of the place of this name, in whichever language it is said."""
    wanted = text.casefold()
    for name, endpoint in _PLACES:
        titles = {say(tag, f"place.{name}").casefold() for tag in LANGUAGES}
        if wanted in titles | {name}:
            return url_for(endpoint)
    return None


def titles_like(start: str) -> list[str]:
    """The names of places that begin so, in the language of this request."""
    titles = [translate(f"place.{name}") for name, _ in _PLACES]
    return [each for each in titles if each.casefold().startswith(start.casefold())]


def theme() -> str:
    """The theme that was chosen in this browser, else the system's."""
    chosen = cookies.read(Cookie.THEME)
    return chosen if chosen and chosen in THEMES else "system"


def _places(here: str) -> list[Place]:
    with glance(services().pool) as connection:
        counts = _counts(count_badges(connection))
    return [
        Place(
            name=name,
            title=translate(f"place.{name}"),
            address=url_for(endpoint),
            count=counts.get(name, 0),
            is_here=name == here,
        )
        for name, endpoint in _PLACES
        if endpoint in current_app.view_functions
    ]


def _counts(badges: Badges) -> Mapping[str, int]:
    return {"plans": badges.plans_held, "events": badges.failed_events}
