"""Asks for people of whom one list alone says something new, before it is followed."""

from collections.abc import Sequence

from domain.ids import DepartmentId, Userid
from domain.org.fields import member_from_fields
from domain.org.org import Member, MemberState
from domain.reconcile.listed_rows import brings_back, says_otherwise
from store.database import Pool, transaction
from store.org import corps, departments, members
from store.org.corps import Corp
from store.runs import doubtful_rows, staging
from store.runs.doubtful_rows import DoubtfulRow
from store.runs.runs import Run
from workers.runs.snapshot import Snapshot

_PAGE_MEMBERS = 1_000


def list_doubted(pool: Pool, run: Run, corp: Corp, snapshot: Snapshot) -> list[Userid]:
    """Who has to be asked for singly: lists contradict each other or the org.

    Shape: nobody of a first read unless its lists contradict each other, and nobody of
        whom all that is shown is as it is stored.
    """
    with transaction(pool) as connection:
        staging.analyse(connection)
        rows = doubtful_rows.list_doubtful(connection, run.run_id, run.corp_pk)
        if not rows:
            return []
        tags = corps.list_tags(connection, run.corp_pk)
        known = departments.list_all(connection, run.corp_pk)
    widened = snapshot.scope != corp.scope or snapshot.tags != tags
    judge = _RowJudge(
        pool,
        run,
        widened=widened,
        known=frozenset(each.department_id for each in known),
    )
    return judge.doubted(rows)


class _RowJudge:
    """Weighs rows of lists against what is stored of the same people.

    Shape: `widened` when the scope is another than it was, `known` our departments.
    """

    def __init__(
        self, pool: Pool, run: Run, *, widened: bool, known: frozenset[DepartmentId]
    ) -> None:
        self._pool = pool
        self._run = run
        self._widened = widened
        self._known = known

    def doubted(self, rows: Sequence[DoubtfulRow]) -> list[Userid]:
        """Those of the rows that are not to be followed on their own."""
        found = [Userid(each.key) for each in rows if each.torn]
        others = [each for each in rows if not each.torn]
        for start in range(0, len(others), _PAGE_MEMBERS):
            found += self._of_page(others[start : start + _PAGE_MEMBERS])
        return sorted(found)

    def _of_page(self, rows: Sequence[DoubtfulRow]) -> list[Userid]:
        shown = {
            Userid(each.key): member_from_fields(Userid(each.key), each.value)
            for each in rows
        }
        with transaction(self._pool) as connection:
            stored = members.list_known(connection, self._run.corp_pk, shown)
        active = {
            each.member.userid: each.member
            for each in stored
            if each.state is MemberState.ACTIVE
        }
        doubted = {
            who
            for who, each in shown.items()
            if who in active and says_otherwise(active[who], each)
        }
        doubted |= {
            each.member.userid
            for each in stored
            if (who := each.member.userid) in shown.keys() - active.keys()
            and brings_back(each, widened=self._is_widened(shown[who]))
        }
        return list(doubted)

    def _is_widened(self, row: Member) -> bool:
        """Whether the scope explains that somebody is back."""
        return self._widened or not self._known.issuperset(row.department_ids)
