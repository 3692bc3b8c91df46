"""Moods in which WeCom lies in several ways at once, while a worker asks it."""

import zlib
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.support.org.set_lies import SETS, all_in_sets
from tests.support.wecom.fakes import Truth
from tests.support.wecom.lying import LyingWorld

_PICKS = st.integers(0, 50)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mood:
    """What WeCom answers wrongly while it lasts.

    Shape: the kinds of questions that are answered `old` are so as of so many changes
        `back`, all of them or, `torn`, every other one; `missing` picks names that sets
        lack, and sets of the `emptied` kind name nobody.
    """

    old: frozenset[str]
    back: int
    torn: int | None
    missing: tuple[int, ...]
    emptied: str | None
    children: bool

    @property
    def touches_people(self) -> bool:
        """Whether user/get lies, beside which nothing tells the truth of a person."""
        return "member" in self.old

    def come_over(self, world: LyingWorld, past: list[Truth]) -> None:
        """Let WeCom be in this mood until `pass_over`."""
        if past:
            world.before = past[-min(self.back, len(past))]
        world.stale = self._is_old
        world.fetches_children = self.children
        known = all_in_sets(world.truth)
        ordered = sorted(known, key=repr)
        world.left_out = {ordered[each % len(ordered)] for each in self.missing}
        world.left_out |= {
            each for each in known if each[0].partition(":")[0] == self.emptied
        }

    def _is_old(self, question: str) -> bool:
        if question.partition(":")[0] not in self.old:
            return False
        return self.torn is None or zlib.crc32(question.encode()) % 2 == self.torn


def pass_over(world: LyingWorld) -> None:
    """Let WeCom tell the truth again."""
    world.stale = lambda _: False
    world.left_out = set()
    world.fetches_children = False


MOODS = st.builds(
    Mood,
    old=st.frozensets(st.sampled_from([*SETS, "member", "member", "mobile"])),
    back=st.integers(1, 4),
    torn=st.sampled_from([None, 0, 1]),
    missing=st.lists(_PICKS, max_size=3).map(tuple),
    emptied=st.sampled_from([None, None, None, "list", "tag", "authorised"]),
    children=st.booleans(),
)
