"""What members say about their link: an account is theirs, a new one, or neither."""

from typing import Any

from flask import url_for

from domain.ids import AccountId
from domain.links.claims import ClaimKind
from store.database import transaction
from store.installs.visitors import Visitor
from store.links import link_claims
from store.links.views import view_link
from store.org import corps
from web.services import services
from web.sessions import oauth_state

PURPOSE = "tapd"


def way_to_tapd(member: Visitor, *, back: str, items: bool = False) -> str | None:
    """Where the member signs in to TAPD and then comes `back`; None without a client.

    With `items` they are asked to let us read what is open for them; no link is made.

    Shape: made when the page is shown, so that a plain link leads there: the policy
        of our pages lets no form end on another site.
    """
    tapd = services().tapd
    if tapd is None:
        return None
    cargo: dict[str, Any] = {
        "corp_pk": member.corp_pk,
        "member_pk": member.member_pk,
        "back": back,
    }
    if items:
        cargo["items"] = True
    state = oauth_state.depart(purpose=PURPOSE, cargo=cargo)
    return tapd.address(redirect_uri=tapd_return(), state=state, items=items)


def tapd_return() -> str:
    """The address to which TAPD sends browsers back."""
    return services().addresses.public + url_for("account.tapd_done")


def claim(member: Visitor, kind: ClaimKind, account_id: AccountId | None) -> None:
    """Keep what the member says, and have a worker decide by it.

    Repeats: what the member has said already, and nobody decided by yet, is not said
        a second time.
    """
    with transaction(services().pool) as connection:
        corp = corps.get(connection, member.corp_pk)
        said = view_link(connection, member.corp_pk, member.member_pk).claim
        if said is None or (said.kind, said.account_id) != (kind, account_id):
            link_claims.state(
                connection,
                corp,
                member_pk=member.member_pk,
                kind=kind,
                account_id=account_id,
            )
    services().ring(corp.mailbox)
