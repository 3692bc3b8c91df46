"""What somebody's absence was found to be, on which answers, and what to do."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from domain.decisions import DecisionName
from domain.ids import Userid, member_key
from domain.reasons import FINDING_BY_REASON, Reason
from store.database import Connection
from store.org import absences
from store.summaries.org.journal import list_latest
from store.summaries.org.members import MemberSummary
from store.summaries.runs.plans import find_waiting_entry
from texts.catalogue import LANGUAGES, say


class FindingStep(BaseModel):
    """Why WeCom does not show the person, as far as its answers tell."""

    code: Literal[
        "narrowed_scope", "departed", "lost_permission", "cut_off_read", "odd_answer"
    ] = Field(
        description="The first two removed the person, or would: then it waits for "
        "a person, or was rejected. The others decide nothing."
    )
    evidence: dict[str, Any] = Field(
        description="What WeCom answered: user_get (an errcode or answered), scope, "
        "control, event, missing_from (complete lists), refused_lists."
    )
    at: datetime
    words: dict[str, str] = Field(description="The same in every language.")


def find_finding(
    connection: Connection, corp_pk: int, member: MemberSummary
) -> FindingStep | None:
    """What is known of the person's absence; None for whom WeCom shows."""
    if member.state == "removed":
        return _of_removal(connection, corp_pk, member)
    key = member_key(Userid(member.userid))
    absence = absences.find(connection, corp_pk, member.userid)
    waiting = find_waiting_entry(connection, corp_pk, key)
    if absence and (waiting is None or absence.noted_at > waiting.found_at):
        return _step(absence.finding, absence.evidence, absence.noted_at)
    if waiting is None:
        return None
    return _of(waiting.reason, waiting.after, waiting.found_at)


def _of_removal(
    connection: Connection, corp_pk: int, member: MemberSummary
) -> FindingStep | None:
    # Not the last line of all: a link may end after the person has gone.
    lines = list_latest(
        connection,
        corp_pk,
        limit=1,
        key=member_key(member.userid),
        decision=DecisionName.REMOVE_MEMBER,
        data_key=None,
    )
    if not lines:
        return None
    return _of(lines[0].reason, lines[0].after, lines[0].at)


def _of(reason: str, after: dict[str, Any], at: datetime) -> FindingStep | None:
    """What a removal was found to be."""
    # An approved one bears that reason; what it was found to be is its cause.
    code = _BY_REASON.get(reason) or _BY_CAUSE.get(str(after.get("removal")))
    return _step(code, after.get("evidence") or {}, at) if code else None


_BY_CAUSE = {"scope": "narrowed_scope", "deletion": "departed"}
_BY_REASON = {
    str(reason): str(FINDING_BY_REASON[reason])
    for reason in Reason
    if reason in FINDING_BY_REASON
}


def _step(code: str, evidence: dict[str, Any], at: datetime) -> FindingStep:
    return FindingStep.model_validate(
        {
            "code": code,
            "evidence": evidence,
            "at": at,
            "words": {tag: say(tag, f"finding.{code}") for tag in LANGUAGES},
        }
    )
