"""Reads everybody whom the scope lets use the app, page by page, into staging."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

from domain.ids import (
    CORP_KEY,
    DepartmentId,
    Key,
    OpenUserid,
    Userid,
    member_key,
)
from domain.org.org import Department, Member
from domain.org.scope import AuthMode, Usable
from domain.reconcile.leavers import MEMBER_AUTH, listing_of
from store.database import Connection, Pool, transaction
from store.org import corps, members
from store.org.corps import Corp
from store.runs import known_answers, reads, runs, staging
from store.runs.runs import PLAN, Run
from store.runs.staging import ReadPage, Staged
from wecom.errors import OddAnswer
from workers.answers.authorised import ask_authorised, list_authorised
from workers.answers.listed import ListedMembers
from workers.answers.people import GET, LIST, ask_one, list_one, list_unless
from workers.answers.questions import list_key
from workers.answers.spelling import SpellingApi
from workers.calls.concurrency_limit import Widths
from workers.calls.concurrent import ask_flowing
from workers.runs.oddities import list_odd, stage_odd
from workers.runs.reading.known_lists import KnownLists
from workers.runs.reading.patience import Patience
from workers.runs.reading.staged_pages import Answered, PageStager, page_of
from workers.runs.snapshot import AGAIN, TWICE, Snapshot
from workers.runs.staged import DEPARTMENTS

_MEMBER = "member:"

Asked = TypeVar("Asked")

# So many are staged in one transaction; a stop loses what lies between two of them.
_BATCH_PAGES = 64
# A worker gives the run back after this long, so that runs of other corps get a turn.
_TURN_SECONDS = 240.0


class TurnOver(Exception):
    """The read goes on in another turn, from the page it reached."""


class PageReader:
    """One worker's turn at the pages of people; asks only for what is not staged.

    Shape: `patience` is that of the whole turn.
    """

    def __init__(
        self, pool: Pool, run: Run, corp: Corp, *, api: SpellingApi, at_once: Widths
    ) -> None:
        self._pool = pool
        self._run = run
        self._corp = corp
        self._api = api
        self._at_once = at_once
        self._turn_ends = time.monotonic() + _TURN_SECONDS
        self.patience = Patience(run.strikes)
        self._known: Mapping[OpenUserid, Userid] = {}

    def read_people(
        self, snapshot: Snapshot, departments: Sequence[Department]
    ) -> Snapshot:
        """Everybody who may use the app; the snapshot as WeCom spells them.

        Raises: TurnOver.
        """
        usable = snapshot.usable(departments)
        if snapshot.scope.auth_mode == AuthMode.MEMBER:
            self._known_lists(usable, pages=())
            self._read_authorised(usable)
            return snapshot
        self._read_lists(usable)
        return self._read_singles(snapshot, departments, usable)

    def read_list_again(self, department_id: DepartmentId, usable: Usable) -> None:
        """Put what a list says now in place of what it said."""
        name = listing_of(department_id)
        listed = self._bear(
            list_key(department_id), lambda: list_one(self._api, department_id)
        )
        page = page_of(name, listed, usable)
        odd = {} if listed is None else listed.all_odd(endpoint=LIST)
        with self.writing() as connection:
            staging.replace_page(connection, self._run.run_id, kind="member", page=page)
            stage_odd(connection, self._run.run_id, name, odd)

    def read_twice(self, people: Sequence[Userid], usable: Usable) -> None:
        """Ask for people of whom one list alone says something; that answer counts.

        Shape: who is refused, or may not use the app, is on no page; of whom nothing
            usable comes, the list is all there is.
        Raises: TurnOver.
        """
        names = {f"{TWICE}{each}": each for each in people}
        with self.writing() as connection:
            staging.drop_pages(connection, self._run.run_id, [*names])
        self._ask_each(people, usable, named=TWICE)
        with self.writing() as connection:
            pages = staging.list_pages(connection, self._run.run_id)
            odd = list_odd(connection, self._run.run_id)
            for name, who in names.items():
                if not pages[name].rows and member_key(who) not in odd:
                    staging.drop_key(
                        connection, self._run.run_id, kind="member", key=who
                    )

    def list_authorised_again(self) -> None:
        """In auth_mode 1: put who authorised the app in place of who had."""
        people = list_authorised(self._api)
        rows = [
            Staged(key=each, fingerprint=b"", value={})
            for each in sorted(people.userids)
        ]
        page = ReadPage(page=MEMBER_AUTH, rows=rows, complete=people.odd is None)
        with self.writing() as connection:
            staging.replace_page(connection, self._run.run_id, kind="auth", page=page)
            if people.odd is not None:
                odd = OddAnswer(people.odd, endpoint="user/list_member_auth")
                stage_odd(connection, self._run.run_id, MEMBER_AUTH, {CORP_KEY: odd})

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that commits only while the run is this worker's."""
        with transaction(self._pool) as connection:
            runs.check(connection, self._run)
            yield connection

    def _read_lists(self, usable: Usable) -> None:
        pages = {listing_of(each): each for each in sorted(usable.departments)}
        known = self._known_lists(usable, pages=pages)
        lost = self._read_pages(
            pages,
            lambda page: self._bear(
                list_key(pages[page]),
                lambda: list_unless(
                    self._api, pages[page], known.digest_of(pages[page])
                ),
            ),
            self._stager(usable, LIST, known),
        )
        for page in lost:
            self.read_list_again(pages[page], usable)

    def _known_lists(self, usable: Usable, *, pages: Collection[str]) -> KnownLists:
        """What is known of these lists; of others it is forgotten."""
        known = KnownLists(
            self._pool, self._run.corp_pk, usable, nothing=self._run.deep
        )
        gone = known.pages - set(pages)
        if gone:
            with self.writing() as connection:
                known_answers.forget(connection, self._run.corp_pk, gone)
        return known

    def _read_singles(
        self, snapshot: Snapshot, listed: Iterable[Department], usable: Usable
    ) -> Snapshot:
        """Ask for people granted singly; the snapshot as WeCom spells them."""
        wanted = set(usable.by_member)
        with transaction(self._pool) as connection:
            seen = staging.list_seen(connection, self._run.run_id, wanted)
        # Whom a list has shown already is not asked again.
        self._ask_each(sorted(wanted - seen), usable, named=_MEMBER)
        if not self._api.learnt:
            return snapshot
        spelt = snapshot.spelt(self._api.spellings)
        with self.writing() as connection:
            reads.note_snapshot(connection, self._run.run_id, spelt.to_json())
            if self._run.cause != PLAN:
                corps.note_spellings(connection, self._corp.corp_pk, self._api.learnt)
        # Only now is it known of these on what grounds they are in.
        people = self._api.learnt.values()
        self._ask_each(sorted(people), spelt.usable(listed), named=AGAIN)
        return spelt

    def _read_authorised(self, usable: Usable) -> None:
        with transaction(self._pool) as connection:
            pages = staging.list_page_names(connection, self._run.run_id)
        if MEMBER_AUTH not in pages:
            self.list_authorised_again()
        with transaction(self._pool) as connection:
            rows = staging.list_kind(connection, self._run.run_id, "auth")
            listed = sorted(map(Userid, rows))
            self._known = members.list_named(connection, self._corp.corp_pk, listed)
        self._ask_each(listed, usable, named=_MEMBER)

    def _ask_each(
        self, people: Sequence[Userid], usable: Usable, *, named: str
    ) -> None:
        pages = {f"{named}{each}": each for each in people}
        self._read_pages(
            pages,
            lambda page: self._bear(
                member_key(pages[page]), lambda: self._ask_page(pages[page], usable)
            ),
            self._stager(usable, GET, None),
        )

    def _stager(
        self, usable: Usable, endpoint: str, known: KnownLists | None
    ) -> PageStager:
        return PageStager(run=self._run, usable=usable, endpoint=endpoint, known=known)

    def _bear(
        self, key: Key, ask: Callable[[], Asked | None]
    ) -> Asked | ListedMembers | None:
        """The answer; what is in trouble instead, where nothing usable came."""
        listed = self.patience.bear(key, ask)
        error = self.patience.error_of(key)
        if error is None:
            return listed
        return ListedMembers(members=(), troubles={key: error}, complete=False)

    def _ask_page(self, userid: Userid, usable: Usable) -> ListedMembers | None:
        try:
            answer = self._ask_one(userid, usable)
        except OddAnswer as error:
            return ListedMembers(members=(), odd={userid: error.reason}, complete=False)
        return None if isinstance(answer, int) else ListedMembers(members=(answer,))

    def _ask_one(self, userid: Userid, usable: Usable) -> Member | int:
        if usable.auth_mode != AuthMode.MEMBER:
            return ask_one(self._api, userid)
        known = self._known.get(OpenUserid(userid))
        return ask_authorised(self._api, userid, known=known)

    def _read_pages(
        self,
        pages: Collection[str],
        ask: Callable[[str], Answered],
        stager: PageStager,
    ) -> list[str]:
        """Ask for the pages that are missing; staging goes on beside the asking.

        Returns the pages whose answers were lost while they waited to be staged.
        Raises: TurnOver, or the first error, once all that was answered is staged.
        """
        if not pages:
            # Mostly nobody is granted singly: no need to list all that was read.
            return []
        with transaction(self._pool) as connection:
            done = staging.list_page_names(connection, self._run.run_id)
        missing = [each for each in pages if each not in done]
        read, of = len(done), _count_pages({*pages, *done}, stager.usable)
        lost: list[str] = []
        for batch in ask_flowing(
            ask,
            self._while_our_turn(missing),
            at_once=lambda: self._at_once(stager.endpoint),
            batch=_BATCH_PAGES,
        ):
            read += len(batch)
            with self.writing() as connection:
                lost += stager.stage(connection, batch)
                reads.note_progress(connection, self._run.run_id, read=read, of=of)
        if read < len(done) + len(missing):
            raise TurnOver
        return lost

    def _while_our_turn(self, pages: Iterable[str]) -> Iterator[str]:
        for page in pages:
            if time.monotonic() > self._turn_ends:
                return
            yield page


def _count_pages(known: Collection[str], usable: Usable) -> int:
    """How many pages the read has, as far as one knows."""
    names = {DEPARTMENTS, *known}
    names |= {listing_of(each) for each in usable.departments}
    names |= {f"member:{each}" for each in usable.by_member}
    return len(names)
