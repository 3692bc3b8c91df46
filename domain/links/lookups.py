"""Which mobiles WeCom may be asked about now, so that it never blocks a corp for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

# WeCom blocks user/getuserid for a day past 20 % of the corp (91693), of which the
# usable members are a part.
MISS_SHARE = Fraction(15, 100)
WINDOW = timedelta(hours=24)
# A call ends within 10 s: whoever reserved this long ago died before the answer.
LOST_AFTER = timedelta(minutes=10)


class Answer(StrEnum):
    """What WeCom said to a mobile; open while it has not."""

    OPEN = "open"
    HIT = "hit"
    MISS = "miss"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """One question: whose is this mobile?

    Shape: `mobile` in E.164, so that a changed one was never asked; `asked_at` is
        when it was reserved, before the question.
    """

    mobile: str = field(repr=False)
    asked_at: datetime
    answer: Answer = Answer.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookups:
    """What was asked so far, and how much more may be.

    Shape: `past`: at least the newest of each mobile, and all of the window;
        `usable`: how many members may use the app; `last_joined_at`: when the
        newest of them came, None when there is nobody.
    """

    past: tuple[Lookup, ...]
    usable: int
    last_joined_at: datetime | None
    now: datetime

    @property
    def limit(self) -> int:
        """How many misses a window may hold; none in a corp of less than seven."""
        return int(MISS_SHARE * self.usable)

    @property
    def allowance(self) -> int:
        """How many questions may be reserved now, as if each would miss."""
        spent = sum(
            each.answer is not Answer.HIT and each.asked_at > self.now - WINDOW
            for each in self.past
        )
        return max(0, self.limit - spent)

    def may_find(self, mobiles: Iterable[str]) -> bool:
        """Whether any of these still lacks an answer that may yet be had."""
        newest = self._newest()
        return self.limit > 0 and any(
            not self._is_answered(newest.get(each)) for each in mobiles
        )

    def reserve(self, mobiles: Iterable[str]) -> tuple[Lookup, ...]:
        """The questions to put now, to be kept before any of them is asked.

        Shape: those never asked first, then the longest unasked; each mobile once.
        """
        newest = self._newest()
        askable = [each for each in set(mobiles) if self._is_askable(newest.get(each))]
        askable.sort(key=lambda mobile: (_asked_at(newest.get(mobile)), mobile))
        return tuple(
            Lookup(mobile=each, asked_at=self.now) for each in askable[: self.allowance]
        )

    def _newest(self) -> Mapping[str, Lookup]:
        ordered = sorted(self.past, key=lambda each: each.asked_at)
        return {each.mobile: each for each in ordered}

    def _is_answered(self, lookup: Lookup | None) -> bool:
        if lookup is None or lookup.answer is Answer.OPEN:
            return False
        return lookup.answer is Answer.HIT or not self._joined_since(lookup)

    def _is_askable(self, lookup: Lookup | None) -> bool:
        if lookup is not None and lookup.answer is Answer.OPEN:
            return self.now - lookup.asked_at >= LOST_AFTER
        return not self._is_answered(lookup)

    def _joined_since(self, lookup: Lookup) -> bool:
        joined = self.last_joined_at
        return joined is not None and joined >= lookup.asked_at


def _asked_at(lookup: Lookup | None) -> float:
    return 0.0 if lookup is None else lookup.asked_at.timestamp()
