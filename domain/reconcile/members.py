"""What a member's difference between the org and WeCom orders to be done."""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from itertools import pairwise

from domain.decisions import Decision, DecisionName, Fields, Json
from domain.ids import Userid, member_key
from domain.org.fields import member_fields
from domain.org.identity import is_handed_on
from domain.org.org import Member, MemberState, RemovalCause, StoredMember
from domain.org.replay import BESIDE
from domain.reasons import Reason
from domain.reconcile.leavers import LeftInPlace, Removal


class ReturnProof(StrEnum):
    """What is known of someone who was removed by deletion and is seen again."""

    UNPROVEN = "unproven"  # The userid may have a new owner.
    PROVEN = "proven"  # Their account is proved to be the same (design.md §4.3).


# In the order of the journal; employment goes by its own rule below.
_GROUPS: tuple[tuple[DecisionName, tuple[str, ...]], ...] = (
    (DecisionName.RENAME_MEMBER, ("name",)),
    (DecisionName.MOVE_MEMBER, ("departments", "orders")),
    (DecisionName.SET_MAIN, ("main_department",)),
    (DecisionName.SET_LEADS, ("leads",)),
    (DecisionName.SET_DIRECT_LEADER, ("direct_leaders",)),
    (DecisionName.SET_GROUNDS, ("grounds",)),
)


def decide_member(
    stored: StoredMember | None,
    observed: Member,
    *,
    reason: Reason,
    returning: ReturnProof = ReturnProof.UNPROVEN,
) -> tuple[Decision, ...]:
    """One decision per kind of difference; none when nothing differs.

    An absence is never decided here: see leavers.confirm and remove_member.

    Shape: `stored` may be found by an alias and may be a tombstone; AddMember for a
        tombstone makes a new person and leaves the tombstone alone.
    """
    if stored is None:
        return (_add(observed, reason=reason),)
    if stored.state is MemberState.REMOVED:
        return (_take_back(stored, observed, reason=reason, returning=returning),)
    return _differences(stored.member, observed, reason=reason)


def remove_member(stored: StoredMember, removal: Removal) -> Decision:
    """The removal of an active member; `before` is all that is lost from the org."""
    return Decision(
        name=DecisionName.REMOVE_MEMBER,
        key=member_key(stored.member.userid),
        before=member_fields(stored.member) | _state(MemberState.ACTIVE, None),
        after=_state(MemberState.REMOVED, removal.cause) | _evidence(removal),
        reason=removal.reason,
    )


def learn_deletion(stored: StoredMember, *, reason: Reason) -> Decision:
    """What was taken for a change of scope turns out to have been a deletion."""
    return Decision(
        name=DecisionName.REMOVE_MEMBER,
        key=member_key(stored.member.userid),
        before=_state(MemberState.REMOVED, stored.removal),
        after=_state(MemberState.REMOVED, RemovalCause.DELETION),
        reason=reason,
    )


def return_elsewhere(
    stored: StoredMember, observed: Member, *, reason: Reason, userid_free: bool
) -> tuple[Decision, ...]:
    """A tombstone whose person is seen again under another userid.

    Shape: `userid_free` unless somebody else bears the former one by now.
    """
    restored = restore_member(
        stored, reason=Reason.SAME_OPEN_USERID, userid_free=userid_free
    )
    return restored, *_differences(stored.member, observed, reason=reason)


def restore_member(
    stored: StoredMember, *, reason: Reason, userid_free: bool = True
) -> Decision:
    """A tombstone becomes the member again who it was.

    Shape: where the userid is another's by now a RenameUserid has to follow at once.
    """
    restored = _restore(stored, stored.member, reason=reason)
    if userid_free:
        return restored
    return replace(restored, after={**restored.after, BESIDE: True})


def _evidence(removal: Removal) -> dict[str, Json]:
    return {"evidence": dict(removal.evidence)} if removal.evidence else {}


def leave_in_place(stored: StoredMember, left: LeftInPlace) -> tuple[Decision, ...]:
    """MarkLeft for someone whom reads refuse because they were disabled or quit."""
    observed = replace(stored.member, activation=left.activation)
    return _differences(stored.member, observed, reason=Reason.REFUSED_WHILE_LEFT)


def rename_userid(path: Sequence[Userid], *, reason: Reason) -> tuple[Decision, ...]:
    """One RenameUserid per step from the first userid to the last."""
    return tuple(
        Decision(
            name=DecisionName.RENAME_USERID,
            key=member_key(old),
            before={"userid": old},
            after={"userid": new},
            reason=reason,
        )
        for old, new in pairwise(path)
    )


def _add(observed: Member, *, reason: Reason) -> Decision:
    return Decision(
        name=DecisionName.ADD_MEMBER,
        key=member_key(observed.userid),
        before={},
        after=member_fields(observed) | _state(MemberState.ACTIVE, None),
        reason=reason,
    )


def _take_back(
    stored: StoredMember, observed: Member, *, reason: Reason, returning: ReturnProof
) -> Decision:
    if is_handed_on(stored, observed):
        return _add(observed, reason=reason)
    if stored.removal is RemovalCause.SCOPE:
        return _restore(stored, observed, reason=Reason.RETURNED_TO_SCOPE)
    if returning is ReturnProof.PROVEN:
        return _restore(stored, observed, reason=Reason.RETURNED_PROVEN)
    return _add(observed, reason=Reason.RETURNED_UNPROVEN)


def _restore(stored: StoredMember, observed: Member, *, reason: Reason) -> Decision:
    return Decision(
        name=DecisionName.RESTORE_MEMBER,
        key=member_key(observed.userid),
        before=member_fields(stored.member)
        | _state(MemberState.REMOVED, stored.removal),
        after=member_fields(observed) | _state(MemberState.ACTIVE, None),
        reason=reason,
    )


def _differences(
    stored: Member, observed: Member, *, reason: Reason
) -> tuple[Decision, ...]:
    old, new = member_fields(stored), member_fields(observed)
    renames: tuple[Decision, ...] = ()
    if stored.userid != observed.userid:
        renames = rename_userid((stored.userid, observed.userid), reason=reason)
    changed = {name for name in new if old[name] != new[name]}
    return renames + tuple(
        Decision(
            name=name,
            key=member_key(observed.userid),
            before={field: old[field] for field in fields},
            after={field: new[field] for field in fields},
            reason=reason,
        )
        for name, fields in _kinds(changed, new)
    )


def _kinds(
    changed: set[str], new: Fields
) -> list[tuple[DecisionName, tuple[str, ...]]]:
    """The kinds of difference with the fields that each one carries."""
    kinds = [
        (_placed(name, changed), tuple(each for each in fields if each in changed))
        for name, fields in _GROUPS
        if changed.intersection(fields)
    ]
    details: list[str] = sorted(changed & {"open_userid", "details"})
    if "employment" in changed:
        left = new["employment"] == "left"
        mark = DecisionName.MARK_LEFT if left else DecisionName.MARK_WORKING
        kinds.append((mark, ("activation", "employment")))
    elif "activation" in changed:
        # Pending to active, say: told apart by WeCom, the same to the company.
        details.append("activation")
    if details:
        kinds.append((DecisionName.SET_DETAILS, tuple(details)))
    return kinds


def _placed(name: DecisionName, changed: set[str]) -> DecisionName:
    """The same departments in another order are no move."""
    if name is DecisionName.MOVE_MEMBER and "departments" not in changed:
        return DecisionName.REORDER_MEMBER
    return name


def _state(state: MemberState, removal: RemovalCause | None) -> dict[str, Json]:
    return {
        "state": state.value,
        "removal": None if removal is None else removal.value,
    }
