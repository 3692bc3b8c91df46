"""When a corp has withdrawn, or seems to: ask WeCom, then purge, pause or go on."""

import logging

from store.database import glance, transaction
from store.inbox import leases, mailboxes, settlement
from store.inbox.claims import ClaimedBatch
from store.org import corps
from store.org.corps import Corp
from store.platform import tokens
from wecom.errors import Revoked, Unavailable
from workers.installs.purge import begin_purge, go_on
from workers.runtime import Runtime, token_owner

REVOKED_UNCONFIRMED = "revoked_unconfirmed"
STALE_CANCEL = "stale_cancel"

# What a paused corp's mailbox waits for.
_PAUSED = "paused"
_UNTIL_RESUMED_SECONDS = 10 * 365 * 24 * 3600.0
_BUSY_SECONDS = 1.0

_log = logging.getLogger(__name__)


def cancel(runtime: Runtime, corp: Corp, claim: ClaimedBatch) -> None:
    """Purge a corp if WeCom confirms that it withdrew; else the event was stale.

    Raises: WeComError when WeCom confirms neither.
    """
    try:
        runtime.corp_api(corp).auth_info()
    except Revoked:
        with transaction(runtime.pool) as connection:
            leases.check(connection, claim.mailbox, claim.lease)
            corps.lock(connection, corp.corp_pk)
            settlement.settle(
                connection, claim, dict.fromkeys(claim.event_ids, ("done", "purged"))
            )
            begin_purge(connection, runtime, corp)
        go_on(runtime, corp.corp_pk)
        _log.warning("corp purged", extra={"corp_pk": corp.corp_pk})
        return
    with transaction(runtime.pool) as connection:
        leases.check(connection, claim.mailbox, claim.lease)
        settlement.settle(
            connection, claim, dict.fromkeys(claim.event_ids, ("ignored", STALE_CANCEL))
        )


def doubt(runtime: Runtime, corp: Corp) -> bool:
    """Ask once more whether a corp withdrew; pause it, mail kept, if that seems so.

    Only cancel_auth purges: without it nothing proves that the corp meant to leave.
    """
    owner, keyring = token_owner(runtime.settings, corp.corp_pk), runtime.keyring
    with glance(runtime.pool) as connection:
        doubted = tokens.find(connection, keyring, owner=owner)
    try:
        runtime.corp_api(corp).auth_info()
    except Revoked:
        with transaction(runtime.pool) as connection:
            paused = corps.pause(connection, corp.corp_pk, by=REVOKED_UNCONFIRMED)
            if paused:
                mailboxes.hold(
                    connection,
                    corp.mailbox,
                    waits_for=_PAUSED,
                    seconds=_UNTIL_RESUMED_SECONDS,
                )
        if paused:
            _log.error(
                "corp paused, authorisation gone without cancel_auth",
                extra={"corp_pk": corp.corp_pk},
            )
        return True
    # The authorisation stands, so it was the token that WeCom would not take; others
    # who were told the same may have fetched a new one meanwhile.
    if doubted is not None:
        with transaction(runtime.pool) as connection:
            tokens.drop(connection, keyring, owner=owner, token=doubted.value)
    return False


def revoke_if_dead(runtime: Runtime, corp: Corp) -> bool:
    """Whether a corp whose company another one wants has withdrawn; it is purged then.

    Here the lost cancel_auth has a witness: somebody installs for the same company.

    Raises: WeComError when WeCom confirms neither; Unavailable while its mailbox is
        worked on.
    """
    if _is_alive(runtime, corp) or _is_alive(runtime, corp):
        return False
    with transaction(runtime.pool) as connection:
        lease = leases.take(connection, corp.mailbox)
    if lease is None:
        raise Unavailable("the other corp is busy", wait_seconds=_BUSY_SECONDS)
    try:
        with transaction(runtime.pool) as connection:
            leases.check(connection, corp.mailbox, lease)
            if corps.lock(connection, corp.corp_pk).state != "revoked":
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
