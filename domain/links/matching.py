"""Accounts by what matches them, and who else may lay claim to each."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from domain.ids import AccountId, MemberPk
from domain.links.accounts import Account
from domain.links.links import Agreement, LinkEvidence, LinkReason, LinkState, Person

_MemberSets = Mapping[str, frozenset[MemberPk]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchableAccounts:
    """Accounts by what matches them, and who else has a claim to each.

    Shape: `claims`: by account, whose mobile it has or who proved it; `proofs`: who
        proved it or was given it, `verdicts`: whom the match desk gave it; `owners`:
        by mobile, who shows it.
    """

    by_id: Mapping[AccountId, Account]
    by_mobile: Mapping[str, Sequence[Account]]
    by_email: Mapping[str, Sequence[Account]]
    holders: Mapping[AccountId, MemberPk]
    proofs: _MemberSets
    verdicts: _MemberSets
    claims: _MemberSets
    owners: _MemberSets

    def account(self, account_id: AccountId) -> Account:
        """The account of this id, of which nothing may be known."""
        return self.by_id.get(account_id, Account(account_id=account_id))

    def obstacle(self, person: Person, account_id: AccountId) -> LinkReason | None:
        """What keeps a machine from giving this account to this person."""
        if self.is_held(person, account_id):
            return LinkReason.HELD_BY_ANOTHER
        if self.claims.get(account_id, frozenset()) - {person.member_pk}:
            return LinkReason.SEVERAL_MEMBERS
        return None

    def with_mobile(self, person: Person) -> Sequence[Account]:
        """The accounts that have a mobile of theirs, as far as that proves anything."""
        return [
            account
            for each in sorted(person.mobiles)
            for account in self.by_mobile.get(each, ())
            if _counts(person, account)
        ]

    def with_email(self, person: Person) -> Sequence[Account]:
        """The accounts that have their e-mail, as far as they may be suggested."""
        if not person.email:
            return ()
        found = self.by_email.get(person.email, ())
        return [each for each in found if person.activated or not each.foreign]

    def is_registered(self, person: Person) -> bool:
        """Whether any account has a mobile or the e-mail that is shown of them."""
        by_email = self.by_email.get(person.email or "", ())
        return bool(by_email) or bool(self.by_mobile.get(person.mobile or "", ()))

    def rivals(self, person: Person, account_id: AccountId) -> frozenset[MemberPk]:
        """Who else was found to be this account by people; the desk overrules."""
        chosen = self.verdicts.get(account_id) or self.proofs.get(account_id)
        return (chosen or frozenset()) - {person.member_pk}

    def is_held(self, person: Person, account_id: AccountId) -> bool:
        """Whether another active member is linked to this account."""
        return self.holders.get(account_id, person.member_pk) != person.member_pk

    def evidence(
        self, person: Person, accounts: Iterable[Account]
    ) -> tuple[LinkEvidence, ...]:
        """What speaks for and against each account, ascending by id."""
        unique = {each.account_id: each for each in accounts}
        return tuple(self._one(person, unique[each]) for each in sorted(unique))

    def _one(self, person: Person, account: Account) -> LinkEvidence:
        account_id = account.account_id
        holder = self.holders.get(account_id)
        rivals = self.claims.get(account_id, frozenset()) - {person.member_pk}
        return LinkEvidence(
            account_id=account_id,
            mobile=_compare(person.mobile, account.mobile),
            email=_compare(person.email, account.email),
            asked=account.mobile in person.asked,
            proved=account_id == person.proved,
            unlinked=account_id in person.unlinked,
            returned=account_id == person.returned_to,
            held_by=None if holder == person.member_pk else holder,
            claimed_by=tuple(sorted(rivals)),
        )


def know(
    people: Iterable[Person],
    *,
    accounts: Iterable[Account],
    holders: Mapping[AccountId, MemberPk],
) -> MatchableAccounts:
    """All that these people, taken together, have to do with these accounts."""
    people, by_id = list(people), {each.account_id: each for each in accounts}
    ordered = [by_id[each] for each in sorted(by_id)]
    by_mobile = _group((each.mobile, each) for each in ordered)
    open_to = [each for each in people if each.link.state is not LinkState.LINKED]
    proofs = [(each.chosen, each.member_pk) for each in open_to if each.chosen]
    # Whom the desk gives an account of their own searches for none.
    searching = [
        each
        for each in open_to
        if each.chosen is None and each.wish is not LinkReason.RESOLVED
    ]
    return MatchableAccounts(
        by_id=by_id,
        by_mobile=by_mobile,
        by_email=_group((each.email, each) for each in ordered),
        holders={**holders, **_held(people)},
        proofs=_sets(proofs),
        verdicts=_sets(
            (each.resolved, each.member_pk) for each in open_to if each.resolved
        ),
        claims=_sets([*proofs, *_mobile_claims(searching, by_mobile)]),
        owners=_sets(
            (mobile, each.member_pk) for each in searching for mobile in each.mobiles
        ),
    )


def _held(people: Iterable[Person]) -> dict[AccountId, MemberPk]:
    return {
        each.link.account_id: each.member_pk
        for each in people
        if each.link.state is LinkState.LINKED and each.link.account_id is not None
    }


def _mobile_claims(
    people: Iterable[Person], by_mobile: Mapping[str, Sequence[Account]]
) -> Iterator[tuple[AccountId, MemberPk]]:
    for person in people:
        for mobile in person.mobiles:
            for account in by_mobile.get(mobile, ()):
                # Whoever left an account does not stand in another's way, nor does
                # what an admin typed stand in a stranger's.
                unlinked = account.account_id in person.unlinked
                if not unlinked and _counts(person, account):
                    yield account.account_id, person.member_pk


def _group(
    pairs: Iterable[tuple[str | None, Account]],
) -> dict[str, list[Account]]:
    """The accounts by key, in order; those without a key are left out."""
    groups: dict[str, list[Account]] = defaultdict(list)
    for key, account in pairs:
        if key:
            groups[key].append(account)
    return dict(groups)


def _sets(pairs: Iterable[tuple[str, MemberPk]]) -> _MemberSets:
    sets: dict[str, set[MemberPk]] = defaultdict(set)
    for key, member_pk in pairs:
        sets[key].add(member_pk)
    return {key: frozenset(members) for key, members in sets.items()}


def _counts(person: Person, account: Account) -> bool:
    """Whether an equal mobile makes this account the person's.

    WeCom is asked about the company's accounts alone, and what an admin typed for
    somebody who never signed in proves nothing about a stranger.
    """
    return not account.foreign or (person.activated and person.mobile is not None)


def _compare(of_member: str | None, of_account: str | None) -> Agreement:
    if of_member is None:
        return Agreement.NOT_VISIBLE
    if not of_member:
        return Agreement.MEMBER_HAS_NONE
    if not of_account:
        return Agreement.ACCOUNT_HAS_NONE
    return Agreement.EQUAL if of_member == of_account else Agreement.DIFFERS
