"""What was asked for with the bearer is in the audit, too; its actor is `api`."""

from typing import Unpack

from domain.roles import Role
from store.database import Connection
from store.platform import audit
from store.platform.audit import ActDetails, OperatorAct
from store.platform.deeds import Deed
from web.services import services

ACTOR = "api"


def note(connection: Connection, act: str, **details: Unpack[ActDetails]) -> None:
    """Write the act into the audit, in the transaction in which it is done."""
    # API_TOKEN opens everything.
    done = OperatorAct(actor=ACTOR, role=Role.ADMIN, act=act, **details)
    audit.record(connection, done, keyring=services().keyring)


def note_deed(connection: Connection, deed: Deed, *, reason: str) -> None:
    """Write into the audit what console, API and shell say alike."""
    note(
        connection,
        deed.act,
        target=deed.target,
        reason=reason,
        corp_id=deed.corp_id,
        before=dict(deed.before),
        after=dict(deed.after),
    )
