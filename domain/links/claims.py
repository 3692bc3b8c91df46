"""What people said about one member's link, and what of it still counts."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from domain.ids import AccountId
from domain.links.links import LinkReason


class ClaimKind(StrEnum):
    """What can be said."""

    PROVED = "proved"  # The member signed in to the account.
    CREATE = "create"  # The member wants an account of their own.
    RESOLVED = "resolved"  # The match desk chose: this account, or a new one.
    UNLINKED = "unlinked"  # The member is not this account.


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkClaim:
    """One statement; without an account it is about a new one."""

    kind: ClaimKind
    account_id: AccountId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What counts of all that was said; of the first three at most one is there."""

    proved: AccountId | None = None
    resolved: AccountId | None = None
    wish: LinkReason | None = None
    unlinked: frozenset[AccountId] = frozenset()


def weigh(claims: Iterable[LinkClaim]) -> Said:
    """What counts of statements, given in the order in which they were made.

    The newest about an account decides whether it was left. The newest about what the
    member is decides that, until this very account is left; a new account is wished
    for until any link is undone, for that may have been the one.
    """
    unlinked: set[AccountId] = set()
    last: LinkClaim | None = None
    for claim in claims:
        if claim.kind is ClaimKind.UNLINKED:
            if claim.account_id is not None:
                unlinked.add(claim.account_id)
            if last is not None and last.account_id in {None, claim.account_id}:
                last = None
        else:
            last = claim
            if claim.account_id is not None:
                unlinked.discard(claim.account_id)
    return _said(last, frozenset(unlinked))


def _said(last: LinkClaim | None, unlinked: frozenset[AccountId]) -> Said:
    if last is None:
        return Said(unlinked=unlinked)
    by_desk = last.kind is ClaimKind.RESOLVED
    if last.account_id is None:
        reason = LinkReason.RESOLVED if by_desk else LinkReason.OWN_WISH
        return Said(wish=reason, unlinked=unlinked)
    if by_desk:
        return Said(resolved=last.account_id, unlinked=unlinked)
    return Said(proved=last.account_id, unlinked=unlinked)
