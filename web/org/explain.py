"""Why a member is as it is: scope, match, guard, last change, error, next step."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from domain.ids import member_key
from store.database import Connection
from store.org.journal import JournalLine
from store.summaries.mail.events import EventSummary, find_newest_of_key
from store.summaries.org.departments import list_names
from store.summaries.org.journal import list_latest
from store.summaries.org.members import MemberSummary
from texts.catalogue import LANGUAGES, say
from web.http.shown import show_row
from web.org.corps import FoundCorp
from web.org.findings import FindingStep, find_finding
from web.org.matching import MatchStep, match_next, match_step
from web.org.noticing import NoticeStep, find_notice_step, notice_next

NextStep = Literal[
    "none", "retry_event", "wait_for_event", "resume_corp", "wait_for_link",
    "reauthorise_corp", "decide_plan", "widen_scope", "check_in_wecom",
    "enable_in_wecom", "restore_permission", "read_again", "wait_for_lookups",
    "wait_for_member", "decide_match",
    "link_again", "make_reachable", "invite_again",
]  # fmt: skip


class Ground(BaseModel):
    """One reason for which the person may use the app."""

    kind: Literal["department", "direct", "tag"]
    id: str | None
    name: str | None


class ScopeStep(BaseModel):
    """Whether the person is in the corp's visible range, and by what."""

    usable: bool
    grounds: list[Ground]
    removal: Literal["scope", "deletion"] | None = Field(
        description="Why a removed member was removed."
    )


class GuardStep(BaseModel):
    """Whether a removal of the person waits for an approval."""

    held_plan_id: str | None


class Change(BaseModel):
    """The last line of the journal about the person."""

    at: datetime
    cause: str
    decision: str
    reason: str


class Failure(BaseModel):
    """The newest event about the person that is not settled."""

    event_id: str
    state: str
    error: str | None
    received_at: datetime


class Step(BaseModel):
    """What would help, as a code and in words."""

    code: NextStep
    words: dict[str, str] = Field(description="The same in every language.")


class Why(BaseModel):
    """The chain that explains a member's state."""

    userid: str
    state: Literal["active", "removed"]
    employment: Literal["working", "left"]
    scope: ScopeStep
    match: MatchStep
    notice: NoticeStep | None = Field(
        description="The last message that asked for the account; null if none did."
    )
    guard: GuardStep
    finding: FindingStep | None = Field(
        description="What an absence was found to be; null for whom WeCom shows."
    )
    last_change: Change | None
    error: Failure | None
    next_step: Step


def explain(connection: Connection, corp: FoundCorp, member: MemberSummary) -> Why:
    """The chain for one member, from what is stored now."""
    key = member_key(member.userid)
    event = find_newest_of_key(connection, mailboxes=corp.mailboxes, key=key)
    finding = find_finding(connection, corp.corp_pk, member)
    notice = find_notice_step(connection, corp.corp_pk, member.member_pk)
    code = _next_step(corp, member, event, finding)
    if code == "wait_for_member":
        # Only while nothing else stands in the way of an answer.
        code = notice_next(notice) or code
    return show_row(
        Why,
        member,
        scope={
            "usable": _is_usable(member, finding),
            "grounds": _grounds(connection, corp.corp_pk, member.grounds),
            "removal": member.removal,
        },
        match=match_step(connection, corp.corp_pk, member),
        notice=notice,
        guard={"held_plan_id": member.held_plan_id},
        finding=finding,
        last_change=_change(_last_line(connection, corp.corp_pk, key)),
        error=_failure(event),
        next_step={
            "code": code,
            "words": {tag: say(tag, f"next.{code}") for tag in LANGUAGES},
        },
    )


def _is_usable(member: MemberSummary, finding: FindingStep | None) -> bool:
    # Whom a person keeps stays active, though the scope leaves them out.
    is_left_out = finding is not None and finding.code == "narrowed_scope"
    return member.state == "active" and not is_left_out


def _next_step(
    corp: FoundCorp,
    member: MemberSummary,
    event: EventSummary | None,
    finding: FindingStep | None,
) -> NextStep:
    if corp.summary.state != "linked":
        return _corp_step(corp.summary.state)
    if member.held_plan_id is not None:
        return "decide_plan"
    if finding is not None and finding.code in _OPEN_STEPS:
        return _OPEN_STEPS[finding.code]
    if event is not None:
        return "wait_for_event" if event.state == "pending" else "retry_event"
    if member.state == "removed":
        return "widen_scope" if member.removal == "scope" else "check_in_wecom"
    if member.employment == "left":
        return "enable_in_wecom"
    return match_next(member) or "none"


_OPEN_STEPS: dict[str, NextStep] = {
    "lost_permission": "restore_permission",
    "cut_off_read": "read_again",
    "odd_answer": "read_again",
}


def _corp_step(state: str) -> NextStep:
    if state == "paused":
        return "resume_corp"
    return "reauthorise_corp" if state == "revoked" else "wait_for_link"


def _grounds(
    connection: Connection, corp_pk: int, grounds: list[str]
) -> list[dict[str, str | None]]:
    parts = [ground.partition(":") for ground in sorted(grounds)]
    ids = [int(name) for kind, _, name in parts if kind == "department"]
    names = {str(i): name for i, name in list_names(connection, corp_pk, ids).items()}
    return [
        {
            "kind": kind,
            "id": name or None,
            "name": names.get(name) if kind == "department" else None,
        }
        for kind, _, name in parts
    ]


def _last_line(connection: Connection, corp_pk: int, key: str) -> JournalLine | None:
    lines = list_latest(connection, corp_pk, limit=1, key=key, data_key=None)
    return lines[0] if lines else None


def _change(line: JournalLine | None) -> dict[str, object] | None:
    if line is None:
        return None
    return {
        "at": line.at,
        "cause": line.cause,
        "decision": line.decision,
        "reason": line.reason,
    }


def _failure(event: EventSummary | None) -> dict[str, object] | None:
    if event is None:
        return None
    return {
        "event_id": str(event.event_id),
        "state": event.state,
        "error": event.error,
        "received_at": event.received_at,
    }
