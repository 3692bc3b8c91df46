"""Reads a whole corp into staging, page by page, so that a stop loses one page."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from domain.ids import TagId, Userid
from domain.leavers import MEMBER_AUTH, listing_of
from domain.org import Department, Member
from domain.reasons import Finding
from domain.scope import AuthMode, AuthScope, Tag, Usable
from store.database import Connection, Pool, transaction
from store.org.corps import Corp
from store.runs import reads, runs, staging, touched
from store.runs.runs import PLAN, Run
from store.runs.staging import ReadPage
from wecom.errors import Unavailable, WeComError
from wecom.wire import AuthInfo
from workers.calls.concurrency_limit import Widths
from workers.calls.concurrent import ask_all, ask_flowing
from workers.org.observe import scope_from
from workers.org.questions import (
    GET,
    LIST,
    TAG,
    CorpApi,
    ask_departments,
    ask_one,
    list_authorised,
    list_one,
    read_permissions,
    read_tag,
)
from workers.runs.snapshot import Snapshot
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

        Raises: TurnOver; Unavailable when the scope changed while it was read.
        """
        kept = self._resume()
        if kept is not None and self._run.read_ended_at is not None:
            return kept
        snapshot = kept or self._begin()
        departments = self._read_departments(snapshot)
        usable = snapshot.usable(departments)
        if snapshot.scope.auth_mode == AuthMode.MEMBER:
            self._read_authorised(usable)
        else:
            self._read_lists(usable)
            self._read_singles(usable)
        self._check_scope_held(snapshot)
        return snapshot

    def _resume(self) -> Snapshot | None:
        with transaction(self._pool) as connection:
            if not reads.is_resumable(connection, self._run.run_id):
                return None
            if not staging.adds_up(connection, self._run.run_id):
                return None
        if self._run.snapshot is None:
            return None
        kept = Snapshot.from_json(self._run.snapshot)
        # Under another scope the rest of the read might not be answered at all.
        return kept if scope_from(self._api.auth_info()) == kept.scope else None

    def _begin(self) -> Snapshot:
        with self._writing() as connection:
            staging.drop_all(connection, self._run.run_id)
            if self._run.cause != PLAN:
                touched.clear(connection, self._run)
            reads.begin_read(connection, self._run.run_id)
        info = self._api.auth_info()
        scope = scope_from(info)
        snapshot = Snapshot(
            scope=scope,
            permissions=read_permissions(self._api),
            agent_id=info.agent.agent_id,
            corp_name=info.corp.name,
            tags=self._read_tags(scope, info),
        )
        with self._writing() as connection:
            reads.note_snapshot(connection, self._run.run_id, snapshot.to_json())
        return snapshot

    def _read_tags(self, scope: AuthScope, info: AuthInfo) -> dict[TagId, Tag]:
        if scope.auth_mode == AuthMode.MEMBER:
            # Tags let nobody use the app where members authorise by themselves.
            return {}
        wanted = sorted(scope.tags)
        found = ask_all(
            partial(read_tag, self._api), wanted, at_once=lambda: self._at_once(TAG)
        )
        missing = [
            tag_id for tag_id, tag in zip(wanted, found, strict=True) if tag is None
        ]
        if missing and scope_from(self._api.auth_info()) == scope_from(info):
            # WeCom 40068 means an empty tag only when the scope forgets it, too.
            raise Unavailable("a tag of the scope did not answer")
        if missing:
            raise Unavailable("scope changed", wait_seconds=_AGAIN_SECONDS)
        return {tag.tag_id: tag for tag in found if tag is not None}

    def _read_departments(self, snapshot: Snapshot) -> list[Department]:
        with transaction(self._pool) as connection:
            if DEPARTMENTS in staging.list_pages(connection, self._run.run_id):
                return staged_departments(
                    staging.list_kind(connection, self._run.run_id, "department")
                )
        listed = list_all(self._api, snapshot)
        with self._writing() as connection:
            stage_departments(connection, self._run.run_id, listed)
        return listed

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
        self._ask_each(sorted(wanted - seen), usable)

    def _read_authorised(self, usable: Usable) -> None:
        people = list_authorised(self._api)
        with self._writing() as connection:
            page = ReadPage(page=MEMBER_AUTH, rows=())
            staging.replace_page(connection, self._run.run_id, kind="auth", page=page)
        self._ask_each(sorted(people), usable)

    def _ask_each(self, people: Sequence[Userid], usable: Usable) -> None:
        pages = {f"member:{each}": each for each in people}
        self._read_pages(
            pages, lambda page: self._ask_page(pages[page]), usable, endpoint=GET
        )

    def _ask_page(self, userid: Userid) -> list[Member] | None:
        answer = ask_one(self._api, userid)
        return None if isinstance(answer, int) else [answer]

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
        with self._writing() as connection:
            staging.add_pages(connection, self._run.run_id, kind="member", pages=pages)
            reads.note_progress(connection, self._run.run_id, read=read, of=of)

    def _while_our_turn(self, pages: Iterable[str]) -> Iterator[str]:
        for page in pages:
            if time.monotonic() > self._turn_ends:
                return
            yield page

    def _check_scope_held(self, snapshot: Snapshot) -> None:
        if scope_from(self._api.auth_info()) == snapshot.scope:
            return
        with self._writing() as connection:
            staging.drop_all(connection, self._run.run_id)
            reads.begin_read(connection, self._run.run_id)
        raise Unavailable("scope changed", wait_seconds=_AGAIN_SECONDS)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction that commits only while the run is this worker's."""
        with transaction(self._pool) as connection:
            runs.check(connection, self._run)
            yield connection


def list_all(api: CorpApi, snapshot: Snapshot) -> list[Department]:
    """All departments that can be seen; none where members authorise by themselves.

    Raises: Unavailable for an empty listing that cannot be true.
    """
    if snapshot.scope.auth_mode == AuthMode.MEMBER:
        return []
    listed = ask_departments(api)
    granted = snapshot.grants_departments
    if isinstance(listed, WeComError):
        if granted:
            # Not an answer about any department: it says what we may ask.
            raise Unavailable(
                f"{Finding.LOST_PERMISSION}: the departments of the scope are refused",
                errcode=listed.errcode,
                endpoint=listed.endpoint,
            ) from listed
        return []
    if not listed and granted:
        raise Unavailable(
            f"{Finding.CUT_OFF_READ}:"
            " an empty listing although the scope has departments"
        )
    return listed


def _count_pages(known: Collection[str], usable: Usable) -> int:
    """How many pages the read has, as far as one knows."""
    names = {DEPARTMENTS, *known}
    names |= {listing_of(each) for each in usable.departments}
    names |= {f"member:{each}" for each in usable.by_member}
    return len(names)
