"""Reads a whole corp into staging, page by page, so that a stop loses one page."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

from domain.ids import CORP_KEY, Key, TagId, Userid, member_key, tag_key
from domain.leavers import MEMBER_AUTH, listing_of
from domain.org import Department
from domain.reasons import Finding
from domain.scope import AuthMode, AuthScope, Tag, Usable
from domain.spelling import spelt_scope
from store.database import Connection, Pool, transaction
from store.org import corps, departments
from store.org.corps import Corp
from store.runs import reads, runs, staging, touched
from store.runs.runs import PLAN, Run
from store.runs.staging import ReadPage
from wecom.errors import OddAnswer, Unavailable, WeComError
from workers.answers.listed import (
    ListedDepartments,
    ListedMembers,
    empty_tag,
    odd_rows,
    with_known,
)
from workers.answers.observe import scope_from
from workers.answers.questions import (
    GET,
    LIST,
    TAG,
    ask_departments,
    ask_one,
    list_authorised,
    list_key,
    list_one,
    read_permissions,
    read_tag,
)
from workers.answers.spelling import SpellingApi
from workers.answers.troubles import Troubles
from workers.calls.concurrency_limit import Widths
from workers.calls.concurrent import ask_all, ask_flowing
from workers.calls.corp_api import CorpApi
from workers.runs.oddities import stage_odd
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
# So often a page that does not come keeps the read waiting; then it is its own trouble.
_PATIENT_STRIKES = 3


class TurnOver(Exception):
    """The read goes on in another turn, from the page it reached."""


class CorpReader:
    """One worker's turn at reading a corp for a run."""

    def __init__(
        self, pool: Pool, run: Run, corp: Corp, *, api: SpellingApi, at_once: Widths
    ) -> None:
        self._pool = pool
        self._run = run
        self._corp = corp
        self._api = api
        self._at_once = at_once
        self._turn_ends = time.monotonic() + _TURN_SECONDS
        self._troubles = Troubles()

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
            snapshot = self._read_singles(snapshot, departments)
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
        return kept if self._has_scope(kept) else None

    def _has_scope(self, snapshot: Snapshot) -> bool:
        """Whether the scope is that of the snapshot, or cannot be read now."""
        try:
            scope = scope_from(self._api.auth_info())
        except OddAnswer:
            return True
        return scope == spelt_scope(snapshot.scope, self._api.spellings)

    def _begin(self) -> Snapshot:
        with self._writing() as connection:
            staging.drop_all(connection, self._run.run_id)
            if self._run.cause != PLAN:
                touched.clear(connection, self._run)
            reads.begin_read(connection, self._run.run_id)
        odd: dict[Key, Unavailable] = {}
        snapshot = self._first_answers(odd)
        with self._writing() as connection:
            reads.note_snapshot(connection, self._run.run_id, snapshot.to_json())
            if odd:
                stage_odd(connection, self._run.run_id, "scope", odd)
        return snapshot

    def _first_answers(self, odd: dict[Key, Unavailable]) -> Snapshot:
        """Scope, permissions and tags; what cannot be read is as it was known."""
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
            tags=self._read_tags(scope, odd),
        )

    def _read_permissions(self, odd: dict[Key, Unavailable]) -> frozenset[str]:
        try:
            return read_permissions(self._api)
        except OddAnswer as error:
            odd[CORP_KEY] = error
            return self._corp.permissions

    def _read_tags(
        self, scope: AuthScope, odd: dict[Key, Unavailable]
    ) -> dict[TagId, Tag]:
        if scope.auth_mode == AuthMode.MEMBER:
            # Tags let nobody use the app where members authorise by themselves.
            return {}
        wanted = sorted(scope.tags)
        with transaction(self._pool) as connection:
            known = corps.list_tags(connection, self._corp.corp_pk) if wanted else {}
        found = ask_all(
            lambda tag_id: read_tag(
                self._api, tag_id, known=known.get(tag_id, empty_tag(tag_id))
            ),
            wanted,
            at_once=lambda: self._at_once(TAG),
        )
        for tag_id, read in zip(wanted, found, strict=True):
            if read.odd is not None:
                odd[tag_key(tag_id)] = OddAnswer(read.odd, endpoint=TAG)
        if any(read.tag is None for read in found):
            if scope_from(self._api.auth_info()) == scope:
                # WeCom 40068 means an empty tag only when the scope forgets it, too.
                raise Unavailable("a tag of the scope did not answer", endpoint=TAG)
            raise Unavailable("scope changed", wait_seconds=_AGAIN_SECONDS)
        return {read.tag.tag_id: read.tag for read in found if read.tag is not None}

    def _read_departments(self, snapshot: Snapshot) -> list[Department]:
        with transaction(self._pool) as connection:
            if DEPARTMENTS in staging.list_pages(connection, self._run.run_id):
                return staged_departments(
                    staging.list_kind(connection, self._run.run_id, "department")
                )
            stored = departments.list_all(connection, self._corp.corp_pk)
        answer = list_all(self._api, snapshot)
        listed = with_known(answer, stored)
        with self._writing() as connection:
            stage_departments(connection, self._run.run_id, listed)
            if odd := odd_rows(answer):
                stage_odd(connection, self._run.run_id, DEPARTMENTS, odd)
        return listed

    def _read_lists(self, usable: Usable) -> None:
        pages = {listing_of(each): each for each in sorted(usable.departments)}
        self._read_pages(
            pages,
            lambda page: self._bear(
                list_key(pages[page]), lambda: list_one(self._api, pages[page])
            ),
            usable,
            endpoint=LIST,
        )

    def _read_singles(
        self, snapshot: Snapshot, listed: Sequence[Department]
    ) -> Snapshot:
        """Ask for people granted singly; the snapshot as WeCom spells them."""
        usable = snapshot.usable(listed)
        wanted = set(usable.by_member)
        with transaction(self._pool) as connection:
            seen = staging.list_seen(connection, self._run.run_id, wanted)
        # Whom a list has shown already is not asked again.
        self._ask_each(sorted(wanted - seen), usable)
        if not self._api.learnt:
            return snapshot
        spelt = snapshot.spelt(self._api.spellings)
        with self._writing() as connection:
            reads.note_snapshot(connection, self._run.run_id, spelt.to_json())
            if self._run.cause != PLAN:
                corps.note_spellings(connection, self._corp.corp_pk, self._api.learnt)
        # Only now is it known of these on what grounds they are in.
        people = self._api.learnt.values()
        self._ask_each(sorted(people), spelt.usable(listed), again=True)
        return spelt

    def _read_authorised(self, usable: Usable) -> None:
        people = list_authorised(self._api)
        complete = people.odd is None
        with self._writing() as connection:
            page = ReadPage(page=MEMBER_AUTH, rows=(), complete=complete)
            staging.replace_page(connection, self._run.run_id, kind="auth", page=page)
            if people.odd is not None:
                odd = OddAnswer(people.odd, endpoint="user/list_member_auth")
                stage_odd(connection, self._run.run_id, MEMBER_AUTH, {CORP_KEY: odd})
        self._ask_each(sorted(people.userids), usable)

    def _ask_each(
        self, people: Sequence[Userid], usable: Usable, *, again: bool = False
    ) -> None:
        prefix = "again:" if again else "member:"
        pages = {f"{prefix}{each}": each for each in people}
        self._read_pages(
            pages,
            lambda page: self._bear(
                member_key(pages[page]), lambda: self._ask_page(pages[page])
            ),
            usable,
            endpoint=GET,
        )

    def _bear(
        self, key: Key, ask: Callable[[], ListedMembers | None]
    ) -> ListedMembers | None:
        """The answer; after some patience a page that fails alone holds up no other."""
        if self._run.strikes < _PATIENT_STRIKES:
            listed = ask()
            self._troubles.note_answer()
            return listed
        listed = self._troubles.bear(key, ask)
        error = self._troubles.of.get(key)
        if error is None:
            return listed
        return ListedMembers(members=(), troubles={key: error}, complete=False)

    def _ask_page(self, userid: Userid) -> ListedMembers | None:
        try:
            answer = ask_one(self._api, userid)
        except OddAnswer as error:
            return ListedMembers(members=(), odd={userid: error.reason}, complete=False)
        return None if isinstance(answer, int) else ListedMembers(members=(answer,))

    def _read_pages(
        self,
        pages: Collection[str],
        ask: Callable[[str], ListedMembers | None],
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
        answers: Sequence[tuple[str, ListedMembers | None]],
        usable: Usable,
        *,
        read: int,
        of: int,
    ) -> None:
        pages = [
            ReadPage(
                page=page,
                rows=() if listed is None else usable_rows(listed.members, usable),
                complete=listed is not None and listed.complete,
            )
            for page, listed in answers
        ]
        with self._writing() as connection:
            staging.add_pages(connection, self._run.run_id, kind="member", pages=pages)
            for page, listed in answers:
                if listed is not None and (odd := listed.all_odd(endpoint=_of(page))):
                    stage_odd(connection, self._run.run_id, page, odd)
            reads.note_progress(connection, self._run.run_id, read=read, of=of)

    def _while_our_turn(self, pages: Iterable[str]) -> Iterator[str]:
        for page in pages:
            if time.monotonic() > self._turn_ends:
                return
            yield page

    def _check_scope_held(self, snapshot: Snapshot) -> None:
        if self._has_scope(snapshot):
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


def list_all(api: CorpApi, snapshot: Snapshot) -> ListedDepartments:
    """All departments that can be seen; none where members authorise by themselves.

    Raises: Unavailable for an empty listing that cannot be true.
    """
    if snapshot.scope.auth_mode == AuthMode.MEMBER:
        return ListedDepartments(departments=())
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
        return ListedDepartments(departments=())
    if not _says_something(listed) and granted:
        raise Unavailable(
            f"{Finding.CUT_OFF_READ}:"
            " an empty listing although the scope has departments"
        )
    return listed


def _says_something(listed: ListedDepartments) -> bool:
    return bool(listed.departments or listed.odd or listed.unnamed)


def _of(page: str) -> str:
    """The endpoint that a page was asked of."""
    return LIST if page.startswith("department:") else GET


def _count_pages(known: Collection[str], usable: Usable) -> int:
    """How many pages the read has, as far as one knows."""
    names = {DEPARTMENTS, *known}
    names |= {listing_of(each) for each in usable.departments}
    names |= {f"member:{each}" for each in usable.by_member}
    return len(names)
