"""People of the org whom a full read did not show: asked one by one, then judged."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from domain.events.event_testimony import deleted_of, was_replaced
from domain.events.fold import FoldedMail
from domain.events.lateness import AnswerSight
from domain.ids import Key, OpenUserid, Userid, split_key
from domain.org.fields import member_from_fields
from domain.org.identity import seen_as
from domain.org.org import Department, Member, MemberState, StoredMember
from domain.org.scope import AuthMode, Usable
from domain.org.tree import Tree
from domain.reconcile.leavers import MEMBER_AUTH, Listing, Undecided, Verdict
from domain.reconcile.renames import Rename, former_names, new_names, respelt
from store.database import Pool, transaction
from store.org import members
from store.runs import staging
from store.runs.runs import Run
from store.runs.staging import Page
from wecom.errors import Unavailable
from workers.answers.questions import Inquiry
from workers.calls.concurrency_limit import Widths
from workers.calls.corp_api import CorpApi
from workers.events.affected import active_of
from workers.org.bearers import Bearers, find_bearers
from workers.org.leavers import Candidates, confirm_leavers
from workers.runs.oddities import list_odd, without_shown
from workers.runs.snapshot import TWICE, Snapshot
from workers.runs.unsettled import Unsettled

# How the pages of a read begin: everybody in a department, and one person.
_DEPARTMENT = "department:"
_MEMBER = "member:"
# Stands for whichever lists have named somebody, beside the lists of departments.
_NAMED = "named"


@dataclass(frozen=True, slots=True, kw_only=True)
class Absences:
    """What became of the absent: shown after all, renamed, or judged.

    Shape: `stored` who they are, by their userid of now; `handed_on` userids that are
        another person's now, `awaited` people about whom mail waits that says
        otherwise; `deleted` tombstones of whom events say so; `questions` is how many
        had to be asked singly; `odd` of which keys of the read nothing usable was
        said, neither by a page nor singly.
    """

    shown: tuple[Member, ...] = ()
    renames: tuple[Rename, ...] = ()
    verdicts: Mapping[Userid, Verdict] = field(default_factory=dict)
    stored: Mapping[Userid, StoredMember] = field(default_factory=dict)
    handed_on: frozenset[Userid] = frozenset()
    awaited: frozenset[Userid] = frozenset()
    deleted: frozenset[Userid] = frozenset()
    questions: int = 0
    odd: Mapping[Key, Unavailable] = field(default_factory=dict)

    @property
    def undecided(self) -> dict[Userid, Undecided]:
        """Those whose absence was not confirmed, so that they stay, and why not."""
        return {
            who: each
            for who, each in self.verdicts.items()
            if isinstance(each, Undecided)
        }


def look_for(
    pool: Pool,
    run: Run,
    *,
    api: CorpApi,
    at_once: Widths,
    snapshot: Snapshot,
    listed: Sequence[Department],
    unsettled: Unsettled,
    agreed: frozenset[Userid],
) -> Absences:
    """Ask for everybody whom the read did not show, and for second answers.

    Shape: `agreed` were lost by an earlier read of the sets as well.
    """
    search = _Search(
        pool,
        run,
        snapshot=snapshot,
        listed=listed,
        unsettled=unsettled,
        agreed=agreed,
    )
    if not search.people:
        return Absences(odd=search.odd)
    inquiry = Inquiry(api, at_once=at_once)
    inquiry.recall(scope=snapshot.scope, listings=_listings(search.pages, search.odd))
    usable = snapshot.usable(listed)
    if (
        not usable.by_department
        and not usable.by_member
        and usable.auth_mode != AuthMode.MEMBER
    ):
        # With nothing in scope there is no better control than get_permissions, which
        # this run has asked with the corp's own token.
        inquiry.control_answered = True
    return search.look(inquiry)


def _listings(pages: Mapping[str, Page], odd: Iterable[Key]) -> dict[str, Listing]:
    """What the read can prove: whom its lists do not show, that is none of the absent.

    Only those who authorised the app were named by a list and may yet be absent.
    """
    # Whoever is named in an odd row, or in one that user/get does not bear out, is on
    # some list, and so missing from none.
    named = frozenset(
        Userid(split_key(key)[1]) for key in odd if split_key(key)[0] == "member"
    ).union(
        Userid(name.removeprefix(TWICE))
        for name, page in pages.items()
        if name.startswith(TWICE) and not page.rows
    )
    listings = {
        # An empty page may be a failed answer: it is asked again before it counts.
        name: Listing(complete=True, userids=named)
        for name, page in pages.items()
        if name.startswith(_DEPARTMENT) and page.complete and page.rows
    }
    authorised = frozenset(
        Userid(name.removeprefix(_MEMBER)) for name in pages if name.startswith(_MEMBER)
    )
    if MEMBER_AUTH in pages and authorised:
        complete = pages[MEMBER_AUTH].complete
        listings[MEMBER_AUTH] = Listing(complete=complete, userids=authorised)
    if named:
        listings[_NAMED] = Listing(complete=False, userids=named)
    return listings


class _Search:
    """The people of one read who have to be looked for, and what comes of it."""

    def __init__(
        self,
        pool: Pool,
        run: Run,
        *,
        snapshot: Snapshot,
        listed: Sequence[Department],
        unsettled: Unsettled,
        agreed: frozenset[Userid],
    ) -> None:
        self._agreed = agreed
        self._pool = pool
        self._run = run
        self._snapshot = snapshot
        self._tree = Tree.of(listed)
        self._unsettled = unsettled
        with transaction(pool) as connection:
            absent = staging.list_absentees(connection, run.run_id, run.corp_pk)
            handed_on = staging.list_handed_on(connection, run.run_id, run.corp_pk)
            self.pages = staging.list_pages(connection, run.run_id)
            self.odd = list_odd(connection, run.run_id)
        self._absent = frozenset(absent)
        remembered = unsettled.people()
        staged = self._staged(remembered)
        self._handed_on = frozenset(handed_on) | self._replaced(staged)
        # Somebody may be remembered who is active no more, or never was.
        self._remembered = remembered - staged.keys()
        self.people = self._absent | self._handed_on | self._remembered

    def look(self, inquiry: Inquiry) -> Absences:
        """Ask for them, and judge."""
        batch = self._unsettled.said_of(self.people)
        named = {each.new for each in batch.claims}
        shown = self._staged(self._handed_on | named)
        inquiry.ask_members(
            (self._absent | self._remembered | named) - shown.keys() - self._handed_on
        )
        stored = self._stored_of(self.people | named)
        bearing = [each.open_userid for each in shown.values()]
        shown |= self._staged_as(
            [*(each.member.open_userid for each in stored), *bearing]
        )
        answers = shown | inquiry.answers
        usable = self._snapshot.usable_anew(self._tree, {})
        late = self._unsettled.late_people(
            self._absent,
            answers={who: usable.grounded(each) for who, each in answers.items()},
            sight=replace(self._sight(usable), hidden=inquiry.hidden),
        )
        holders = self._stored_of(answers.keys())
        bearers = find_bearers(
            inquiry,
            answers=answers,
            stored=[
                each
                for each in stored
                if each.member.userid in self.people - late
                or each.state is MemberState.REMOVED
            ],
            holders=active_of(holders),
            claims=(*batch.claims, *respelt(inquiry.spelt, active_of(stored), answers)),
            said=batch.said,
            late={},
            odd=self.odd,
        )
        return self._conclude(inquiry, batch, bearers, late=late, stored=stored)

    def _conclude(
        self,
        inquiry: Inquiry,
        batch: FoldedMail,
        bearers: Bearers,
        *,
        late: frozenset[Userid],
        stored: Sequence[StoredMember],
    ) -> Absences:
        names = new_names(bearers.renames)
        usable = self._snapshot.usable_anew(self._tree, names)
        grounded = inquiry.grounded(usable)
        shown = {
            who: each
            for who, each in grounded.items()
            if each.grounds and who not in late and who not in bearers.verdicts
        }
        staged = self._staged(bearers.stored)
        absent = {
            who: each
            for who, each in bearers.stored.items()
            if who not in shown and who not in staged and who not in late
        }
        return Absences(
            shown=tuple(shown.values()),
            renames=bearers.renames,
            verdicts={
                **self._verdicts(
                    inquiry, batch, absent, usable=usable, bearers=bearers
                ),
                **bearers.verdicts,
            },
            stored={
                each.member.userid: each
                for each in (*stored, *bearers.stored.values())
                if each.state is MemberState.ACTIVE
            },
            handed_on=self._handed_on,
            awaited=late,
            deleted=_deleted(batch, stored, inquiry),
            questions=len(inquiry.answers) + len(inquiry.refusals),
            odd=without_shown({**self.odd, **inquiry.troubles.of}, grounded),
        )

    def _verdicts(
        self,
        inquiry: Inquiry,
        batch: FoldedMail,
        absent: Mapping[Userid, StoredMember],
        *,
        usable: Usable,
        bearers: Bearers,
    ) -> Mapping[Userid, Verdict]:
        names = new_names(bearers.renames)
        refused = absent.keys() & inquiry.refusals.keys()
        batch = self._unsettled.still_said(batch, refused)

        def now(userids: Iterable[Userid]) -> frozenset[Userid]:
            return frozenset(names.get(each, each) for each in userids)

        if not absent:
            return {}
        read = self._staged_as([each.member.open_userid for each in absent.values()])
        candidates = Candidates(
            stored=absent,
            deleted=deleted_of(batch.said, absent),
            unsubscribed=now(batch.unsubscribed),
            placeless=now(batch.placeless),
            statuses={
                names.get(who, who): each for who, each in batch.statuses.items()
            },
            permissions=self._snapshot.permissions,
            agreed=self._agreed,
            seen=seen_as([*inquiry.answers.values(), *read.values()]),
            former=former_names(bearers.renames),
        )
        return confirm_leavers(inquiry, candidates, usable=usable, tree=self._tree)

    def _sight(self, usable: Usable) -> AnswerSight:
        return AnswerSight(
            auth_mode=usable.auth_mode,
            listed=frozenset(self._tree.parents),
            usable=usable.departments,
        )

    def _replaced(self, staged: Mapping[Userid, Member]) -> frozenset[Userid]:
        """Those of the read who bear the userid of somebody said to be deleted."""
        if not staged:
            return frozenset()
        said = self._unsettled.said_of(staged.keys()).said
        active = active_of(self._stored_of(staged.keys()))
        return frozenset(
            who
            for who, each in staged.items()
            if who in active
            and was_replaced(said.get(who, ()), active[who].member, each)
        )

    def _stored_of(self, userids: Collection[Userid]) -> list[StoredMember]:
        with transaction(self._pool) as connection:
            return members.list_known(connection, self._run.corp_pk, userids)

    def _staged(self, userids: Collection[Userid]) -> dict[Userid, Member]:
        """Those of these whom the read has shown."""
        if not userids:
            return {}
        with transaction(self._pool) as connection:
            rows = staging.get_members(connection, self._run.run_id, userids)
        return {who: member_from_fields(who, value) for who, value in rows.items()}

    def _staged_as(
        self, open_userids: Iterable[OpenUserid | None]
    ) -> dict[Userid, Member]:
        """People of the read who are one of these, under whichever userid."""
        wanted = [str(each) for each in open_userids if each is not None]
        if not wanted:
            return {}
        with transaction(self._pool) as connection:
            found = staging.list_bearers(connection, self._run.run_id, wanted)
        return self._staged(found)


def _deleted(
    batch: FoldedMail, stored: Sequence[StoredMember], inquiry: Inquiry
) -> frozenset[Userid]:
    """Whom events say to be deleted, of those who were taken for out of scope."""
    active = active_of(stored)
    removed = {
        each.member.userid: each
        for each in stored
        if each.state is MemberState.REMOVED and each.member.userid not in active
    }
    return deleted_of(batch.said, removed) & inquiry.refusals.keys()
