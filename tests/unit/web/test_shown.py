"""Which page a notice opens: what is comes before what was asked."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.links import LinkState
from store.links.views import LinkView, OpenClaim
from store.notices.addresses import FoundNotice
from web.account.notice_view import Shown, shown

LINK = LinkView(
    state=LinkState.PENDING,
    reason="not_visible",
    asks=None,
    changed_at=None,
    account=None,
    suggested=None,
    contested=None,
    claim=None,
)
NOTICE = FoundNotice(
    notice_id=1,
    kind="link",
    state="sent",
    sent_at=datetime(2026, 1, 5, tzinfo=UTC),
    expires_at=None,
    closed=None,
    used_at=None,
    is_expired=False,
)
CLAIM = OpenClaim(kind="create", account_id=None, age_seconds=1.0)
CLOSED = (None, "used", "expired", "merged", "over")


@pytest.mark.parametrize("closed", CLOSED)
@pytest.mark.parametrize("state", LinkState)
def test_what_is_under_way_comes_before_everything(
    state: LinkState, closed: str | None
) -> None:
    link = replace(LINK, state=state, claim=CLAIM)

    assert shown(link, replace(NOTICE, closed=closed)) is Shown.WORKING


@pytest.mark.parametrize("closed", CLOSED)
def test_a_link_that_is_made_comes_before_the_age_of_the_notice(
    closed: str | None,
) -> None:
    link = replace(LINK, state=LinkState.LINKED)

    assert shown(link, replace(NOTICE, closed=closed)) is Shown.LINKED


@pytest.mark.parametrize(
    ("state", "closed", "is_expired", "page"),
    [
        (LinkState.PENDING, None, False, Shown.OFFER),
        (LinkState.NONE, None, False, Shown.OFFER),
        (LinkState.UNLINKED, None, False, Shown.OFFER),
        (LinkState.CONFLICT, None, False, Shown.CONFLICT),
        (LinkState.PENDING, None, True, Shown.EXPIRED),
        (LinkState.PENDING, "expired", False, Shown.EXPIRED),
        (LinkState.CONFLICT, "expired", True, Shown.CONFLICT),
        (LinkState.UNLINKED, "used", True, Shown.USED),
        (LinkState.PENDING, "merged", False, Shown.OVER),
        (LinkState.PENDING, "over", False, Shown.OVER),
    ],
)
def test_the_page_says_what_one_most_needs_to_know(
    state: LinkState, closed: str | None, is_expired: bool, page: Shown
) -> None:
    notice = replace(NOTICE, closed=closed, is_expired=is_expired)

    assert shown(replace(LINK, state=state), notice) is page
