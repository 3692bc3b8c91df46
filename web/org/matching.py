"""Which TAPD account a member is, by what evidence, and what would help."""

from typing import Literal

from pydantic import BaseModel, Field

from store.database import Connection
from store.summaries.links.evidence import MatchedAccount, list_candidates
from store.summaries.org.members import MemberSummary

Compared = Literal[
    "equal", "differs", "not_visible", "member_has_none", "account_has_none"
]
MatchNext = Literal["wait_for_lookups", "wait_for_member", "decide_match", "link_again"]

# What helps a member whose link stands like this.
NEXT: dict[str, MatchNext] = {
    "none": "wait_for_lookups",
    "pending": "wait_for_member",
    "conflict": "decide_match",
    "unlinked": "link_again",
}


class MatchCandidate(BaseModel):
    """One account; mobiles and e-mails are compared and never shown."""

    account_id: str
    nick: str | None
    mobile: Compared
    email: Compared
    asked: bool = Field(description="WeCom named the member for its mobile.")
    proved: bool = Field(description="The member signed in to it.")
    unlinked: bool = Field(description="The member left it.")
    returned: bool = Field(description="Whoever bore the userid before was linked.")
    held_by: str | None = Field(description="The userid of who is linked to it.")
    claimed_by: list[str] = Field(description="Others to whom its mobile belongs.")


class MatchStep(BaseModel):
    """Which TAPD account the person is, and what speaks for and against each."""

    state: Literal["linked", "pending", "conflict", "unlinked", "none"]
    reason: str | None
    account_id: str | None = Field(description="Null unless linked.")
    candidates: list[MatchCandidate] = Field(description="Ascending by account_id.")


def match_step(
    connection: Connection, corp_pk: int, member: MemberSummary
) -> dict[str, object]:
    """The step for one member, from what is stored now."""
    found = list_candidates(connection, corp_pk, member.member_pk)
    return {
        "state": member.link_state,
        "reason": member.link_reason,
        "account_id": member.account_id,
        "candidates": [_show(each) for each in found],
    }


def match_next(member: MemberSummary) -> MatchNext | None:
    """What would help; None when nothing has to."""
    if member.link_state == "none" and member.link_reason is None:
        return None
    return NEXT.get(member.link_state)


def _show(candidate: MatchedAccount) -> dict[str, object]:
    said = candidate.evidence
    return {
        "account_id": said.account_id,
        "nick": candidate.nick,
        "mobile": said.mobile.value,
        "email": said.email.value,
        "asked": said.asked,
        "proved": said.proved,
        "unlinked": said.unlinked,
        "returned": said.returned,
        "held_by": candidate.held_by,
        "claimed_by": candidate.claimed_by,
    }
