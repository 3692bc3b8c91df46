"""Who did what, why, and what it was before: the audit, newest first."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from store.database import transaction
from store.platform import audit, audit_proof
from web.access import Audience, seen_by
from web.console.blueprint import console
from web.console.frame import show
from web.http.cursors import cut
from web.services import services

_PAGE_ROWS = 50
_MOST_TYPED = 200


@console.get("/audit")
@seen_by(Audience.OPERATOR)
def list_audit() -> ResponseReturnValue:
    """Acts, newest first; of one actor or to one thing where that is asked for."""
    actor, target = _typed("actor"), _typed("target")
    of = ["console-audit", actor, target]
    position = services().cursors.open(request.args.get("cursor"), of=of)
    with transaction(services().pool) as connection:
        rows = audit.list_lines(
            connection,
            keyring=services().keyring,
            actor=actor,
            target=target,
            before=position[0] if position else None,
            limit=_PAGE_ROWS + 1,
        )
        head = audit_proof.find_head(connection)
    shown, end = cut(rows, limit=_PAGE_ROWS, position=lambda row: [row.audit_id])
    following = services().cursors.seal(end, of=of) if end else None
    return show(
        "console/audit.html",
        place="audit",
        rows=shown,
        head=head,
        actor=actor,
        target=target,
        next=following
        and url_for("console.list_audit", actor=actor, target=target, cursor=following),
    )


def _typed(name: str) -> str | None:
    return request.args.get(name, "").strip()[:_MOST_TYPED] or None
