"""What finding out about a batch of contact mail comes to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.ids import DepartmentId, Key, Userid
from domain.org.identity import ANOTHER_PERSON, ANOTHER_USERID
from domain.org.listings import Tear
from domain.org.org import Member
from domain.org.scope import Tag
from domain.reconcile.leavers import LeftInPlace, Removal, Undecided, Verdict
from domain.reconcile.renames import Rename
from wecom.errors import Unavailable
from workers.answers.questions import Inquiry
from workers.events.affected import View
from workers.org.apply import Findings


class NeedsRun(Exception):
    """A full read answers this better than questions one by one."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Unanswered(Exception):
    """What these keys need was not answered, or not usably; the others may go on."""

    def __init__(self, keys: Iterable[Key], error: Unavailable) -> None:
        super().__init__(str(error))
        self.keys = frozenset(keys)
        self.error = error


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of the questions.

    Shape: `tags` as they are to be kept; `undecided` are absences that were not
        confirmed, `late` people of whom nothing is applied yet, `handed_on` the
        userids that are another person's now; `troubles` are keys of which nothing
        usable was answered while others were. `doubted` are sets that were read and
        not followed, by name: they would take somebody away who answers; `postponed`
        would be users by them alone. `tear` is why a listing was not followed;
        `doubled` are members under another userid, and not added under this one;
        `look_again` at these departments, of which one answer alone tells.
    """

    view: View
    tags: tuple[Tag, ...]
    findings: Findings
    undecided: Mapping[Userid, Undecided]
    late: frozenset[Userid]
    handed_on: frozenset[Userid]
    troubles: Mapping[Key, Unavailable]
    doubted: frozenset[str] = frozenset()
    postponed: frozenset[Userid] = frozenset()
    tear: Tear | None = None
    doubled: frozenset[Userid] = frozenset()
    look_again: frozenset[DepartmentId] = frozenset()

    @property
    def of_two_userids(self) -> frozenset[Userid]:
        """Userids of which it is open whether they are one person's or another's."""
        contradicted = {
            who
            for who, each in self.undecided.items()
            if each.evidence.get("user_get") in {ANOTHER_PERSON, ANOTHER_USERID}
        }
        return self.doubled | contradicted


def findings_of(
    shown: tuple[Member, ...],
    regrounded: tuple[Member, ...],
    verdicts: Mapping[Userid, Verdict],
    renames: tuple[Rename, ...],
) -> Findings:
    """What was found out, as it is to be applied."""
    return Findings(
        shown=shown,
        regrounded=regrounded,
        left=tuple(
            (who, each.activation)
            for who, each in verdicts.items()
            if isinstance(each, LeftInPlace)
        ),
        gone=tuple(
            (who, each) for who, each in verdicts.items() if isinstance(each, Removal)
        ),
        renames=renames,
    )


def unasked(reground: Iterable[Member], inquiry: Inquiry) -> tuple[Member, ...]:
    """Those of whom nothing was asked, so that what follows alone is applied."""
    return tuple(
        each
        for each in reground
        if each.userid not in inquiry.answers and each.userid not in inquiry.refusals
    )
