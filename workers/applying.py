"""Applies a complete read under the lease: what differs, page by page, then the end."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import NoReturn, TypeVar
from uuid import UUID

from domain.decisions import Decision
from domain.fields import member_from_fields
from domain.ids import Userid
from domain.leavers import LeftInPlace, Removal
from domain.org import Department, Member
from domain.reasons import Reason
from domain.scope import Usable, readable_departments
from domain.tree import Tree
from store import (
    corps,
    journal,
    leases,
    mail,
    mailboxes,
    members,
    plans,
    reads,
    runs,
    staging,
    statistics,
    touched,
)
from store.corps import Corp
from store.database import Connection, transaction
from store.journal import Cause
from store.runs import Run
from wecom.errors import Unavailable
from workers.absentees import Absences, look_for
from workers.contact import CONTACT_KINDS, DEPARTMENTS_KEY
from workers.counting import CallCount
from workers.doubting import weigh_scope
from workers.doubts import note_doubts
from workers.guarding import Gate, People, note_listed, note_removed, note_shown
from workers.inquiry import CorpApi, ask_one
from workers.linking import Linker
from workers.outbox import note_asked, ring_for
from workers.reading import list_all
from workers.runtime import Runtime
from workers.snapshot import Snapshot, least_calls
from workers.staged import stage_departments, stage_member, staged_departments
from workers.sync import (
    Findings,
    apply_listing,
    apply_members,
    count_by_name,
    remove_unlisted,
)

Thing = TypeVar("Thing")
Decide = Callable[[Connection], list[Decision]]

_PAGE_MEMBERS = 1_000
_AGAIN_SECONDS = 1.0


class Applying:
    """One run's read, applied while the lease of the corp's mailbox is held."""

    def __init__(
        self,
        runtime: Runtime,
        run: Run,
        corp: Corp,
        *,
        api: CorpApi,
        count: CallCount,
        lease: UUID,
        snapshot: Snapshot,
    ) -> None:
        self._runtime = runtime
        self._run = run
        self._corp = corp
        self._api = api
        self._count = count
        self._lease = lease
        self._snapshot = snapshot
        self._at_once = runtime.lanes.of(corp.corp_id)
        self._data_key = runtime.data_key(corp)
        self._gate = Gate(
            corp, defaults=runtime.settings.guard, data_key=self._data_key
        )
        self._linker = Linker(runtime, corp)
        self._filling, self._written = statistics.ORG, 0
        self._look_again_at = _PAGE_MEMBERS
        # Those of the transaction at hand.
        self._decided: list[Decision] = []
        self._held = False

    def apply(self) -> None:
        """Bring the org to the read, and end the run.

        Raises: Unavailable when staging does not hold what was read.
        """
        self._check_counts()
        self._ask_touched()
        listed = self._listed()
        usable = self._snapshot.usable(listed)
        shown = readable_departments(listed=listed, usable=usable.departments)
        self._commit(
            lambda connection: apply_listing(
                connection, self._corp.corp_pk, shown, reason=Reason.FULL_READ
            )
        )
        absences = look_for(
            self._runtime.pool,
            self._run,
            api=self._api,
            at_once=self._at_once,
            scope=self._snapshot.scope,
            usable=usable,
            tree=Tree.of(listed),
        )
        self._apply_renames(absences)
        self._apply_shown(absences.shown)
        self._apply_differing()
        people = self._pass_guard(shown, absences)
        self._apply_absences(absences, people)
        self._turn_to_links()
        self._commit(self._linker.follow_everybody)
        self._linker.catch_up(self._runtime.pool, self._commit)
        self._end(shown, absences, people)

    def _check_counts(self) -> None:
        with transaction(self._runtime.pool) as connection:
            sound = staging.adds_up(connection, self._run.run_id)
        if not sound:
            # A crashed Postgres empties staging: what is left of it proves nothing.
            self._start_over("staging was lost")

    def _ask_touched(self) -> None:
        """Ask again about what drains saw change while the pages were read."""
        with transaction(self._runtime.pool) as connection:
            keys = touched.list_keys(connection, self._run)
        if any(each.startswith("tag:") for each in keys):
            self._start_over("a tag changed while it was read")
        if not keys:
            return
        if DEPARTMENTS_KEY in keys:
            self._ask_departments()
        usable = self._snapshot.usable(self._listed())
        for key in keys:
            kind, name = key.split(":", 1)
            if kind == "member":
                self._ask_member(Userid(name), usable)

    def _ask_departments(self) -> None:
        before = self._snapshot.usable(self._listed()).departments
        listed = list_all(self._api, self._snapshot)
        with self._writing() as connection:
            stage_departments(connection, self._run.run_id, listed)
        if self._snapshot.usable(listed).departments - before:
            # Departments became usable whose people no page has shown.
            self._start_over("departments came into the scope while it was read")

    def _ask_member(self, userid: Userid, usable: Usable) -> None:
        answer = ask_one(self._api, userid)
        grounded = None if isinstance(answer, int) else usable.grounded(answer)
        with self._writing() as connection:
            if grounded is not None and grounded.grounds:
                stage_member(connection, self._run.run_id, grounded)
            else:
                staging.drop_key(
                    connection, self._run.run_id, kind="member", key=userid
                )

    def _start_over(self, reason: str) -> NoReturn:
        with self._writing() as connection:
            staging.drop_all(connection, self._run.run_id)
            reads.begin_read(connection, self._run.run_id)
        raise Unavailable(reason, wait_seconds=_AGAIN_SECONDS)

    def _listed(self) -> list[Department]:
        with transaction(self._runtime.pool) as connection:
            rows = staging.list_kind(connection, self._run.run_id, "department")
        return staged_departments(rows)

    def _apply_renames(self, absences: Absences) -> None:
        if absences.renames:
            self._apply(Findings(renames=absences.renames))

    def _apply_shown(self, shown: Sequence[Member]) -> None:
        for page in _pages(shown):
            self._apply(Findings(shown=tuple(page)))

    def _apply_differing(self) -> None:
        for page in self._differing():
            self._apply(Findings(shown=tuple(page)))

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
        with self._writing() as connection:
            plans.close_staged(connection, self._run.corp_pk, self._run.run_id)
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

    def _apply(self, findings: Findings) -> None:
        def decide(connection: Connection) -> list[Decision]:
            decisions = apply_members(
                connection, self._corp.corp_pk, findings, reason=Reason.FULL_READ
            )
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

        self._commit(decide)

    def _end(
        self, shown: Sequence[Department], absences: Absences, people: People
    ) -> None:
        """The last page: what is empty goes, and the corp is in step again."""
        with self._writing() as connection:
            corp = corps.get(connection, self._corp.corp_pk)
            decisions = remove_unlisted(
                connection,
                corp.corp_pk,
                [each.department_id for each in shown],
                staying=absences.undecided,
                waiting=people.waiting,
                admit=partial(self._gate.admit_departments, connection),
                reason=Reason.NOT_LISTED,
            )
            self._journal(connection, decisions)
            weigh_scope(connection, self._run, corp, self._snapshot)
            self._remember_scope(connection)
            if corp.last_synced_at is None:
                self._fold_older_mail(connection, corp)
            corps.note_synced(connection, corp.corp_pk)
            touched.clear(connection, self._run)
            pages = staging.list_pages(connection, self._run.run_id)
            reads.note_calls(
                connection,
                self._run.run_id,
                calls=self._count.total,
                least=least_calls(self._snapshot, pages) + absences.questions,
            )
            plan_id = people.plan_id or plans.find_held(connection, corp.corp_pk)
            self._held = plan_id is not None
            runs.end(
                connection,
                self._run.run_id,
                state="held" if plan_id else "done",
                plan_id=plan_id,
                error=note_doubts(connection, corp.corp_pk, absences.undecided),
            )

    def _fold_older_mail(self, connection: Connection, corp: Corp) -> None:
        """The first read has answered whatever was said before it began."""
        began = runs.get(connection, self._run.run_id).read_started_at
        if began is not None:
            mail.fold_older(connection, corp.mailbox, before=began, kinds=CONTACT_KINDS)
        mailboxes.make_due(connection, corp.mailbox)

    def _remember_scope(self, connection: Connection) -> None:
        snapshot = self._snapshot
        corps.save_scope(
            connection,
            self._corp.corp_pk,
            scope=snapshot.scope,
            permissions=snapshot.permissions,
            agent_id=snapshot.agent_id,
            name=snapshot.corp_name,
        )
        corps.save_tags(connection, self._corp.corp_pk, snapshot.tags.values())
        corps.forget_tags(connection, self._corp.corp_pk, kept=snapshot.tags)

    def _commit(self, decide: Decide) -> None:
        """One page: org rows and journal in one transaction, checked by the lease."""
        with self._writing() as connection:
            decisions = decide(connection)
            self._journal(connection, decisions)
        self._note_written(len(decisions))

    def _note_written(self, decisions: int) -> None:
        """Have the planner look again whenever ten times as much has been written."""
        self._written += decisions
        if self._written >= self._look_again_at:
            self._look_again_at = 10 * self._written
            with transaction(self._runtime.pool) as connection:
                statistics.refresh(connection, self._filling)

    def _turn_to_links(self) -> None:
        """What is written from here on fills other tables, which may be empty yet."""
        if self._written >= _PAGE_MEMBERS:
            self._look_again_at = 0
            self._note_written(0)
            self._look_again_at = 1
        self._filling, self._written = statistics.LINKS, 0

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction that commits only while lease, corp and run are as they were.

        Raises: LeaseLost, RunTaken; Unavailable when the corp was paused meanwhile.
        """
        with transaction(self._runtime.pool) as connection:
            leases.check(connection, self._corp.mailbox, self._lease)
            if corps.lock(connection, self._corp.corp_pk).state != self._corp.state:
                raise Unavailable("the corp is not linked", wait_seconds=_AGAIN_SECONDS)
            runs.check(connection, self._run)
            self._decided.clear()
            yield connection
        self._runtime.tallies.decided(self._decided)
        ring_for(self._runtime.bell, self._corp, self._decided, held=self._held)

    def _journal(self, connection: Connection, decisions: list[Decision]) -> None:
        journal.write(
            connection,
            self._corp.corp_pk,
            cause=Cause(name="run", run_id=self._run.run_id),
            decisions=decisions,
            data_key=self._data_key,
        )
        note_removed(connection, self._corp, decisions)
        note_asked(connection, self._corp, decisions)
        if decisions:
            counts = count_by_name(decisions)
            runs.note_decisions(connection, self._run.run_id, counts)
            self._decided += decisions


def _pages(things: Sequence[Thing]) -> Iterable[Sequence[Thing]]:
    for start in range(0, len(things), _PAGE_MEMBERS):
        yield things[start : start + _PAGE_MEMBERS]
