"""Gathers what decides about links: the people, their rivals, and the accounts."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from domain.ids import AccountId, CompanyId, MemberPk, Userid
from domain.links.accounts import Account
from domain.links.claims import LinkClaim, Said, weigh
from domain.links.links import Link, LinkState, Person
from store.database import Connection
from store.links import evidence as link_evidence
from store.links import link_claims, links
from store.links.evidence import Hit
from store.links.links import LinkRow
from store.org.corps import Corp
from store.retention import purge, withdrawn_links
from store.sealing import Keyring, pseudonym


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """People who are decided about together, and all that has to do with them.

    Shape: `rows` are their links as they are stored; `new` are those who have none yet.
    """

    people: tuple[Person, ...]
    rows: dict[MemberPk, LinkRow]
    new: frozenset[MemberPk]
    accounts: tuple[Account, ...]
    holders: dict[AccountId, MemberPk]


class EvidenceLoader:
    """The evidence of one corp's members, as it is in one transaction."""

    def __init__(
        self,
        connection: Connection,
        corp: Corp,
        company_id: CompanyId,
        *,
        keyring: Keyring,
    ) -> None:
        self._connection = connection
        self._corp = corp
        self._company_id = company_id
        self._keyring = keyring
        self._rows: dict[MemberPk, LinkRow] = {}
        self._people: dict[MemberPk, Person] = {}
        self._accounts: dict[AccountId, Account] = {}

    def gather(self, member_pks: Collection[MemberPk]) -> Crowd:
        """These members, and everybody who has a claim to the same accounts.

        Shape: whoever is linked already is left out.
        """
        wanted = set(member_pks)
        while wanted:
            people = self._add(self._open_rows(wanted))
            mobiles = _mobiles(people)
            found = link_evidence.list_accounts(
                self._connection,
                self._company_id,
                ids=_named(people),
                mobiles=mobiles,
                emails={each.email for each in people if each.email},
            )
            self._accounts |= {each.account_id: each for each in found}
            rivals = link_evidence.list_rivals(
                self._connection,
                self._corp.corp_pk,
                mobiles=mobiles | {each.mobile for each in found if each.mobile},
                account_ids=[each.account_id for each in found],
            )
            wanted = rivals - self._people.keys()
        return Crowd(
            people=tuple(self._people.values()),
            rows=self._rows,
            new=frozenset(pk for pk, each in self._rows.items() if each.since is None),
            accounts=tuple(self._accounts.values()),
            holders=link_evidence.list_holders(
                self._connection, self._company_id, self._accounts.keys()
            ),
        )

    def _open_rows(self, member_pks: Collection[MemberPk]) -> list[LinkRow]:
        rows = links.list_rows(self._connection, self._corp.corp_pk, member_pks)
        return [
            each
            for each in rows
            if each.link.state is not LinkState.LINKED or not each.holds
        ]

    def _add(self, rows: list[LinkRow]) -> list[Person]:
        """Take these people in, with what was said and found out about them."""
        self._rows |= {each.member_pk: each for each in rows}
        pks = [each.member_pk for each in rows]
        corp_pk = self._corp.corp_pk
        claims = link_claims.list_claims(self._connection, corp_pk, pks)
        hits: dict[MemberPk, list[Hit]] = defaultdict(list)
        for hit in link_evidence.list_hits(self._connection, corp_pk, pks):
            hits[hit.member_pk].append(hit)
        returned = link_evidence.list_returned(
            self._connection, corp_pk, [each.userid for each in rows]
        )
        before = self._before_withdrawal(rows)
        people = [
            _person(
                row,
                said=_said(claims.get(row.member_pk, ())),
                hits=hits.get(row.member_pk, ()),
                returned_to=returned.get(row.userid),
                before=before.get(row.userid, _NOTHING_BEFORE),
            )
            for row in rows
        ]
        self._people |= {each.member_pk: each for each in people}
        return people

    def _before_withdrawal(self, rows: list[LinkRow]) -> dict[Userid, "Before"]:
        """What the same people were to accounts before their corp withdrew."""
        if not link_evidence.has_former(self._connection, self._company_id):
            return {}
        key = purge.obtain_pseudonym_key(self._connection, self._keyring)
        hide = partial(pseudonym, key, corp_id=self._corp.corp_id)
        hidden = {each.userid: hide(name=each.userid) for each in rows}
        persons = {
            hidden[each.userid]: each.open_userid and hide(name=each.open_userid)
            for each in rows
        }
        former = withdrawn_links.list_former(
            self._connection, self._company_id, persons
        )
        left = withdrawn_links.list_left(self._connection, self._company_id, persons)
        return {
            userid: Before(former=former.get(name), left=left.get(name, frozenset()))
            for userid, name in hidden.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a member was linked to, and had left, before their corp withdrew."""

    former: AccountId | None = None
    left: frozenset[AccountId] = frozenset()


# Of nearly everybody, so that they are made once and not for each.
_NOTHING_BEFORE, _NOTHING_SAID, _NO_LINK = Before(), Said(), Link()


def _said(claims: Sequence[LinkClaim]) -> Said:
    return weigh(claims) if claims else _NOTHING_SAID


def _person(
    row: LinkRow,
    *,
    said: Said,
    hits: Sequence[Hit],
    returned_to: AccountId | None,
    before: Before,
) -> Person:
    is_lost = row.link.state is LinkState.LINKED
    chosen = {said.proved, said.resolved}
    return Person(
        member_pk=row.member_pk,
        userid=row.userid,
        mobile=row.mobile,
        email=row.email,
        asked=frozenset(each.mobile for each in hits),
        link=_NO_LINK if is_lost else row.link,
        unlinked=said.unlinked | (before.left - chosen),
        proved=said.proved,
        resolved=said.resolved,
        wish=said.wish,
        returned_to=returned_to,
        former=before.former,
        lost=row.link.account_id if is_lost else None,
        waiting_since=row.since if row.link.state is LinkState.NONE else None,
        silent=row.silent,
        activated=row.activated,
    )


def _mobiles(people: Iterable[Person]) -> set[str]:
    return {mobile for each in people for mobile in each.mobiles}


def _named(people: Iterable[Person]) -> set[str]:
    """The accounts that their statements and former links name."""
    return {
        account_id
        for each in people
        for account_id in (
            *each.unlinked,
            *(evidence.account_id for evidence in each.link.evidence),
            each.proved,
            each.resolved,
            each.returned_to,
            each.former,
            each.lost,
        )
        if account_id is not None
    }
