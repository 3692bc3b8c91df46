"""Applies a complete read under the lease: what differs, page by page, then the end."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar
from uuid import UUID

from domain.decisions import Decision
from domain.events.lateness import AnswerSight
from domain.ids import Userid, member_key
from domain.org.fields import member_from_fields
from domain.org.org import Department, Member
from domain.org.scope import readable_departments
from domain.reasons import Reason
from domain.reconcile.leavers import LeftInPlace, Removal
from domain.reconcile.renames import new_names, tags_after
from domain.reconcile.testimony import kept
from domain.states import RunState
from store import statistics
from store.database import Connection, transaction
from store.inbox import mailboxes, settlement, testimony
from store.org import corps, departments, members
from store.org.corps import Corp
from store.runs import plans, reads, runs, staging, touched
from store.runs.runs import PLAN, Run
from workers.answers.spelling import SpellingApi
from workers.calls.call_count import CallCount
from workers.events.sync_batch import CONTACT_KINDS
from workers.links.linking import Linker
from workers.org.apply import Findings, apply_listing, apply_members, remove_unlisted
from workers.org.commit import Commits
from workers.org.guard import Gate, People, note_listed, note_shown
from workers.org.seen_members import StoredMembers
from workers.runs import oddities
from workers.runs.absentees import Absences, look_for
from workers.runs.catch_up import NOTHING_HEEDED, CatchUp, Heeded
from workers.runs.open_absences import look_later, note_doubts, tell_of_doubled
from workers.runs.reading.second_look import look_twice, lost_before
from workers.runs.scope_recheck import weigh_scope
from workers.runs.snapshot import Snapshot, least_calls
from workers.runs.unsettled import Unsettled
from workers.runtime import Runtime

Thing = TypeVar("Thing")

# Half as many statements and commits as pages of a thousand, for four MiB more.
_PAGE_MEMBERS = 2_000


class RunApplier:
    """One run's read, applied while the lease of the corp's mailbox is held."""

    def __init__(
        self,
        runtime: Runtime,
        run: Run,
        corp: Corp,
        *,
        api: SpellingApi,
        count: CallCount,
        lease: UUID,
        snapshot: Snapshot,
        heeded: Heeded = NOTHING_HEEDED,
    ) -> None:
        self._runtime = runtime
        self._run = run
        self._corp = corp
        self._api = api
        self._count = count
        self._snapshot = snapshot
        self._at_once = runtime.lanes.of(corp.corp_id)
        self._catch_up = CatchUp(
            runtime.pool, run, corp, api=api, at_once=self._at_once, heeded=heeded
        )
        data_key = runtime.data_key(corp)
        self._gate = Gate(
            corp,
            defaults=runtime.settings.guard,
            data_key=data_key,
            event_id=run.event_id,
        )
        self._linker = Linker(runtime, corp)
        self._unsettled = Unsettled(runtime.pool, corp)
        self._late: frozenset[Userid] = frozenset()
        self._doubled: set[Userid] = set()
        self._commits = Commits(runtime, run, corp, lease=lease, data_key=data_key)

    def apply(self) -> None:
        """Bring the org to the read, and end the run.

        Raises: Unavailable when staging does not hold what was read.
        """
        listed = self._read_up()
        usable = self._snapshot.usable(listed)
        self._sight = AnswerSight(
            auth_mode=usable.auth_mode,
            listed=frozenset(each.department_id for each in listed),
            usable=usable.departments,
        )
        shown: Sequence[Department] = readable_departments(
            listed=listed, usable=usable.departments
        )
        absences = look_for(
            self._runtime.pool,
            self._run,
            api=self._api,
            at_once=self._at_once,
            snapshot=self._snapshot,
            listed=listed,
            unsettled=self._unsettled,
            agreed=lost_before(self._snapshot),
        )
        self._snapshot, shown = look_twice(
            self._runtime.pool,
            self._run,
            self._snapshot,
            shown=shown,
            absences=absences,
        )
        self._commits.page(
            lambda connection: apply_listing(
                connection, self._corp.corp_pk, shown, reason=Reason.FULL_READ
            )
        )
        self._commits.turn_to(statistics.MEMBERS)
        self._late |= absences.awaited
        self._apply_renames(absences)
        self._apply_shown(absences.shown)
        self._apply_differing(absences.handed_on)
        people = self._pass_guard(shown, absences)
        self._apply_absences(absences, people)
        self._apply_handed_on(absences)
        self._commits.turn_to(statistics.LINKS)
        self._commits.page(self._linker.follow_everybody)
        self._linker.catch_up(self._runtime.pool, self._commits.page)
        self._end(shown, absences, people)

    def _read_up(self) -> list[Department]:
        """The departments of now; of what mail waits that says otherwise, as known."""
        snapshot, listed = self._catch_up.catch_up(self._snapshot)
        listed = self._unsettled.without_late(listed)
        tags = self._unsettled.tags_in_time(snapshot.tags)
        self._snapshot = self._catch_up.follow(snapshot, tags=tags, listed=listed)
        return listed

    def _apply_renames(self, absences: Absences) -> None:
        if absences.renames:
            self._apply(Findings(renames=absences.renames))

    def _apply_shown(self, shown: Sequence[Member]) -> None:
        for page in _pages(shown):
            self._apply(Findings(shown=tuple(page)))

    def _apply_differing(self, handed_on: Collection[Userid]) -> None:
        for page in self._differing():
            # Whoever has another's userid comes after that one has gone.
            bearers = [each for each in page if each.userid not in handed_on]
            self._apply(Findings(shown=self._in_time(bearers)))

    def _in_time(self, page: Sequence[Member]) -> tuple[Member, ...]:
        """Those of a page whom no waiting mail contradicts."""
        answers = {each.userid: each for each in page}
        late = self._unsettled.late_people(
            answers.keys(), answers=answers, sight=self._sight
        )
        self._late |= late
        return tuple(each for each in page if each.userid not in late)

    def _apply_handed_on(self, absences: Absences) -> None:
        """Whoever got the userid of somebody who had to go first."""
        if not absences.handed_on:
            return
        self._apply_renames(absences)
        with transaction(self._runtime.pool) as connection:
            rows = staging.get_members(connection, self._run.run_id, absences.handed_on)
        found = [member_from_fields(who, value) for who, value in rows.items()]
        self._apply(
            Findings(
                shown=tuple(
                    each for each in found if each.userid not in absences.undecided
                )
            )
        )

    def _differing(self) -> Iterator[Sequence[Member]]:
        """Pages of members that differ; the next one is read while one is written."""
        with ThreadPoolExecutor(1, thread_name_prefix="differing") as ahead:
            page = self._read_differing("")
            while page:
                full = len(page) == _PAGE_MEMBERS
                after = page[-1].userid
                following = ahead.submit(self._read_differing, after) if full else None
                yield page
                page = following.result() if following else []

    def _read_differing(self, after: str) -> Sequence[Member]:
        with transaction(self._runtime.pool) as connection:
            rows = staging.list_differing_members(
                connection,
                self._run.run_id,
                self._corp.corp_pk,
                after=after,
                limit=_PAGE_MEMBERS,
                deep=self._run.deep,
            )
        return [member_from_fields(userid, value) for userid, value in rows]

    def _pass_guard(self, shown: Sequence[Department], absences: Absences) -> People:
        """Weigh all leavers at once: the guard knows no pages."""
        with self._commits.writing() as connection:
            plans.close_staged(
                connection,
                self._run.corp_pk,
                self._run.run_id,
                # Whoever has their userid now does not bring the former bearer back.
                but=[member_key(each) for each in absences.handed_on],
            )
            note_shown(connection, self._corp, [each.userid for each in absences.shown])
            note_listed(connection, self._corp, shown)
            gone = [
                (who, each)
                for who, each in sorted(absences.verdicts.items())
                if isinstance(each, Removal)
            ]
            return self._gate.admit_people(connection, gone)

    def _apply_absences(self, absences: Absences, people: People) -> None:
        for page in _pages(people.leaving):
            self._apply(Findings(gone=tuple(page)))
        left = [
            (who, each.activation)
            for who, each in sorted(absences.verdicts.items())
            if isinstance(each, LeftInPlace)
        ]
        for some in _pages(left):
            self._apply(Findings(left=tuple(some)))
        if absences.deleted:
            self._apply(Findings(deleted=absences.deleted))

    def _apply(self, findings: Findings) -> None:
        def decide(connection: Connection) -> list[Decision]:
            corp_pk = self._corp.corp_pk
            known = StoredMembers.read(connection, corp_pk, findings.userids)
            decisions = apply_members(
                connection, corp_pk, findings, reason=Reason.FULL_READ, known=known
            )
            self._doubled |= known.doubled
            self._linker.follow_later(connection, decisions)
            # Whoever differs by fingerprint alone was stored by an older version.
            named = {each.key for each in decisions}
            members.refresh_fingerprints(
                connection,
                self._corp.corp_pk,
                [
                    each
                    for each in findings.shown
                    if f"member:{each.userid}" not in named
                ],
            )
            return decisions

        self._commits.page(decide)

    def _end(
        self, shown: Sequence[Department], absences: Absences, people: People
    ) -> None:
        """The last page: what is empty goes, and the corp is in step again."""
        with self._commits.writing() as connection:
            corp = corps.get(connection, self._corp.corp_pk)
            decisions = remove_unlisted(
                connection,
                corp.corp_pk,
                [each.department_id for each in shown],
                staying={*absences.undecided, *self._late},
                waiting=people.waiting,
                admit=partial(self._gate.admit_departments, connection),
                reason=Reason.NOT_LISTED,
            )
            self._note_listed(connection, shown)
            self._commits.journal(connection, decisions)
            weigh_scope(connection, self._run, corp, self._snapshot)
            self._remember_scope(connection, absences)
            self._forget_testimony(connection, absences, people)
            if corp.last_synced_at is None:
                self._fold_older_mail(connection, corp)
            corps.note_synced(connection, corp.corp_pk)
            touched.clear(connection, self._run)
            found = _told(
                *self._snapshot.found,
                note_doubts(connection, corp.corp_pk, absences.undecided),
                tell_of_doubled(connection, corp.corp_pk, self._doubled),
            )
            look_later(connection, corp.corp_pk, found=found)
            if self._run.cause != PLAN:
                # A rehearsal asks nobody later.
                oddities.ask_later(connection, corp.mailbox, absences.odd)
            pages = staging.list_page_names(connection, self._run.run_id)
            reads.note_calls(
                connection,
                self._run.run_id,
                calls=self._count.total,
                least=least_calls(self._snapshot, pages) + absences.questions,
            )
            plan_id = people.plan_id or plans.find_held(connection, corp.corp_pk)
            if plan_id is not None:
                self._commits.hold()
            runs.end(
                connection,
                self._run.run_id,
                state=RunState.HELD if plan_id else RunState.DONE,
                plan_id=plan_id,
                error=_told(oddities.tell(absences.odd), found),
            )

    def _note_listed(self, connection: Connection, shown: Sequence[Department]) -> None:
        """What stays for somebody awaited: the mail about them looks at it again."""
        listed = [each.department_id for each in shown]
        departments.note_listed(connection, self._corp.corp_pk, listed)

    def _fold_older_mail(self, connection: Connection, corp: Corp) -> None:
        """The first read has answered whatever was said before it began."""
        began = runs.get(connection, self._run.run_id).read_started_at
        if began is not None:
            settlement.fold_older(
                connection, corp.mailbox, before=began, kinds=CONTACT_KINDS
            )
        mailboxes.make_due(connection, corp.mailbox)

    def _forget_testimony(
        self, connection: Connection, absences: Absences, people: People
    ) -> None:
        """The read has settled what was said before it, but of whom it left open."""
        began = runs.get(connection, self._run.run_id).read_started_at
        if began is not None:
            still = {*absences.undecided, *people.waiting, *self._late}
            testimony.forget_others(connection, self._corp.corp_pk, still, before=began)

    def _remember_scope(self, connection: Connection, absences: Absences) -> None:
        snapshot, names = self._snapshot, new_names(absences.renames)
        before = corps.list_tags(connection, self._corp.corp_pk)
        open_still = absences.stored.keys() & absences.undecided.keys()
        staying = [absences.stored[who].member for who in open_still]
        corps.save_scope(
            connection,
            self._corp.corp_pk,
            scope=snapshot.scope,
            permissions=snapshot.permissions,
            agent_id=snapshot.agent_id,
            name=snapshot.corp_name,
        )
        tags = [
            kept(tag, before=before.get(tag.tag_id), staying=staying)
            for tag in tags_after(snapshot.tags, names).values()
        ]
        corps.save_tags(connection, self._corp.corp_pk, tags)
        corps.forget_tags(connection, self._corp.corp_pk, kept=snapshot.tags)


def _told(*findings: str | None) -> str | None:
    return "; ".join(each for each in findings if each) or None


def _pages(things: Sequence[Thing]) -> Iterable[Sequence[Thing]]:
    for start in range(0, len(things), _PAGE_MEMBERS):
        yield things[start : start + _PAGE_MEMBERS]
