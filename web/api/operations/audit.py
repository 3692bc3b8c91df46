"""Who did what: the acts of operators, of the API and of the command line."""

from datetime import datetime
from typing import Any

from flask import Response
from pydantic import BaseModel, Field

from store.database import transaction
from store.platform import audit
from web.access import Audience, seen_by
from web.api.blueprint import Moment, Page, answer, blueprint, problems
from web.http.cursors import cut
from web.services import services

api = blueprint("api-audit")


class AuditPage(Page):
    """Which acts are wanted."""

    since: Moment | None = None
    actor: str | None = Field(None, max_length=256)


class AuditedAct(BaseModel):
    """One act."""

    id: str
    at: datetime
    actor: str = Field(
        description="operator (API_TOKEN in the console), operator:<name>, "
        "oidc:<name>, api or cli."
    )
    role: str
    act: str
    target: str
    corp_id: str | None
    reason: str
    before: dict[str, Any]
    after: dict[str, Any]
    chain: str = Field(
        description="Hex; an HMAC of this act and of the chain of the act before it."
    )


class AuditedActs(BaseModel):
    """A page of acts, newest first."""

    items: list[AuditedAct]
    next: str | None


@api.get("/audit", responses={200: AuditedActs, **problems(400)})
@seen_by(Audience.BEARER)
def list_acts(query: AuditPage) -> Response:
    """The acts, newest first; `manage.py verify-audit` checks that none was altered."""
    since = query.since.isoformat() if query.since else None
    of = ["audit", since, query.actor]
    position = services().cursors.open(query.cursor, of=of)
    with transaction(services().pool) as connection:
        rows = audit.list_lines(
            connection,
            keyring=services().keyring,
            actor=query.actor,
            since=query.since,
            before=position[0] if position else None,
            limit=query.limit + 1,
        )
    shown, end = cut(rows, limit=query.limit, position=lambda row: [row.audit_id])
    items = [
        AuditedAct(
            id=str(row.audit_id),
            at=row.at,
            actor=row.actor,
            role=row.role,
            act=row.act,
            target=row.target,
            corp_id=row.corp_id,
            reason=row.reason,
            before=row.before,
            after=row.after,
            chain=row.chain,
        )
        for row in shown
    ]
    following = services().cursors.seal(end, of=of) if end else None
    return answer(AuditedActs(items=items, next=following))
