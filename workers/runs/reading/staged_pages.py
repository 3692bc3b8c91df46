"""Puts a batch of answers into staging, each as the page of the read that it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from domain.org.scope import Usable
from store.database import Connection
from store.runs import known_answers, staging
from store.runs.known_answers import KnownAnswer, ReadAnswer
from store.runs.runs import Run
from store.runs.staging import ReadPage
from workers.answers.listed import ListedAsKnown, ListedMembers
from workers.runs.oddities import stage_odd
from workers.runs.reading.known_lists import KnownLists
from workers.runs.staged import usable_rows

Answered = ListedMembers | ListedAsKnown | None


def page_of(page: str, listed: ListedMembers | None, usable: Usable) -> ReadPage:
    """A page as it was answered; None: WeCom refuses it."""
    return ReadPage(
        page=page,
        rows=() if listed is None else usable_rows(listed.members, usable),
        complete=listed is not None and listed.complete,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PageStager:
    """Stages the pages of one run; `endpoint` is what their answers came from.

    Shape: without `known` no answer is remembered, and none was recognised.
    """

    run: Run
    usable: Usable
    endpoint: str
    known: KnownLists | None

    def stage(
        self, connection: Connection, answers: Iterable[tuple[str, Answered]]
    ) -> list[str]:
        """Stage them in the order in which they came: a later one is a later truth.

        Returns the pages that are to be asked for again: what their answers come to,
        which was known when they came, is known no more.
        """
        found = [self._told_apart(page, listed) for page, listed in answers]
        fresh = [each for each in found if isinstance(each, ReadAnswer)]
        if fresh:
            known_answers.remember(connection, self.run.corp_pk, fresh)
        lost: list[str] = []
        for in_full, group in groupby(found, lambda each: isinstance(each, _InFull)):
            if in_full:
                pages = [each for each in group if isinstance(each, _InFull)]
                self._copy(connection, pages)
            else:
                known = [
                    _named(each) for each in group if not isinstance(each, _InFull)
                ]
                lost += self._recall(connection, known)
        return lost

    def _told_apart(
        self, page: str, listed: Answered
    ) -> "tuple[str, KnownAnswer] | ReadAnswer | _InFull":
        if self.known is not None:
            if isinstance(listed, ListedAsKnown):
                return page, self.known.answer_of(page)
            apart = None if listed is None else self.known.told_apart(listed)
            if listed is not None and apart is not None:
                rows = usable_rows(listed.members, self.usable)
                return ReadAnswer(page=page, known=apart, rows=rows)
        assert not isinstance(listed, ListedAsKnown)  # noqa: S101 - nothing was known
        return _InFull(page=page, listed=listed)

    def _recall(
        self, connection: Connection, answers: Sequence[tuple[str, KnownAnswer]]
    ) -> list[str]:
        staged = known_answers.stage(
            connection, self.run.run_id, self.run.corp_pk, answers
        )
        return [page for page, _ in answers if page not in staged]

    def _copy(self, connection: Connection, pages: Sequence["_InFull"]) -> None:
        run_id = self.run.run_id
        staging.add_pages(
            connection,
            run_id,
            kind="member",
            pages=[page_of(each.page, each.listed, self.usable) for each in pages],
        )
        for each in pages:
            if each.listed is not None and (
                odd := each.listed.all_odd(endpoint=self.endpoint)
            ):
                stage_odd(connection, run_id, each.page, odd)


@dataclass(frozen=True, slots=True, kw_only=True)
class _InFull:
    """A page whose rows are not to be remembered."""

    page: str
    listed: ListedMembers | None


def _named(answer: tuple[str, KnownAnswer] | ReadAnswer) -> tuple[str, KnownAnswer]:
    if isinstance(answer, ReadAnswer):
        return answer.page, answer.known
    return answer
