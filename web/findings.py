"""What somebody's absence was found to be, on which answers, and what to do."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from domain.decisions import DecisionName
from domain.ids import member_key
from domain.reasons import FINDING_BY_REASON, Reason
from store import absences
from store.database import Connection
from store.summaries.journal import list_latest
from store.summaries.members import MemberSummary
from web.texts import LANGUAGES, say


class FindingStep(BaseModel):
    """Why WeCom does not show the person, as far as its answers tell."""

    code: Literal["narrowed_scope", "departed", "lost_permission", "cut_off_read"] = (
        Field(
            description="The first two removed the person; the others decide nothing."
        )
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
    absence = absences.find(connection, corp_pk, member.userid)
    if absence is None:
        return None
    return _step(absence.finding, absence.evidence, absence.noted_at)


def _of_removal(
    connection: Connection, corp_pk: int, member: MemberSummary
) -> FindingStep | None:
    lines = list_latest(
        connection, corp_pk, limit=1, key=member_key(member.userid), data_key=None
    )
    if not lines or lines[0].decision != DecisionName.REMOVE_MEMBER:
        return None
    line = lines[0]
    # An approved removal bears that reason; what it was found to be is its cause.
    code = _BY_CAUSE.get(str(member.removal))
    if line.reason in _BY_REASON:
        code = _BY_REASON[line.reason]
    return _step(code, line.after.get("evidence") or {}, line.at) if code else None


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
