"""Purges a corp that withdrew, and the mail about it that comes later.

The corp is revoked and its secrets are destroyed in one transaction; its people,
journal and mail are renamed page by page after that, by whoever began or by upkeep. A
worker that dies over it costs a page.
"""

import logging
import time

from domain.ids import CorpPk
from domain.mailbox import mailbox_of_corp, name_in
from store.database import Connection, glance, transaction
from store.inbox import leases
from store.links import company_acts
from store.oidc import grants
from store.org.corps import Corp
from store.platform import pauses, tokens
from store.retention import idle_mailboxes, purge, purge_pages, withdrawn_notices
from store.retention.pseudonyms import Pseudonyms
from store.runs import rehearsals
from store.sessions import member_sessions
from workers import lease
from workers.lease import leased
from workers.runtime import Runtime, token_owner

NOT_LINKED = "not_linked"

# A drain has two minutes; what is left then is upkeep's.
_DRAIN_SECONDS = 60.0
_LAST_EVENT = 2**63 - 1

_log = logging.getLogger(__name__)


def begin_purge(connection: Connection, runtime: Runtime, corp: Corp) -> None:
    """Revoke a corp, destroy its secrets, and have all else of it purged from now on.

    Within the caller's transaction; the mailbox's lease goes with the rest: its name
    holds the corpid.
    """
    corp_pk = corp.corp_pk
    key = purge.obtain_pseudonym_key(connection, runtime.keyring)
    renamed = Pseudonyms(key=key, corp_id=corp.corp_id).of(corp.corp_id)
    purge_pages.begin(connection, corp_pk, corp.corp_id)
    withdrawn_notices.end(connection, corp_pk)
    company_acts.drop_all(connection, corp_pk)
    grants.end_all_of_corp(connection, corp_pk)
    purge.purge_runs(connection, corp_pk)
    purge.purge_plans(connection, corp_pk)
    rehearsals.forget(connection, corp_pk)
    purge.purge_ledger(connection, corp.mailbox, renamed=mailbox_of_corp(renamed))
    # Before the corp has lost its name: by it they are found.
    purge.purge_operations(connection, corp.corp_id, renamed=renamed)
    purge.purge_corp(connection, corp_pk, renamed=renamed)
    member_sessions.end_all_of_corp(connection, corp_pk)
    tokens.forget(connection, token_owner(runtime.settings, corp_pk))
    pauses.forget(connection, pauses.owner_of(corp.corp_id))


def go_on(
    runtime: Runtime, corp_pk: CorpPk, *, seconds: float = _DRAIN_SECONDS
) -> bool:
    """Do page after page of a purge that has begun; whether it is over.

    Repeats: from the last page on; one worker at a time.
    Raises: StoreUnavailable, LeaseLost.
    """
    name = f"purge:{corp_pk}"
    ends_at = time.monotonic() + seconds
    with lease.taken(runtime.pool, name) as token:
        if token is None:
            return False
        while True:
            with leased(runtime.pool, name, token) as connection:
                key = purge.obtain_pseudonym_key(connection, runtime.keyring)
                found = purge_pages.find(connection, corp_pk)
                if found is None:
                    leases.forget(connection, name)
                    return True
                purge_pages.do_page(connection, found, key=key, outcome=NOT_LINKED)
            if time.monotonic() >= ends_at:
                _log.info("purge goes on later", extra={"corp_pk": corp_pk})
                return False


def go_on_with_all(runtime: Runtime) -> None:
    """Give every purge that has begun a turn."""
    with glance(runtime.pool) as connection:
        begun = purge_pages.list_begun(connection)
    for corp_pk in begun:
        go_on(runtime, corp_pk)


def purge_late_mail(runtime: Runtime) -> int:
    """Empty and rename what still arrived for purged corps, once it is settled."""
    with transaction(runtime.pool) as connection:
        key = purge.obtain_pseudonym_key(connection, runtime.keyring)
        mailboxes = idle_mailboxes.list_stray_mailboxes(connection)
    return sum(_empty(runtime, mailbox, key) for mailbox in mailboxes)


def _empty(runtime: Runtime, mailbox: str, key: bytes) -> int:
    corp_id = name_in(mailbox)
    names = Pseudonyms(key=key, corp_id=corp_id)
    renamed = names.of(corp_id)
    pages, after = 0, 0
    while True:
        with transaction(runtime.pool) as connection:
            if not idle_mailboxes.has_purged(connection, renamed):
                return pages
            last = purge_pages.empty_mail(
                connection,
                mailbox,
                names=names,
                outcome=NOT_LINKED,
                after=after,
                upto=_LAST_EVENT,
            )
            if last is None:
                purge.purge_ledger(
                    connection, mailbox, renamed=mailbox_of_corp(renamed)
                )
                return pages
        pages, after = pages + 1, last
