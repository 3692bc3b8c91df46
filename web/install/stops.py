"""Where an install cannot go on: each stop says what happened and what to do."""

from dataclasses import dataclass
from enum import StrEnum

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from store.installs.intents import Intent
from web import limits
from web.http.problems import Problem, on_problem
from web.install import tickets
from web.services import services


class Stop(StrEnum):
    """Why the browser is not let on; each has a title and a text."""

    FORGED = "forged"
    EXPIRED = "expired"
    USED = "used"
    OTHER_BROWSER = "other_browser"
    STRANGE = "strange"
    CANCELLED = "cancelled"
    OTHER_CODE = "other_code"
    AWAY = "away"
    OURS = "ours"


_STATUS = {
    Stop.FORGED: 404,
    Stop.EXPIRED: 410,
    Stop.USED: 410,
    Stop.OTHER_BROWSER: 403,
    Stop.STRANGE: 400,
    Stop.CANCELLED: 400,
    Stop.OTHER_CODE: 409,
    Stop.AWAY: 503,
    Stop.OURS: 502,
}
# Addresses of these are none that we or WeCom have given.
_MADE_UP = frozenset({Stop.FORGED, Stop.STRANGE})
# After these the same intent can be tried again, while it lasts.
_AGAIN = frozenset({Stop.CANCELLED, Stop.AWAY, Stop.OURS})


class Stopped(Exception):
    """The install cannot go on here; nothing was changed."""

    def __init__(self, stop: Stop, intent: Intent | None = None) -> None:
        super().__init__(stop.value)
        self.stop = stop
        self.intent = intent


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where the one control of a page leads, and the key of its words."""

    address: str
    words: str


def on_stopped(error: Stopped) -> ResponseReturnValue:
    """The page that says why; of addresses made up too often, when to try again."""
    if error.stop in _MADE_UP:
        try:
            limits.count_try(limits.INTENT, limits.client_address())
        except Problem as problem:
            # Flask asks no handler about what is raised in one.
            return on_problem(problem)
    return render_template(
        "install_stop.html",
        stop=error.stop.value,
        way=way_on(error.stop, error.intent),
        # In another language the same page comes again, whatever led to it.
        language_next=_beginning(error.intent),
    ), _STATUS[error.stop]


def way_on(stop: Stop, intent: Intent | None) -> Way:
    """What to do next: try again, see what came of it, or begin anew."""
    if intent is not None and stop is Stop.USED:
        return Way(address=result_address(intent), words="install.to_result")
    if intent is not None and stop in _AGAIN and not intent.expired:
        return Way(address=_beginning(intent), words="install.again")
    return way_anew(intent)


def way_anew(intent: Intent | None) -> Way:
    """Where another intent begins: at TAPD for a company that exists, else here."""
    if intent is not None and intent.for_existing:
        return Way(address=services().addresses.tapd, words="install.to_tapd")
    return Way(address=url_for("install.register"), words="install.to_register")


def result_address(intent: Intent) -> str:
    """The page that shows what became of a used intent."""
    return url_for("install.show_done", state=intent.state)


def _beginning(intent: Intent | None) -> str:
    if intent is None:
        return url_for("install.register")
    return url_for("install.show_intent", intent=tickets.sign(intent))
