"""What a member was last asked by a message, and what helps when it did not work."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from store.database import Connection
from store.summaries.notices import NoticeSummary, find_last_question
from web.http.shown import show_row

NoticeNext = Literal["make_reachable", "invite_again"]


class NoticeStep(BaseModel):
    """The last message that asked the member for their account."""

    kind: Literal["link", "invite"]
    state: Literal["queued", "sent", "undeliverable", "dropped", "unknown"]
    reason: str | None = Field(description="Why it was dropped or not delivered.")
    sent_at: datetime | None
    expires_at: datetime | None
    closed: Literal["used", "expired", "merged", "over"] | None


def find_notice_step(
    connection: Connection, corp_pk: int, member_pk: int
) -> NoticeStep | None:
    """The step for one member; None when they were never asked."""
    found = find_last_question(connection, corp_pk, member_pk)
    return None if found is None else _show(found)


def notice_next(notice: NoticeStep | None) -> NoticeNext | None:
    """What helps when the member cannot answer what they were asked."""
    if notice is None:
        return None
    if notice.state == "undeliverable":
        return "make_reachable"
    if notice.state == "unknown" or notice.closed == "expired":
        return "invite_again"
    return None


def _show(row: NoticeSummary) -> NoticeStep:
    return show_row(NoticeStep, row)
