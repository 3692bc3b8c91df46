"""Links members with accounts: gathers, decides, and keeps what comes of it."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from domain.decisions import Decision, DecisionName
from domain.ids import AccountId, CompanyId, MemberPk, split_key
from domain.links.claims import weigh
from domain.links.linking import LONGEST_WAIT, Rules, decide_links, unlink
from domain.links.links import (
    CompanyOrigin,
    Link,
    LinkReason,
    LinkState,
    Person,
    Unmatched,
)
from store.database import Connection, Pool, transaction
from store.links import link_claims, links, lookups, memberships
from store.links.links import LinkRow
from store.links.lookups import LookupBudget
from store.org import companies
from store.org.corps import Corp
from store.platform import schedule
from workers.links.evidence import Crowd, EvidenceLoader
from workers.links.outcomes import keep
from workers.runtime import Runtime

# Carries out what a page decides, in a transaction of its own.
Commit = Callable[[Callable[[Connection], list[Decision]]], None]

# As many as a page of a run has, for the same reasons.
_PAGE_MEMBERS = 2_000
# After these a member may be another account than before.
_TELLING = {
    DecisionName.ADD_MEMBER,
    DecisionName.RESTORE_MEMBER,
    DecisionName.RENAME_USERID,
    DecisionName.SET_DETAILS,
    DecisionName.MARK_WORKING,
}
# These change what a link means for the company; who is new has none.
_FOLLOWED = _TELLING - {DecisionName.ADD_MEMBER} | {
    DecisionName.MARK_LEFT,
    DecisionName.REMOVE_MEMBER,
}
_UNLINKED = Link(state=LinkState.UNLINKED, reason=LinkReason.UNLINKED_BY_PERSON)


class Linker:
    """The links of one corp, with the rules of its company."""

    def __init__(self, runtime: Runtime, corp: Corp) -> None:
        self._corp = corp
        self._corp_pk = corp.corp_pk
        self._keyring = runtime.keyring
        self._unmatched = runtime.settings.unmatched
        self._standing: LookupBudget | None = None

    def follow(
        self, connection: Connection, decisions: Sequence[Decision]
    ) -> list[Decision]:
        """What decisions about members mean for links, in their own transaction.

        Memberships follow their members, and whoever may be another account now is
        examined.
        """
        touched = _userids(decisions, names=_FOLLOWED)
        told = _userids(decisions, names=_TELLING)
        if not touched and not told:
            return []
        freed = _let_go(decisions)
        if touched:
            freed += memberships.follow(connection, self._corp_pk, touched)
        pks = links.find_pks(connection, self._corp_pk, told)
        pks += links.list_conflicts(connection, self._corp_pk, freed)
        return self.examine(connection, member_pks=pks)

    def follow_later(
        self, connection: Connection, decisions: Sequence[Decision]
    ) -> None:
        """The same for a page of a run, which examines all such people at its end."""
        touched = _userids(decisions, names=_FOLLOWED)
        if touched:
            memberships.follow(connection, self._corp_pk, touched)
            links.note_stale(connection, self._corp_pk, touched)

    def follow_everybody(self, connection: Connection) -> list[Decision]:
        """Memberships that disagree with their members are put right; nothing else."""
        memberships.follow(connection, self._corp_pk, None)
        return []

    def catch_up(self, pool: Pool, commit: Commit) -> None:
        """Examine everybody whose link might be another now, page by page.

        Repeats: harmless; a second time finds who still waits or is in conflict, and
        nothing to change about them.
        """
        with transaction(pool) as connection:
            company = self._company(connection)
            is_over = company and not self._may_find(connection, company)
        after = MemberPk(0)
        while company is not None:
            with transaction(pool) as connection:
                page = links.list_candidates(
                    connection,
                    self._corp_pk,
                    after=after,
                    limit=_PAGE_MEMBERS,
                    waits_over=bool(is_over),
                    longest_wait=LONGEST_WAIT,
                    creates=company.creates,
                )
                if len(page) == _PAGE_MEMBERS and after == 0:
                    links.analyse(connection)
            if not page:
                return
            commit(partial(self.examine, member_pks=page))
            after = page[-1]

    def examine(
        self, connection: Connection, *, member_pks: Collection[MemberPk]
    ) -> list[Decision]:
        """Decide about these members and whoever has a claim to the same accounts.

        Repeats: who is as decided already is left alone.
        """
        company = self._company(connection)
        if company is None or not member_pks:
            return []
        decisions, freed = self._unlink(connection, company, member_pks)
        about = [
            *member_pks,
            *links.list_conflicts(connection, self._corp_pk, freed),
        ]
        gathering = EvidenceLoader(
            connection, self._corp, company.company_id, keyring=self._keyring
        )
        crowd = gathering.gather(about)
        outcomes = decide_links(
            crowd.people,
            accounts=crowd.accounts,
            holders=crowd.holders,
            rules=self._rules(connection, company, crowd),
        )
        decisions += keep(
            connection, self._corp_pk, company.company_id, crowd, outcomes
        )
        examined = [*member_pks, *outcomes]
        links.note_examined(
            connection,
            self._corp_pk,
            [pk for pk in examined if pk not in crowd.new],
        )
        link_claims.note_taken(connection, self._corp_pk, examined)
        return decisions

    def _company(self, connection: Connection) -> "_Company | None":
        company_id = self._corp.company_id
        company = company_id and companies.find_company(connection, company_id)
        if not company:
            return None
        return _Company(
            company_id=CompanyId(company.company_id),
            origin=CompanyOrigin(company.origin),
            unmatched=Unmatched(company.unmatched or self._unmatched),
        )

    def _unlink(
        self,
        connection: Connection,
        company: "_Company",
        member_pks: Collection[MemberPk],
    ) -> tuple[list[Decision], list[str]]:
        """End the links that people have undone; the decisions, and what came free."""
        claims = link_claims.list_claims(connection, self._corp_pk, member_pks)
        left = {pk: weigh(each).unlinked for pk, each in claims.items()}
        rows = links.list_rows(
            connection, self._corp_pk, [pk for pk, each in left.items() if each]
        )
        ended = [
            (person, decision)
            for person in (_linked_person(row, left[row.member_pk]) for row in rows)
            if (decision := unlink(person)) is not None
        ]
        if not ended:
            return [], []
        links.write(
            connection,
            self._corp_pk,
            company.company_id,
            [(person.member_pk, _UNLINKED) for person, _ in ended],
        )
        freed = [str(person.link.account_id) for person, _ in ended]
        return [decision for _, decision in ended], freed

    def _rules(
        self, connection: Connection, company: "_Company", crowd: Crowd
    ) -> Rules:
        unseen = any(
            each.mobile is None and each.chosen is None for each in crowd.people
        )
        return Rules(
            origin=company.origin,
            unmatched=company.unmatched,
            lookups_open=unseen and self._may_find(connection, company),
            now=schedule.get_now(connection),
        )

    def _may_find(self, connection: Connection, company: "_Company") -> bool:
        """Whether WeCom may still name a member for an account nobody is linked to."""
        if self._standing is None:
            # Counted once: among a hundred thousand it takes a while.
            self._standing = lookups.get_standing(connection, self._corp_pk)
        return lookups.is_open(
            connection, self._corp_pk, company.company_id, self._standing
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Company:
    """What of a company decides about links."""

    company_id: CompanyId
    origin: CompanyOrigin
    unmatched: Unmatched

    @property
    def creates(self) -> bool:
        """Whether members of whom nothing is seen get an account."""
        new = self.origin is CompanyOrigin.WECOM
        return new or self.unmatched is Unmatched.CREATE


def _userids(
    decisions: Iterable[Decision], *, names: Collection[DecisionName]
) -> list[str]:
    """Who these decisions are about, by their userid afterwards."""
    userids = {
        str(each.after["userid"])
        if each.name is DecisionName.RENAME_USERID
        else split_key(each.key)[1]
        for each in decisions
        if each.name in names
    }
    return sorted(userids)


def _let_go(decisions: Iterable[Decision]) -> list[AccountId]:
    """The accounts that links have named which ended because two people are one."""
    ended = [
        Link.from_json(link)
        for each in decisions
        if each.name is DecisionName.UNLINK
        and isinstance(link := each.before.get("link"), dict)
    ]
    named = {each.account_id for each in ended if each.account_id is not None}
    named |= {said.account_id for each in ended for said in each.evidence}
    return sorted(named)


def _linked_person(row: LinkRow, unlinked: frozenset[AccountId]) -> Person:
    return Person(
        member_pk=row.member_pk, userid=row.userid, link=row.link, unlinked=unlinked
    )
