"""Reads a whole corp into staging, page by page, so that a stop loses one page."""

from collections.abc import Sequence
from dataclasses import replace

from domain.events.spelling import spelt_scope
from domain.ids import CORP_KEY, Key
from domain.org.org import Department
from store.database import Pool, transaction
from store.org import corps, departments
from store.org.corps import Corp
from store.runs import reads, staging, touched
from store.runs.runs import PLAN, Run
from wecom.errors import OddAnswer, Unavailable
from workers.answers.observe import scope_from
from workers.answers.questions import TAG, read_permissions
from workers.answers.spelling import SpellingApi
from workers.calls.concurrency_limit import Widths
from workers.runs.oddities import stage_odd
from workers.runs.reading.pages import PageReader
from workers.runs.reading.second_look import Look, LookAgain
from workers.runs.reading.tags_and_tree import (
    AGAIN_SECONDS,
    ReadTree,
    read_tree,
    torn,
    with_finding,
    with_tags,
)
from workers.runs.snapshot import Snapshot, refused_among, refused_everywhere
from workers.runs.staged import DEPARTMENTS, stage_departments, staged_departments

# A scope that is another one whenever a read ends is read again this often.
MOST_RESTARTS = 3


class NeverTheSame(Exception):
    """The scope changed during each read: the run ends, and another one is due."""


class NobodyShown(Exception):
    """WeCom refused everybody whom it had named: nothing can be followed."""


class CorpReader:
    """One worker's turn at reading a corp for a run; `pages` are those of people."""

    def __init__(
        self, pool: Pool, run: Run, corp: Corp, *, api: SpellingApi, at_once: Widths
    ) -> None:
        self._pool = pool
        self._run = run
        self._corp = corp
        self._api = api
        self._at_once = at_once
        self.pages = PageReader(pool, run, corp, api=api, at_once=at_once)

    def read(self) -> Snapshot:
        """Everything WeCom shows of the corp, in staging; goes on where it stopped.

        Raises: TurnOver; LookAgain; NobodyShown; NeverTheSame, or Unavailable at first,
            when the scope changed while it was read.
        """
        kept = self._resume()
        if kept is not None and self._run.read_ended_at is not None:
            return kept
        snapshot, listed = self._read_departments(kept or self._begin())
        snapshot = self.pages.read_people(snapshot, listed)
        snapshot = self._check_answered(snapshot)
        self._check_scope_held(snapshot)
        return snapshot

    def read_tree_again(self, snapshot: Snapshot) -> tuple[Snapshot, list[Department]]:
        """The departments of now; a torn listing takes none away."""
        with transaction(self._pool) as connection:
            rows = staging.list_kind(connection, self._run.run_id, "department")
        # As the pages had them, who were read within this very run.
        known = [*self._known_departments(), *staged_departments(rows)]
        by_id = {each.department_id: each for each in known}
        tree = read_tree(
            self._api, snapshot, stored=by_id.values(), patience=self.pages.patience
        )
        if tree.tear is not None:
            snapshot = with_finding(snapshot, torn(tree.tear))
        self._keep_tree(snapshot, tree)
        return snapshot, tree.departments

    def keep(self, snapshot: Snapshot) -> None:
        """Remember the snapshot, should another worker go on."""
        with self.pages.writing() as connection:
            reads.note_snapshot(connection, self._run.run_id, snapshot.to_json())

    def _resume(self) -> Snapshot | None:
        with transaction(self._pool) as connection:
            if not reads.is_resumable(connection, self._run.run_id):
                return None
            if not staging.adds_up(connection, self._run.run_id):
                return None
        if self._run.snapshot is None:
            return None
        kept = Snapshot.from_json(self._run.snapshot)
        if self._has_scope(kept):
            return kept
        # Under another scope the rest of the read might not be answered at all.
        self._throw_away()
        return None

    def _has_scope(self, snapshot: Snapshot) -> bool:
        """Whether the scope is that of the snapshot, or cannot be read now."""
        try:
            scope = scope_from(self._api.auth_info())
        except OddAnswer:
            return True
        return scope == spelt_scope(snapshot.scope, self._api.spellings)

    def _begin(self) -> Snapshot:
        with self.pages.writing() as connection:
            staging.drop_all(connection, self._run.run_id)
            if self._run.cause != PLAN:
                touched.clear(connection, self._run)
            reads.begin_read(connection, self._run.run_id)
        odd: dict[Key, Unavailable] = {}
        snapshot = self._with_tags(self._first_answers(odd), odd)
        with self.pages.writing() as connection:
            reads.note_snapshot(connection, self._run.run_id, snapshot.to_json())
            if odd:
                stage_odd(connection, self._run.run_id, "scope", odd)
        return snapshot

    def _first_answers(self, odd: dict[Key, Unavailable]) -> Snapshot:
        """Scope and permissions; what cannot be read is as it was known."""
        synced = self._corp.last_synced_at is not None
        scope, agent_id = self._corp.scope, self._corp.agent_id
        name = self._corp.name
        try:
            info = self._api.auth_info()
            scope, agent_id = scope_from(info), info.agent.agent_id
            name = info.corp.name
        except OddAnswer as error:
            if not synced:
                # Nothing is known that could be kept: the corp itself is undecided.
                raise
            odd[CORP_KEY] = error
        return Snapshot(
            scope=scope,
            permissions=self._read_permissions(odd),
            agent_id=agent_id or 0,
            corp_name=name,
            tags={},
        )

    def _read_permissions(self, odd: dict[Key, Unavailable]) -> frozenset[str]:
        try:
            return read_permissions(self._api)
        except OddAnswer as error:
            odd[CORP_KEY] = error
            return self._corp.permissions

    def _with_tags(self, snapshot: Snapshot, odd: dict[Key, Unavailable]) -> Snapshot:
        """The snapshot with what its tags hold now."""
        if not snapshot.scope.tags:
            return snapshot
        with transaction(self._pool) as connection:
            known = corps.list_tags(connection, self._corp.corp_pk)
        return with_tags(
            self._api,
            snapshot,
            known=known,
            odd=odd,
            patience=self.pages.patience,
            at_once=lambda: self._at_once(TAG),
        )

    def _read_departments(
        self, snapshot: Snapshot
    ) -> tuple[Snapshot, list[Department]]:
        with transaction(self._pool) as connection:
            if DEPARTMENTS in staging.list_page_names(connection, self._run.run_id):
                return snapshot, staged_departments(
                    staging.list_kind(connection, self._run.run_id, "department")
                )
        waited = Look.TREE in snapshot.looked
        if waited:
            # A root that nothing explained may be one of a tag's by now.
            snapshot = self._with_tags(snapshot, {})
        tree = read_tree(
            self._api,
            snapshot,
            stored=self._known_departments(),
            patience=self.pages.patience,
        )
        if tree.tear is not None and not waited:
            looked = snapshot.looked | {Look.TREE}
            raise LookAgain(replace(snapshot, looked=looked), said=torn(tree.tear))
        if tree.tear is not None:
            snapshot = with_finding(snapshot, torn(tree.tear))
        self._keep_tree(snapshot, tree)
        return snapshot, tree.departments

    def _keep_tree(self, snapshot: Snapshot, tree: ReadTree) -> None:
        with self.pages.writing() as connection:
            stage_departments(connection, self._run.run_id, tree.departments)
            if tree.odd:
                stage_odd(connection, self._run.run_id, DEPARTMENTS, tree.odd)
            reads.note_snapshot(connection, self._run.run_id, snapshot.to_json())

    def _known_departments(self) -> Sequence[Department]:
        with transaction(self._pool) as connection:
            return departments.list_all(connection, self._corp.corp_pk)

    def _check_answered(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot with what is to be told of those who were refused.

        Raises: NobodyShown when WeCom refused everybody whom it had named.
        """
        with transaction(self._pool) as connection:
            pages = staging.list_pages(connection, self._run.run_id)
        refused = refused_everywhere(pages, auth_mode=snapshot.scope.auth_mode)
        if refused is not None:
            raise NobodyShown(refused)
        some = refused_among(pages, auth_mode=snapshot.scope.auth_mode)
        if some is None:
            return snapshot
        snapshot = with_finding(snapshot, some)
        self.keep(snapshot)
        return snapshot

    def _check_scope_held(self, snapshot: Snapshot) -> None:
        if self._has_scope(snapshot):
            return
        self._throw_away()
        raise Unavailable("scope changed", wait_seconds=AGAIN_SECONDS)

    def _throw_away(self) -> None:
        """Forget a read whose scope is another than when it began.

        Raises: NeverTheSame when that happened each time.
        """
        if self._run.restarts + 1 >= MOST_RESTARTS:
            raise NeverTheSame("the scope changed at every read")
        with self.pages.writing() as connection:
            staging.drop_all(connection, self._run.run_id)
            reads.begin_read(connection, self._run.run_id)
            reads.count_restart(connection, self._run.run_id)
