"""What of people's statements about a link still counts."""

import pytest

from domain.ids import AccountId
from domain.links.claims import ClaimKind, LinkClaim, Said, weigh
from domain.links.links import LinkReason

A, B = AccountId("a"), AccountId("b")


def proved(account_id: AccountId) -> LinkClaim:
    return LinkClaim(kind=ClaimKind.PROVED, account_id=account_id)


def left(account_id: AccountId) -> LinkClaim:
    return LinkClaim(kind=ClaimKind.UNLINKED, account_id=account_id)


def chose(account_id: AccountId | None) -> LinkClaim:
    return LinkClaim(kind=ClaimKind.RESOLVED, account_id=account_id)


WISH = LinkClaim(kind=ClaimKind.CREATE)


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ([], Said()),
        ([proved(A)], Said(proved=A)),
        ([proved(A), proved(B)], Said(proved=B)),
        ([proved(A), chose(B)], Said(resolved=B)),
        ([WISH], Said(wish=LinkReason.OWN_WISH)),
        ([chose(None)], Said(wish=LinkReason.RESOLVED)),
        ([left(A)], Said(unlinked=frozenset({A}))),
        # The newest about an account decides whether it was left.
        ([left(A), proved(A)], Said(proved=A)),
        ([proved(A), left(A)], Said(unlinked=frozenset({A}))),
        # What they proved stays proved when they leave another account.
        ([proved(A), left(B)], Said(proved=A, unlinked=frozenset({B}))),
        # The account that was left may be the one that was wished for.
        ([WISH, left(B)], Said(unlinked=frozenset({B}))),
        ([left(B), WISH], Said(wish=LinkReason.OWN_WISH, unlinked=frozenset({B}))),
    ],
)
def test_what_was_said_last_counts(claims: list[LinkClaim], said: Said) -> None:
    assert weigh(claims) == said
