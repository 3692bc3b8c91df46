"""Folding the journal from empty gives exactly the org, whatever was observed."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from domain.decisions import Decision
from domain.ids import DepartmentId, Userid
from domain.org.identity import is_handed_on
from domain.org.org import Department, Member, Org, RemovalCause, StoredMember
from domain.org.replay import replay
from domain.reasons import Reason
from domain.reconcile.departments import decide_department
from domain.reconcile.leavers import Removal
from domain.reconcile.members import decide_member, remove_member
from domain.reconcile.renames import Absentee, Rename, in_turn, match_renames
from tests.support.values import strategies
from tests.support.values.builders import lines, stored

GONE = Removal(cause=RemovalCause.SCOPE, reason=Reason.OUT_OF_SCOPE)


class Rows:
    """The org as a store would keep it, and the journal beside it."""

    def __init__(self) -> None:
        self.departments: dict[DepartmentId, Department] = {}
        self.members: dict[Userid, StoredMember] = {}
        self.tombstones: dict[Userid, StoredMember] = {}
        self.journal: list[Decision] = []
        self.born = 0

    def see_departments(self, seen: dict[DepartmentId, Department]) -> None:
        for each in sorted(self.departments.keys() | seen.keys()):
            self.journal += decide_department(
                self.departments.get(each), seen.get(each), reason=Reason.FULL_READ
            )
        self.departments = seen

    def see_members(self, seen: dict[Userid, Member]) -> None:
        handed_on = {
            userid: each
            for userid, each in self.members.items()
            if userid in seen and is_handed_on(each, seen[userid])
        }
        gone = [each for userid, each in self.members.items() if userid not in seen]
        renames = match_renames(
            [Absentee(stored=each) for each in (*gone, *handed_on.values())],
            answers=seen,
            active=self.members,
            claims=(),
        )
        renamed = {each.path[0] for each in renames}
        for userid in sorted(handed_on.keys() - renamed):
            self.remove(userid)
        self.rename(renames)
        for userid in sorted(self.members.keys() - seen.keys()):
            self.remove(userid)
        for userid, member in seen.items():
            known = self.members.get(userid) or self.tombstones.get(userid)
            decisions = decide_member(known, member, reason=Reason.FULL_READ)
            self.journal += decisions
            if known is None or (decisions and decisions[0].name == "AddMember"):
                self.born += 1
                self.members[userid] = stored(member, pk=self.born)
            else:
                self.tombstones.pop(userid, None)
                self.members[userid] = stored(member, pk=known.member_pk)

    def rename(self, renames: Sequence[Rename]) -> None:
        bearers = {userid: each.member_pk for userid, each in self.members.items()}
        aside: dict[Userid, StoredMember] = {}
        for turn in in_turn(renames, bearers=bearers):
            self.journal += turn.decisions
            old, new = turn.rename.path[0], turn.rename.path[-1]
            if turn.displaces:
                aside[new] = self.members.pop(new)
            if aside.pop(old, None) is None:
                del self.members[old]
            self.members[new] = turn.rename.result

    def remove(self, userid: Userid) -> None:
        leaver = self.members.pop(userid)
        self.journal.append(remove_member(leaver, GONE))
        self.tombstones[userid] = stored(
            leaver.member, pk=leaver.member_pk, removed=GONE.cause
        )

    @property
    def org(self) -> Org:
        members = {userid: each.member for userid, each in self.members.items()}
        return Org(departments=self.departments, members=members)


readings = st.tuples(
    st.lists(strategies.departments, max_size=4).map(
        lambda listed: {each.department_id: each for each in listed}
    ),
    st.lists(strategies.members, max_size=4).map(
        lambda listed: {each.userid: each for each in listed}
    ),
)


@given(st.lists(readings, max_size=5))
def test_any_sequence_of_readings_replays_to_the_org(
    sequence: list[tuple[dict[DepartmentId, Department], dict[Userid, Member]]],
) -> None:
    rows = Rows()

    for departments, members in sequence:
        rows.see_departments(departments)
        rows.see_members(members)

    assert replay(lines(rows.journal)) == rows.org
    if sequence:
        assert rows.org == Org(departments=sequence[-1][0], members=sequence[-1][1])
