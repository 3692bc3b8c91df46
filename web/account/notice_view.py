"""Which page a notice opens: by the notice, the link, and what is under way."""

from enum import StrEnum

from domain.links.links import LinkState
from store.links.views import LinkView
from store.notices.addresses import FoundNotice


class Shown(StrEnum):
    """What a person who follows a notice is shown."""

    WORKING = "working"
    LINKED = "linked"
    CONFLICT = "conflict"
    OFFER = "offer"
    USED = "used"
    EXPIRED = "expired"
    OVER = "over"


def shown(link: LinkView, notice: FoundNotice) -> Shown:
    """What comes first is what the person most needs to know."""
    if link.claim is not None:
        return Shown.WORKING
    if link.state is LinkState.LINKED:
        return Shown.LINKED
    if notice.closed == "used":
        return Shown.USED
    if link.state is LinkState.CONFLICT:
        return Shown.CONFLICT
    if notice.closed == "expired" or notice.is_expired:
        return Shown.EXPIRED
    return Shown.OFFER if notice.closed is None else Shown.OVER
