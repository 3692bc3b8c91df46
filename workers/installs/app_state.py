"""Whether a corp's app is open: WeCom's events are hints, agent/get decides.

A pause that WeCom caused is looked at again on a slow clock, so that a lost reopening
costs minutes and no person's visit. An operator's pause only an operator ends.
"""

import logging
from enum import StrEnum

from store.database import Connection
from store.inbox import mailboxes
from store.org import corps
from store.org.corps import Corp
from wecom.errors import Paused, Revoked
from workers.runtime import Runtime

CLOSED = frozenset({"close_inactive_agent", "low_active"})
REOPENED = frozenset({"reopen_inactive_agent", "active_restored"})
# Internal mail: it is time to look whether the app is still closed.
LOOK = "app_state_due"
ASKING_KINDS = CLOSED | REOPENED | {LOOK}

PAUSED = "paused"

BY_OPERATOR = "operator"
BY_WECOM = "wecom"
BY_DOUBT = "revoked_unconfirmed"
# Pauses that nobody asked for, so that nobody is relied on to end them.
BY_ITSELF = (BY_WECOM, BY_DOUBT)

_log = logging.getLogger(__name__)


class AppState(StrEnum):
    """What WeCom says of the app in a corp."""

    OPEN = "open"
    CLOSED = "closed"
    REVOKED = "revoked"


def ask(runtime: Runtime, corp: Corp) -> AppState:
    """Whether the app is open now.

    Raises: WeComError when WeCom does not say.
    """
    api = runtime.corp_api(corp)
    try:
        if corp.paused_by == BY_DOUBT or corp.agent_id is None:
            api.auth_info()
            return AppState.OPEN
        closed = api.agent_is_closed(corp.agent_id)
    except Paused:
        return AppState.CLOSED
    except Revoked:
        return AppState.REVOKED
    return AppState.CLOSED if closed else AppState.OPEN


def follow(connection: Connection, corp: Corp, said: AppState) -> str:
    """Pause or resume a corp as WeCom said; the outcome for the mail that asked.

    Shape: `corp` as it is locked now.
    """
    if corp.paused_by == BY_OPERATOR:
        # WeCom's word does not undo an operator's decision.
        return "no_difference"
    if said is AppState.OPEN:
        return "resumed" if resume(connection, corp) else "no_difference"
    if said is AppState.CLOSED:
        return "paused" if pause(connection, corp, by=BY_WECOM) else "no_difference"
    return "no_difference"


def pause(connection: Connection, corp: Corp, *, by: str) -> bool:
    """Stop following WeCom, mail kept; False when the corp is not linked."""
    paused = corps.pause(connection, corp.corp_pk, by=by)
    if paused:
        mailboxes.hold(connection, corp.mailbox, waits_for=PAUSED)
        if by in BY_ITSELF:
            corps.look_later(connection, corp.corp_pk)
    return paused


def resume(connection: Connection, corp: Corp) -> bool:
    """Follow WeCom again, mail first; False when the corp is not paused."""
    resumed = corps.resume(connection, corp.corp_pk)
    if resumed:
        mailboxes.make_due(connection, corp.mailbox)
        _log.info("corp resumed", extra={"corp_pk": corp.corp_pk})
    return resumed
