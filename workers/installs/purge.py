"""Purges a corp that withdrew, and the mail about it that comes later."""

from collections.abc import Iterable

from store.database import Connection, transaction
from store.links import company_acts
from store.org.corps import Corp
from store.platform import pauses, tokens
from store.retention import idle_mailboxes, purge, withdrawn_links, withdrawn_notices
from store.runs import rehearsals
from store.sealing import pseudonym
from workers.runtime import Runtime, token_owner

NOT_LINKED = "not_linked"


def purge_corp(connection: Connection, runtime: Runtime, corp: Corp) -> None:
    """Revoke a corp and forget it within the caller's transaction.

    The mailbox's lease goes with the rest: its name holds the corpid.
    """
    corp_pk, mailbox = corp.corp_pk, corp.mailbox
    key = purge.obtain_pseudonym_key(connection, runtime.keyring)
    renamed = pseudonym(key, corp_id=corp.corp_id, name=corp.corp_id)
    names = purge.list_names(connection, corp_pk)
    names += purge.list_mail_names(connection, mailbox)
    renames = _pseudonyms(key, corp.corp_id, names)
    purge.load_names(connection, renames)
    purge.purge_people(connection, corp_pk)
    purge.purge_journal(connection, corp_pk, renames)
    withdrawn_links.end(connection, corp_pk)
    withdrawn_notices.end(connection, corp_pk)
    company_acts.drop_all(connection, corp_pk)
    purge.purge_runs(connection, corp_pk)
    purge.purge_plans(connection, corp_pk)
    rehearsals.forget(connection, corp_pk)
    purge.purge_mail(connection, mailbox, renamed=f"corp:{renamed}", outcome=NOT_LINKED)
    purge.purge_corp(connection, corp_pk, renamed=renamed)
    tokens.forget(connection, token_owner(runtime.settings, corp_pk))
    pauses.forget(connection, pauses.owner_of(corp.corp_id))


def purge_late_mail(runtime: Runtime) -> int:
    """Empty and rename what still arrived for purged corps, once it is settled."""
    with transaction(runtime.pool) as connection:
        key = purge.obtain_pseudonym_key(connection, runtime.keyring)
        mailboxes = idle_mailboxes.list_stray_mailboxes(connection)
    moved = 0
    for mailbox in mailboxes:
        corp_id = mailbox.removeprefix("corp:")
        renamed = pseudonym(key, corp_id=corp_id, name=corp_id)
        with transaction(runtime.pool) as connection:
            if idle_mailboxes.has_purged(connection, renamed):
                names = purge.list_mail_names(connection, mailbox)
                purge.load_names(connection, _pseudonyms(key, corp_id, names))
                moved += purge.purge_mail(
                    connection, mailbox, renamed=f"corp:{renamed}", outcome=NOT_LINKED
                )
    return moved


def _pseudonyms(key: bytes, corp_id: str, names: Iterable[str]) -> dict[str, str]:
    return {
        name: pseudonym(key, corp_id=corp_id, name=name)
        for name in names
        # What an earlier purge left stays as it is.
        if not name.startswith("hmac:")
    }
