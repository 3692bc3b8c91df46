"""What lists show: who can be read in them, and what of them is odd."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from domain.ids import DepartmentId, Key, TagId, Userid, department_key, member_key
from domain.org.org import Department, Member
from domain.org.scope import Tag
from wecom.errors import OddAnswer, Unavailable

TREE = "department/simplelist"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMembers:
    """Who a department's list shows.

    Shape: `odd` of whom it says something that cannot be used, and what is odd about
        it; `complete` unless it leaves somebody unnamed, so that it proves no absence;
        `troubles` are keys for which no answer came at all; `digest` that of the one
        answer that showed all this, None where there were several.
    """

    members: tuple[Member, ...]
    odd: Mapping[Userid, str] = field(default_factory=dict)
    troubles: Mapping[Key, Unavailable] = field(default_factory=dict)
    complete: bool = True
    digest: bytes | None = None

    def all_odd(self, *, endpoint: str) -> dict[Key, Unavailable]:
        """Every key of which nothing usable was said, and what came instead."""
        odd: dict[Key, Unavailable] = {
            member_key(who): OddAnswer(why, endpoint=endpoint)
            for who, why in self.odd.items()
        }
        return odd | dict(self.troubles)

    @property
    def is_plain(self) -> bool:
        """Whether it is one answer, every row of which could be read."""
        odd = self.odd or self.troubles
        return self.complete and not odd and self.digest is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAsKnown:
    """A list whose answer is, to the byte, the one of this digest."""

    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDepartments:
    """The departments that WeCom lists.

    Shape: `odd` are rows that cannot be used, by id; `unnamed` says what is odd about
        a row whose id cannot be read either.
    """

    departments: tuple[Department, ...]
    odd: Mapping[DepartmentId, str] = field(default_factory=dict)
    unnamed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTag:
    """What a tag holds, None when WeCom shows none; `odd` says what is not read of it.

    Shape: with `odd` nobody who was in the tag is missing from it.
    """

    tag: Tag | None
    odd: str | None = None


def joined(tag: Tag, known: Tag) -> Tag:
    """A tag that could not be read whole: nobody who was in it is missing."""
    return replace(
        tag,
        userids=tag.userids | known.userids,
        department_ids=tag.department_ids | known.department_ids,
    )


def with_known(
    listed: ListedDepartments, stored: Iterable[Department]
) -> list[Department]:
    """The departments listed, and those that may be as they were: their rows are odd.

    Shape: with a row whose id cannot be read, none that is stored is missing.
    """
    named = {each.department_id for each in listed.departments}
    kept = [
        each
        for each in stored
        if each.department_id not in named
        and (listed.unnamed is not None or each.department_id in listed.odd)
    ]
    return [*listed.departments, *kept]


def empty_tag(tag_id: TagId) -> Tag:
    """A tag of which nothing is known: it grants nothing, and nobody is lost by it."""
    return Tag(tag_id=tag_id, userids=frozenset(), department_ids=frozenset())


def odd_rows(listed: ListedDepartments) -> dict[Key, Unavailable]:
    """The keys of a listing's odd rows; the listing itself for one without an id."""
    odd: dict[Key, Unavailable] = {
        department_key(each): OddAnswer(why, endpoint=TREE)
        for each, why in listed.odd.items()
    }
    if listed.unnamed is not None:
        odd[Key("departments")] = OddAnswer(listed.unnamed, endpoint=TREE)
    return odd
