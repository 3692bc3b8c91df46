"""Whether WeCom still says of a rejected removal what it said when it was rejected."""

from dataclasses import dataclass

from domain.decisions import Decision, Fields, Json
from domain.org.identity import ANOTHER_PERSON
from domain.reconcile.leavers import NO_RIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """What a rejected removal rested on."""

    reason: str
    after: Fields


def stands(rejected: Rejected, removal: Decision) -> bool:
    """Whether a rejection still covers this removal: the answers are the same.

    An event is no answer: it tells when somebody left, a list that they are gone, and
    both mean one leaving. Nor is it news that somebody who is gone went out of the
    scope as well; but whom only the scope had left out may be gone when it covers them.
    """
    old, new = _answers(rejected.after), _answers(removal.after)
    if old is None or new is None:
        return rejected.reason == removal.reason
    return old[0] == new[0] and not (old[1] == "leaves_out" and new[1] == "covers")


def _answers(after: Fields) -> tuple[str, Json] | None:
    """What WeCom said about the person, and whether the scope covers them."""
    evidence = after.get("evidence")
    if not isinstance(evidence, dict) or "user_get" not in evidence:
        return None
    said = evidence["user_get"]
    if said == "answered":
        return "shown", evidence.get("scope")
    if said == ANOTHER_PERSON:
        return said, None
    # Within a class the codes are one answer: there is nobody, or nobody for us.
    return ("hidden" if said in NO_RIGHT else "unknown"), evidence.get("scope")
