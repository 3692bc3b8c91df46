"""Reads a whole corp into staging, page by page, so that a stop loses one page."""

import time
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from domain.ids import DepartmentId, OpenUserid, Userid
from domain.leavers import MEMBER_AUTH, listing_of
from domain.org import Department, Member
from domain.scope import AuthMode, Usable
from store.database import Connection, Pool, transaction
from store.org import corps, departments, members
from store.org.corps import Corp
from store.runs import reads, runs, staging, touched
from store.runs.runs import PLAN, Run
from store.runs.staging import ReadPage, Staged
from wecom.errors import Unavailable
from workers.calls.concurrency_limit import Widths
from workers.calls.concurrent import ask_flowing
from workers.org.observe import scope_from
from workers.org.questions import (
    GET,
    LIST,
    TAG,
    CorpApi,
    ask_authorised,
    ask_one,
    list_authorised,
    list_one,
    read_permissions,
)
from workers.runs.read_sets import read_tree, torn, with_finding, with_tags
from workers.runs.second_look import Look, LookAgain
from workers.runs.snapshot import Snapshot, refused_among, refused_everywhere
from workers.runs.staged import (
    DEPARTMENTS,
    stage_departments,
    staged_departments,
    usable_rows,
)

# So many are staged in one transaction; a stop loses what lies between two of them.
_BATCH_PAGES = 64
# A worker gives the run back after this long, so that runs of other corps get a turn.
_TURN_SECONDS = 240.0
_AGAIN_SECONDS = 1.0


# A scope that is another one whenever a read ends is read again this often.
MOST_RESTARTS = 3


class NeverTheSame(Exception):
    """The scope changed during each read: the run ends, and another one is due."""


class NobodyShown(Exception):
    """WeCom refused everybody whom it had named: nothing can be followed."""


class TurnOver(Exception):
    """The read goes on in another turn, from the page it reached."""


class CorpReader:
    """One worker's turn at reading a corp for a run."""

    def __init__(
        self, pool: Pool, run: Run, corp: Corp, *, api: CorpApi, at_once: Widths
    ) -> None:
        self._pool = pool
        self._run = run
        self._corp = corp
        self._api = api
        self._at_once = at_once
        self._turn_ends = time.monotonic() + _TURN_SECONDS

    def read(self) -> Snapshot:
        """Everything WeCom shows of the corp, in staging; goes on where it stopped.

        Raises: TurnOver; LookAgain; NobodyShown; NeverTheSame, or Unavailable at first,
            when the scope changed while it was read.
        """
        kept = self._resume()
        if kept is not None and self._run.read_ended_at is not None:
            return kept
        snapshot, departments = self._read_departments(kept or self._begin())
        self.read_people(snapshot, departments)
        snapshot = self._check_answered(snapshot)
        self._check_scope_held(snapshot)
        return snapshot

    def read_people(
        self, snapshot: Snapshot, departments: Iterable[Department]
    ) -> None:
        """Everybody whom the scope lets use the app; asks only what is not staged.

        Raises: TurnOver.
        """
        usable = snapshot.usable(departments)
        if snapshot.scope.auth_mode == AuthMode.MEMBER:
            self._read_authorised(usable)
        else:
            self._read_lists(usable)
            self._read_singles(usable)

    def read_list_again(self, department_id: DepartmentId, usable: Usable) -> None:
        """Put what a list says now in place of what it said."""
        listed = list_one(self._api, department_id)
        page = ReadPage(
            page=listing_of(department_id),
            rows=usable_rows(listed or (), usable),
            complete=listed is not None,
        )
        with self.writing() as connection:
            staging.replace_page(connection, self._run.run_id, kind="member", page=page)

    def list_authorised_again(self) -> None:
        """In auth_mode 1: put who authorised the app in place of who had."""
        rows = [
            Staged(key=each, fingerprint=b"", value={})
            for each in sorted(list_authorised(self._api))
        ]
        page = ReadPage(page=MEMBER_AUTH, rows=rows)
        with self.writing() as connection:
            staging.replace_page(connection, self._run.run_id, kind="auth", page=page)

    def read_tree_again(self, snapshot: Snapshot) -> tuple[Snapshot, list[Department]]:
        """The departments of now; a torn listing takes none away."""
        tree = read_tree(self._api, snapshot, stored=self._known_departments())
        if tree.tear is not None:
            snapshot = with_finding(snapshot, torn(tree.tear))
        self._keep_departments(snapshot, tree.departments)
        return snapshot, tree.departments

    def keep(self, snapshot: Snapshot) -> None:
        """Remember the snapshot, should another worker go on."""
        with self.writing() as connection:
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
        if scope_from(self._api.auth_info()) == kept.scope:
            return kept
        # Under another scope the rest of the read might not be answered at all.
        self._throw_away()
        return None

    def _begin(self) -> Snapshot:
        with self.writing() as connection:
            staging.drop_all(connection, self._run.run_id)
            if self._run.cause != PLAN:
                touched.clear(connection, self._run)
            reads.begin_read(connection, self._run.run_id)
        info = self._api.auth_info()
        snapshot = self._with_tags(
            Snapshot(
                scope=scope_from(info),
                permissions=read_permissions(self._api),
                agent_id=info.agent.agent_id,
                corp_name=info.corp.name,
                tags={},
            )
        )
        self.keep(snapshot)
        return snapshot

    def _with_tags(self, snapshot: Snapshot) -> Snapshot:
        with transaction(self._pool) as connection:
            known = corps.list_tags(connection, self._corp.corp_pk)
        return with_tags(
            self._api, snapshot, known=known, at_once=lambda: self._at_once(TAG)
        )

    def _read_departments(
        self, snapshot: Snapshot
    ) -> tuple[Snapshot, list[Department]]:
        with transaction(self._pool) as connection:
            if DEPARTMENTS in staging.list_pages(connection, self._run.run_id):
                return snapshot, staged_departments(
                    staging.list_kind(connection, self._run.run_id, "department")
                )
        waited = Look.TREE in snapshot.looked
        if waited:
            # A root that nothing explained may be one of a tag's by now.
            snapshot = self._with_tags(snapshot)
        tree = read_tree(self._api, snapshot, stored=self._known_departments())
        if tree.tear is not None and not waited:
            looked = snapshot.looked | {Look.TREE}
            raise LookAgain(replace(snapshot, looked=looked), said=torn(tree.tear))
        if tree.tear is not None:
            snapshot = with_finding(snapshot, torn(tree.tear))
        self._keep_departments(snapshot, tree.departments)
        return snapshot, tree.departments

    def _keep_departments(
        self, snapshot: Snapshot, departments: Sequence[Department]
    ) -> None:
        with self.writing() as connection:
            stage_departments(connection, self._run.run_id, departments)
            reads.note_snapshot(connection, self._run.run_id, snapshot.to_json())

    def _known_departments(self) -> list[Department]:
        with transaction(self._pool) as connection:
            return departments.list_all(connection, self._corp.corp_pk)

    def _read_lists(self, usable: Usable) -> None:
        pages = {listing_of(each): each for each in sorted(usable.departments)}
        self._read_pages(
            pages, lambda page: list_one(self._api, pages[page]), usable, endpoint=LIST
        )

    def _read_singles(self, usable: Usable) -> None:
        wanted = set(usable.by_member)
        with transaction(self._pool) as connection:
            seen = staging.list_seen(connection, self._run.run_id, wanted)
        # Whom a list has shown already is not asked again.
        self._ask_each(sorted(wanted - seen), usable, ask=partial(ask_one, self._api))

    def _read_authorised(self, usable: Usable) -> None:
        with transaction(self._pool) as connection:
            pages = staging.list_pages(connection, self._run.run_id)
        if MEMBER_AUTH not in pages:
            self.list_authorised_again()
        with transaction(self._pool) as connection:
            rows = staging.list_kind(connection, self._run.run_id, "auth")
            listed = list(map(Userid, rows))
            known = members.list_named(connection, self._corp.corp_pk, listed)

        def ask(each: Userid) -> Member | int:
            return ask_authorised(self._api, each, known=known.get(OpenUserid(each)))

        self._ask_each(sorted(listed), usable, ask=ask)

    def _ask_each(
        self,
        people: Sequence[Userid],
        usable: Usable,
        *,
        ask: Callable[[Userid], Member | int],
    ) -> None:
        pages = {f"member:{each}": each for each in people}

        def ask_page(page: str) -> list[Member] | None:
            answer = ask(pages[page])
            return None if isinstance(answer, int) else [answer]

        self._read_pages(pages, ask_page, usable, endpoint=GET)

    def _read_pages(
        self,
        pages: Collection[str],
        ask: Callable[[str], list[Member] | None],
        usable: Usable,
        *,
        endpoint: str,
    ) -> None:
        """Ask for the pages that are missing; staging goes on beside the asking.

        Raises: TurnOver, or the first error, once all that was answered is staged.
        """
        with transaction(self._pool) as connection:
            done = staging.list_pages(connection, self._run.run_id).keys()
        missing = [each for each in pages if each not in done]
        read, of = len(done), _count_pages({*pages, *done}, usable)
        for batch in ask_flowing(
            ask,
            self._while_our_turn(missing),
            at_once=lambda: self._at_once(endpoint),
            batch=_BATCH_PAGES,
        ):
            read += len(batch)
            self._stage(batch, usable, read=read, of=of)
        if read < len(done) + len(missing):
            raise TurnOver

    def _stage(
        self,
        answers: Iterable[tuple[str, list[Member] | None]],
        usable: Usable,
        *,
        read: int,
        of: int,
    ) -> None:
        pages = [
            ReadPage(
                page=page,
                rows=usable_rows(members or (), usable),
                complete=members is not None,
            )
            for page, members in answers
        ]
        with self.writing() as connection:
            staging.add_pages(connection, self._run.run_id, kind="member", pages=pages)
            reads.note_progress(connection, self._run.run_id, read=read, of=of)

    def _while_our_turn(self, pages: Iterable[str]) -> Iterator[str]:
        for page in pages:
            if time.monotonic() > self._turn_ends:
                return
            yield page

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
        if scope_from(self._api.auth_info()) == snapshot.scope:
            return
        self._throw_away()
        raise Unavailable("scope changed", wait_seconds=_AGAIN_SECONDS)

    def _throw_away(self) -> None:
        """Forget a read whose scope is another than when it began.

        Raises: NeverTheSame when that happened each time.
        """
        if self._run.restarts + 1 >= MOST_RESTARTS:
            raise NeverTheSame("the scope changed at every read")
        with self.writing() as connection:
            staging.drop_all(connection, self._run.run_id)
            reads.begin_read(connection, self._run.run_id)
            reads.count_restart(connection, self._run.run_id)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that commits only while the run is this worker's."""
        with transaction(self._pool) as connection:
            runs.check(connection, self._run)
            yield connection


def _count_pages(known: Collection[str], usable: Usable) -> int:
    """How many pages the read has, as far as one knows."""
    names = {DEPARTMENTS, *known}
    names |= {listing_of(each) for each in usable.departments}
    names |= {f"member:{each}" for each in usable.by_member}
    return len(names)
