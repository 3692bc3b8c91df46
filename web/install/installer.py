"""Who installed, where WeCom did not say: they sign in, and the install goes on."""

from store.database import transaction
from store.installs import intents
from web.install.progress import Stage, view_progress
from web.services import services
from web.sessions.oauth_state import visitor


def note_installer(intent_state: str, *, corp_id: str, userid: str) -> None:
    """WeCom has named who installed; nothing when the install does not wait for it."""
    with transaction(services().pool) as connection:
        intent = intents.find_by_state(connection, intent_state)
        if intent is None or intent.code_hash is None:
            return
        if intent.browser != intents.digest_of(visitor()):
            return
        progress = view_progress(connection, intent, intent.code_hash)
        if progress.stage is not Stage.SIGN_IN:
            return
        intents.note_installer(
            connection, intent.intent_id, corp_id=corp_id, userid=userid
        )
        intents.resume(connection, intent.code_hash)
    services().ring(intents.mailbox_of(intent.code_hash))
