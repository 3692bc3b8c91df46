"""Brings a read up to what drains saw change while its pages were read."""

from typing import NoReturn

from domain.ids import Key, Userid, member_key
from domain.org import Department
from domain.scope import Usable
from store.database import Pool, transaction
from store.runs import reads, staging, touched
from store.runs.runs import Run
from wecom.errors import OddAnswer, Unavailable
from workers.answers.listed import odd_rows, with_known
from workers.answers.questions import ask_one
from workers.calls.corp_api import CorpApi
from workers.events.sync_batch import DEPARTMENTS_KEY
from workers.org.commit import AGAIN_SECONDS, Commits
from workers.runs.oddities import stage_odd
from workers.runs.read import list_all
from workers.runs.snapshot import Snapshot
from workers.runs.staged import (
    DEPARTMENTS,
    stage_departments,
    stage_member,
    staged_departments,
)


class CatchUp:
    """A complete read on its way to being applied; begun anew where it cannot be."""

    def __init__(
        self,
        pool: Pool,
        run: Run,
        *,
        api: CorpApi,
        snapshot: Snapshot,
        commits: Commits,
    ) -> None:
        self._pool = pool
        self._run = run
        self._api = api
        self._snapshot = snapshot
        self._commits = commits

    def amend(self) -> list[Department]:
        """The departments of the read, once staging holds the truth of now.

        Raises: Unavailable when the read has to begin anew.
        """
        self._check_counts()
        self._ask_touched()
        return self._listed()

    def _check_counts(self) -> None:
        with transaction(self._pool) as connection:
            sound = staging.adds_up(connection, self._run.run_id)
        if not sound:
            # A crashed Postgres empties staging: what is left of it proves nothing.
            self._start_over("staging was lost")

    def _ask_touched(self) -> None:
        with transaction(self._pool) as connection:
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
        answer = list_all(self._api, self._snapshot)
        # As the pages had them, who were read within this very run.
        listed = with_known(answer, self._listed())
        with self._commits.writing() as connection:
            stage_departments(connection, self._run.run_id, listed)
            stage_odd(connection, self._run.run_id, DEPARTMENTS, odd_rows(answer))
        if self._snapshot.usable(listed).departments - before:
            # Departments became usable whose people no page has shown.
            self._start_over("departments came into the scope while it was read")

    def _ask_member(self, userid: Userid, usable: Usable) -> None:
        try:
            answer = ask_one(self._api, userid)
        except OddAnswer as error:
            # What a page or the org says of them stays.
            with self._commits.writing() as connection:
                odd: dict[Key, Unavailable] = {member_key(userid): error}
                stage_odd(connection, self._run.run_id, f"again:{userid}", odd)
            return
        grounded = None if isinstance(answer, int) else usable.grounded(answer)
        with self._commits.writing() as connection:
            if grounded is not None and grounded.grounds:
                stage_member(connection, self._run.run_id, grounded)
            else:
                staging.drop_key(
                    connection, self._run.run_id, kind="member", key=userid
                )

    def _start_over(self, reason: str) -> NoReturn:
        with self._commits.writing() as connection:
            staging.drop_all(connection, self._run.run_id)
            reads.begin_read(connection, self._run.run_id)
        raise Unavailable(reason, wait_seconds=AGAIN_SECONDS)

    def _listed(self) -> list[Department]:
        with transaction(self._pool) as connection:
            rows = staging.list_kind(connection, self._run.run_id, "department")
        return staged_departments(rows)
