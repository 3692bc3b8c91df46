"""When a corp has withdrawn, or seems to: ask WeCom, then purge, pause or go on."""

import logging

from domain.states import CorpState
from store.database import glance, transaction
from store.inbox import leases, settlement
from store.inbox.claims import ClaimedBatch
from store.org import corps
from store.org.corps import Corp
from store.platform import tokens
from wecom.errors import Revoked, Unavailable
from workers.installs import app_state
from workers.installs.purge import begin_purge, go_on
from workers.lease import leased
from workers.runtime import Runtime, token_owner

STALE_CANCEL = "stale_cancel"

_BUSY_SECONDS = 1.0
# Codes follow each other hours apart; a doubt that meets more goes on by itself.
_MOST_CODES = 3

_log = logging.getLogger(__name__)


def cancel(runtime: Runtime, corp: Corp, claim: ClaimedBatch) -> None:
    """Purge a corp if WeCom confirms that it withdrew; else the event was stale.

    Raises: WeComError when WeCom confirms neither.
    """
    code = _code_of(runtime, corp)
    try:
        runtime.corp_api(corp).auth_info()
    except Revoked:
        with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
            _check_code(corps.lock(connection, corp.corp_pk), code)
            settlement.settle(
                connection, claim, dict.fromkeys(claim.event_ids, ("done", "purged"))
            )
            begin_purge(connection, runtime, corp)
        go_on(runtime, corp.corp_pk)
        _log.warning("corp purged", extra={"corp_pk": corp.corp_pk})
        return
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        settlement.settle(
            connection, claim, dict.fromkeys(claim.event_ids, ("ignored", STALE_CANCEL))
        )


def doubt(runtime: Runtime, corp: Corp) -> bool:
    """Ask once more whether a corp withdrew; pause it, mail kept, if that seems so.

    Only cancel_auth purges: without it nothing proves that the corp meant to leave.
    Refused was the code that we sent: when another has come meanwhile, it is asked
    with that one.
    """
    owner, keyring = token_owner(runtime.settings, corp.corp_pk), runtime.keyring
    with glance(runtime.pool) as connection:
        doubted = tokens.find(connection, keyring, owner=owner)
    for _ in range(_MOST_CODES):
        code = _code_of(runtime, corp)
        try:
            runtime.corp_api(corp).auth_info()
            break
        except Revoked:
            if _pause_refused(runtime, corp, code):
                return True
    else:
        return False
    # The authorisation stands, so it was the token that WeCom would not take; others
    # who were told the same may have fetched a new one meanwhile.
    if doubted is not None:
        with transaction(runtime.pool) as connection:
            tokens.drop(connection, keyring, owner=owner, token=doubted.value)
    return False


def _pause_refused(runtime: Runtime, corp: Corp, code: bytes | None) -> bool:
    """Pause the corp whose code was refused; False when it has another by now."""
    with transaction(runtime.pool) as connection:
        now = corps.lock(connection, corp.corp_pk)
        if now.permanent_code != code:
            return False
        paused = app_state.pause(connection, now, by=app_state.BY_DOUBT)
    if paused:
        _log.error(
            "corp paused, authorisation gone without cancel_auth",
            extra={"corp_pk": corp.corp_pk},
        )
    return True


def _code_of(runtime: Runtime, corp: Corp) -> bytes | None:
    """The sealed code that the next call will send; each sealing differs."""
    with glance(runtime.pool) as connection:
        return corps.get(connection, corp.corp_pk).permanent_code


def _check_code(now: Corp, code: bytes | None) -> None:
    """Whether it was the corp's present code that was refused.

    Raises: Unavailable when there is another by now.
    """
    if now.permanent_code != code:
        raise Unavailable(
            "a new permanent code came meanwhile", wait_seconds=_BUSY_SECONDS
        )


def revoke_if_dead(runtime: Runtime, corp: Corp) -> bool:
    """Whether a corp whose company another one wants has withdrawn; it is purged then.

    Here the lost cancel_auth has a witness: somebody installs for the same company.

    Raises: WeComError when WeCom confirms neither; Unavailable while its mailbox is
        worked on.
    """
    code = _code_of(runtime, corp)
    if _is_alive(runtime, corp) or _is_alive(runtime, corp):
        return False
    with transaction(runtime.pool) as connection:
        lease = leases.take(connection, corp.mailbox)
    if lease is None:
        raise Unavailable("the other corp is busy", wait_seconds=_BUSY_SECONDS)
    try:
        with leased(runtime.pool, corp.mailbox, lease) as connection:
            now = corps.lock(connection, corp.corp_pk)
            if now.state is not CorpState.REVOKED:
                _check_code(now, code)
                begin_purge(connection, runtime, corp)
    finally:
        with transaction(runtime.pool) as connection:
            leases.release(connection, corp.mailbox, lease)
    # Whoever comes for its company finds its people's links by their new names.
    go_on(runtime, corp.corp_pk)
    _log.warning(
        "corp purged, its company is wanted by another",
        extra={"corp_pk": corp.corp_pk},
    )
    return True


def _is_alive(runtime: Runtime, corp: Corp) -> bool:
    try:
        runtime.corp_api(corp).auth_info()
    except Revoked:
        return False
    return True
