"""What finding out about a batch of contact mail comes to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.ids import Key, TagId, Userid
from domain.leavers import Undecided
from domain.org import Member
from domain.scope import Tag
from wecom.errors import Unavailable
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
    """What came of the questions; `undecided` are absences that were not confirmed.

    Shape: `troubles` are keys of which nothing usable was answered while others were.
    """

    view: View
    read_tags: Mapping[TagId, Tag]
    answers: Mapping[Userid, Member]
    findings: Findings
    former: frozenset[Userid]
    undecided: Mapping[Userid, Undecided]
    troubles: Mapping[Key, Unavailable]
