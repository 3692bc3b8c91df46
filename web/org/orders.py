"""Pause and resume: asked of a worker by mail, for only workers change a corp."""

import time
from typing import Literal

from domain.ids import CORP_KEY
from domain.mailbox import mailbox_of_corp
from store.database import Connection, transaction
from store.inbox.record import post_internal
from web.http.problems import Problem
from web.http.texts import translate
from web.org.corps import FoundCorp, get_corp
from web.services import services

Order = Literal["paused", "resumed"]

_WANTED: dict[Order, str] = {"paused": "paused", "resumed": "linked"}
# A worker answers within milliseconds; without one the caller sees the old state.
_WAIT_SECONDS = 2.0
_LOOK_SECONDS = 0.05


def state_of(order: Order) -> str:
    """The corp's state once the order is done."""
    return _WANTED[order]


def check_order(corp: FoundCorp, order: Order) -> bool:
    """Whether a corp is to be brought there at all; False when it is there already.

    Raises: Problem 409 for a corp that is not linked.
    """
    if corp.summary.state not in {"linked", "paused"}:
        raise wrong_state(corp.summary.corp_id, corp.summary.state)
    return corp.summary.state != _WANTED[order]


def wrong_state(corp_id: str, state: str) -> Problem:
    """What cannot be asked of a corp in this state."""
    return Problem(
        409,
        f"corp {corp_id} is {state}.",
        words="corp_state",
        corp=corp_id,
        state=translate(f"state.{state}"),
    )


def post_order(connection: Connection, corp_id: str, order: Order) -> str:
    """Put the order into the corp's mailbox, which is returned to be rung."""
    mailbox = mailbox_of_corp(corp_id)
    post_internal(
        connection, mailbox=mailbox, kind=order, key=CORP_KEY, hint={"by": "operator"}
    )
    return mailbox


def look_until_done(corp_id: str, order: Order) -> FoundCorp:
    """The corp once a worker has done it, or as it is after two seconds."""
    ends_at = time.monotonic() + _WAIT_SECONDS
    corp = look(corp_id)
    while corp.summary.state != _WANTED[order] and time.monotonic() < ends_at:
        time.sleep(_LOOK_SECONDS)
        corp = look(corp_id)
    return corp


def look(corp_id: str) -> FoundCorp:
    """The corp as it is now."""
    with transaction(services().pool) as connection:
        return get_corp(connection, corp_id)
