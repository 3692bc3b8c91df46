"""What was asked for with the bearer is in the audit, too; its actor is `api`."""

from domain.roles import Role
from store.database import Connection
from store.platform import audit
from store.platform.audit import OperatorAct
from store.platform.deeds import Deed
from web.services import services

ACTOR = "api"


def note(
    connection: Connection,
    act: str,
    *,
    target: str,
    reason: str = "",
    corp_id: str | None = None,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    """Write the act into the audit, in the transaction in which it is done."""
    audit.record(
        connection,
        OperatorAct(
            actor=ACTOR,
            # API_TOKEN opens everything.
            role=Role.ADMIN,
            act=act,
            target=target,
            reason=reason,
            corp_id=corp_id,
            before=before or {},
            after=after or {},
        ),
        keyring=services().keyring,
    )


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
