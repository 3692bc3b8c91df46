"""Brings a read up to date: asks what drains touched or a first look left open."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import NoReturn

from domain.ids import DepartmentId, Key, TagId, Userid, member_key, tag_key
from domain.org.org import Department
from domain.org.scope import Tags, Usable
from domain.reconcile.leavers import MEMBER_AUTH
from domain.reconcile.testimony import DEPARTMENTS, tags_among
from store.database import Pool, transaction
from store.org.corps import Corp
from store.runs import reads, staging, touched
from store.runs.runs import Run
from wecom.errors import Unavailable
from workers.answers.people import ask_one
from workers.answers.spelling import SpellingApi
from workers.calls.concurrency_limit import Widths
from workers.org.commit import AGAIN_SECONDS
from workers.runs.oddities import stage_odd
from workers.runs.read import CorpReader
from workers.runs.reading.second_look import LIST, Look
from workers.runs.reading.second_opinion import list_doubted
from workers.runs.reading.tags_and_tree import ask_tag, with_tag
from workers.runs.snapshot import AGAIN, Snapshot
from workers.runs.staged import reground, stage_member, staged_departments

# Before the lease is taken, so often what came meanwhile is asked; the rest under it.
MOST_ROUNDS = 3

Heeded = Mapping[str, datetime]
NOTHING_HEEDED: Heeded = {}

_MEMBER = "member:"
_DEPARTMENT = "department:"


class CatchUp:
    """A complete read on its way to being applied; each key is asked as it is touched.

    Whatever arrives makes that page, tag or department be asked again, never all.
    """

    def __init__(
        self,
        pool: Pool,
        run: Run,
        corp: Corp,
        *,
        api: SpellingApi,
        at_once: Widths,
        heeded: Heeded = NOTHING_HEEDED,
    ) -> None:
        self._pool = pool
        self._run = run
        self._corp = corp
        self._api = api
        self._reader = CorpReader(pool, run, corp, api=api, at_once=at_once)
        self._patience = self._reader.pages.patience
        self._heeded = dict(heeded)

    @property
    def heeded(self) -> Heeded:
        """The touched keys that were asked for, and when they had been touched."""
        return self._heeded

    def keep_up(self, snapshot: Snapshot) -> Snapshot:
        """Ask what a first look left open, and what drains touch, without the lease."""
        if Look.SETS in snapshot.looked and Look.AGAIN not in snapshot.looked:
            snapshot = self._look_again(snapshot)
        for _ in range(MOST_ROUNDS):
            keys = self._news()
            if not keys:
                break
            snapshot = self._ask(snapshot, keys)
        self._ask_doubted(snapshot)
        return snapshot

    def catch_up(self, snapshot: Snapshot) -> tuple[Snapshot, list[Department]]:
        """The read once staging holds the truth of now; drains stand still meanwhile.

        Raises: TurnOver; Unavailable when the read has to begin anew.
        """
        self._check_counts()
        snapshot = self._ask(snapshot, self._news())
        return snapshot, self._listed()

    def follow(
        self, snapshot: Snapshot, *, tags: Tags, listed: list[Department]
    ) -> Snapshot:
        """The snapshot with these tags, and what is staged with the grounds of now."""
        if tags == snapshot.tags:
            return snapshot
        following = replace(snapshot, tags=dict(tags))
        before, after = snapshot.usable(listed), following.usable(listed)
        with self._reader.pages.writing() as connection:
            reground(connection, self._run.run_id, before=before, after=after)
        return following

    def _ask_doubted(self, snapshot: Snapshot) -> None:
        """Ask for those of whom one list alone says something else than is known."""
        doubted = list_doubted(self._pool, self._run, self._corp, snapshot)
        if doubted:
            usable = snapshot.usable(self._listed())
            self._reader.pages.read_twice(doubted, usable)

    def _look_again(self, snapshot: Snapshot) -> Snapshot:
        # People are asked when it is found out who is absent still.
        sets = {each for each in snapshot.lost if not each.startswith(_MEMBER)}
        snapshot = self._ask(snapshot, sets)
        snapshot = replace(snapshot, looked=snapshot.looked | {Look.AGAIN})
        self._reader.keep(snapshot)
        return snapshot

    def _check_counts(self) -> None:
        with transaction(self._pool) as connection:
            sound = staging.adds_up(connection, self._run.run_id)
        if not sound:
            # A crashed Postgres empties staging: what is left of it proves nothing.
            self._start_over("staging was lost")

    def _news(self) -> frozenset[str]:
        """The keys that drains touched since they were asked for."""
        with transaction(self._pool) as connection:
            keys = touched.list_keys(connection, self._run)
        news = {each for each, at in keys.items() if self._heeded.get(each) != at}
        self._heeded |= keys
        return frozenset(news)

    def _ask(self, snapshot: Snapshot, keys: Collection[str]) -> Snapshot:
        """Ask WeCom about these once more, and for the pages that become needed."""
        if not keys:
            return snapshot
        listed = self._listed()
        before = snapshot.usable(listed)
        snapshot, listed = self._ask_sets(snapshot, listed, keys)
        after = snapshot.usable(listed)
        self._ask_lists(keys, after)
        # Departments and people that came into the scope have pages yet to be read.
        snapshot = self._reader.pages.read_people(snapshot, listed)
        after = snapshot.usable(listed)
        with self._reader.pages.writing() as connection:
            reground(connection, self._run.run_id, before=before, after=after)
        self._ask_people(keys, after)
        return snapshot

    def _ask_sets(
        self, snapshot: Snapshot, listed: list[Department], keys: Collection[str]
    ) -> tuple[Snapshot, list[Department]]:
        places = _places_of(snapshot)
        tags = tags_among(keys) & snapshot.scope.tags
        for each in sorted(tags):
            snapshot = self._with_tag(snapshot, each)
        asked = any(
            each == DEPARTMENTS or each.startswith(_DEPARTMENT) for each in keys
        )
        if asked or _places_of(snapshot) != places:
            snapshot, listed = self._reader.read_tree_again(snapshot)
        elif tags:
            self._reader.keep(snapshot)
        return snapshot, listed

    def _with_tag(self, snapshot: Snapshot, tag_id: TagId) -> Snapshot:
        """The snapshot with what one tag holds now; unread it stays as it was."""
        read = ask_tag(self._api, tag_id, known=snapshot.tags, patience=self._patience)
        self._note_trouble(tag_key(tag_id), f"{AGAIN}{tag_key(tag_id)}")
        return with_tag(snapshot, tag_id, read)

    def _ask_lists(self, keys: Collection[str], usable: Usable) -> None:
        for each in sorted(keys):
            if each == MEMBER_AUTH:
                self._reader.pages.list_authorised_again()
            elif each.startswith(LIST):
                department_id = DepartmentId(int(each.removeprefix(LIST)))
                if department_id in usable.departments:
                    self._reader.pages.read_list_again(department_id, usable)

    def _ask_people(self, keys: Collection[str], usable: Usable) -> None:
        for key in sorted(keys):
            if key.startswith(_MEMBER):
                self._ask_member(Userid(key.removeprefix(_MEMBER)), usable)

    def _ask_member(self, userid: Userid, usable: Usable) -> None:
        key = member_key(userid)
        answer = self._patience.bear(key, lambda: ask_one(self._api, userid))
        if answer is None:
            # What a page or the org says of them stays.
            self._note_trouble(key, f"{AGAIN}{userid}")
            return
        grounded = None if isinstance(answer, int) else usable.grounded(answer)
        with self._reader.pages.writing() as connection:
            if grounded is not None and grounded.grounds:
                stage_member(connection, self._run.run_id, grounded, page_of=AGAIN)
            else:
                staging.drop_key(
                    connection, self._run.run_id, kind="member", key=userid
                )

    def _note_trouble(self, key: Key, page: str) -> None:
        error = self._patience.error_of(key)
        odd: dict[Key, Unavailable] = {} if error is None else {key: error}
        with self._reader.pages.writing() as connection:
            stage_odd(connection, self._run.run_id, page, odd)

    def _start_over(self, reason: str) -> NoReturn:
        with self._reader.pages.writing() as connection:
            staging.drop_all(connection, self._run.run_id)
            reads.begin_read(connection, self._run.run_id)
        raise Unavailable(reason, wait_seconds=AGAIN_SECONDS)

    def _listed(self) -> list[Department]:
        with transaction(self._pool) as connection:
            rows = staging.list_kind(connection, self._run.run_id, "department")
        return staged_departments(rows)


def _places_of(snapshot: Snapshot) -> dict[TagId, frozenset[DepartmentId]]:
    """What the tags say of departments: with these changes what is listed."""
    return {each: tag.department_ids for each, tag in snapshot.tags.items()}
