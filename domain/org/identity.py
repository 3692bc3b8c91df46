"""Who is who: a userid is a name that can be handed on, open_userid is the person."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from domain.ids import OpenUserid, Userid
from domain.org.org import Member, RemovalCause, StoredMember
from domain.reasons import Reason

# What the evidence of a removal says of a userid with another bearer.
ANOTHER_PERSON = "another_person"
# What the evidence of a doubt says of a person who is shown under another userid.
ANOTHER_USERID = "another_userid"


def are_two(one: OpenUserid | None, other: OpenUserid | None) -> bool:
    """Whether these are known to be two people's, whatever their userid says."""
    return one is not None and other is not None and one != other


def are_one(one: OpenUserid | None, other: OpenUserid | None) -> bool:
    """Whether these are known to be one person's."""
    return one is not None and one == other


def is_handed_on(stored: StoredMember, observed: Member) -> bool:
    """Whether somebody else bears the userid of this member now."""
    return stored.member.userid == observed.userid and are_two(
        stored.member.open_userid, observed.open_userid
    )


def seen_as(answers: Iterable[Member]) -> dict[OpenUserid, frozenset[Userid]]:
    """Under which userids each person was shown, as far as they are known."""
    seen: dict[OpenUserid, frozenset[Userid]] = {}
    for each in answers:
        if each.open_userid is not None:
            before = seen.get(each.open_userid, frozenset())
            seen[each.open_userid] = before | {each.userid}
    return seen


def is_seen_once(member: Member, seen: Mapping[OpenUserid, frozenset[Userid]]) -> bool:
    """Whether this is the only userid under which the person was shown."""
    if member.open_userid is None:
        return True
    return seen.get(member.open_userid, frozenset()) <= {member.userid}


def recognised(stored: StoredMember | None, observed: Member) -> Member:
    """What is observed, with the open_userid that we know where none is shown.

    Who somebody is, is no detail: forgotten, it could not tell a later bearer of the
    userid from them.
    """
    if stored is None or observed.open_userid is not None:
        return observed
    return replace(observed, open_userid=stored.member.open_userid)


def cause_learnt(stored: StoredMember, *, deleted: bool) -> RemovalCause | None:
    """The cause that a tombstone turns out to have; None when it has that already."""
    if deleted and stored.removal is RemovalCause.SCOPE:
        return RemovalCause.DELETION
    return None


def reason_learnt(*, handed_on: bool) -> Reason:
    """What taught it: somebody else bears the userid, or an event told."""
    return Reason.HANDED_ON if handed_on else Reason.DELETED_BY_EVENT
