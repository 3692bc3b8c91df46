"""Brings the org to what was found out: decide, write, journal, in one transaction."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.decisions import Decision
from domain.ids import CorpPk, DepartmentId, Key, Userid, department_key
from domain.org.org import Activation, Department, Member, MemberState
from domain.org.tree import Tree
from domain.reasons import Reason
from domain.reconcile.departments import decide_department, removable_departments
from domain.reconcile.leavers import Removal
from domain.reconcile.members import remove_member
from domain.reconcile.renames import Rename
from store.database import Connection
from store.org import departments, members
from workers.org.identities import learn, rename_members
from workers.org.seen_members import StoredMembers, change_seen

# Which removals may be done now, with the reason to journal.
Admit = Callable[[Sequence[Decision]], Mapping[Key, Reason]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found out about some members; the rest of the corp is not touched.

    Shape: `shown` are usable people as WeCom answers now; `regrounded` were not asked
        about, only their grounds or a leader's userid are others; `left` were refused
        because they are disabled or quit; `gone` are confirmed leavers, whose userid
        somebody may bear who is `shown`; `deleted` were said to be, and are refused.
    """

    shown: tuple[Member, ...] = ()
    regrounded: tuple[Member, ...] = ()
    left: tuple[tuple[Userid, Activation], ...] = ()
    gone: tuple[tuple[Userid, Removal], ...] = ()
    renames: tuple[Rename, ...] = ()
    deleted: frozenset[Userid] = frozenset()

    @property
    def userids(self) -> frozenset[Userid]:
        """Everybody it is about, under every name."""
        followed = {each.userid for each in self.regrounded}
        return self.settled.union(followed, self.deleted)

    @property
    def settled(self) -> frozenset[Userid]:
        """Those of them about whom WeCom has answered."""
        named = {each.userid for each in self.shown}
        named |= {userid for userid, _ in (*self.left, *self.gone)}
        for each in self.renames:
            named |= set(each.path)
        return frozenset(named)


def apply_listing(
    connection: Connection,
    corp_pk: CorpPk,
    listed: Sequence[Department],
    *,
    reason: Reason,
) -> list[Decision]:
    """Add and change departments to what a complete listing shows; removes none."""
    stored = {each.department_id: each for each in _stored(connection, corp_pk)}
    ordered = Tree.of(listed).parents_first()
    shown = {each.department_id: each for each in listed}
    decisions: list[Decision] = []
    changed: list[Department] = []
    for department_id in ordered:
        observed = shown[department_id]
        known = stored.get(department_id)
        found = decide_department(known, observed, reason=reason)
        if found:
            decisions += found
            changed.append(observed)
    if changed:
        departments.write(connection, corp_pk, changed)
    return decisions


def remove_unlisted(
    connection: Connection,
    corp_pk: CorpPk,
    listed: Iterable[DepartmentId],
    *,
    staying: Collection[Userid],
    waiting: Collection[Userid],
    admit: Admit,
    reason: Reason,
) -> list[Decision]:
    """Remove departments that a complete listing lacks, once nobody is left in them.

    Shape: `staying` are people whom WeCom shows no more and who are still active;
        `waiting` those whom the guard holds: their departments are planned with them,
        and go after them. `admit` says which removals pass the guard, and why.
    """
    stored = _stored(connection, corp_pk)
    gone = {each.department_id for each in stored} - set(listed)
    if not gone:
        return []
    tree, by_id = Tree.of(stored), {each.department_id: each for each in stored}
    planned = removable_departments(
        gone, occupied=departments.occupied(connection, corp_pk, staying), tree=tree
    )
    decisions = [
        decision
        for each in planned
        for decision in decide_department(by_id[each], None, reason=reason)
    ]
    admitted = admit(decisions)
    kept = departments.occupied(connection, corp_pk, [*staying, *waiting])
    free = {each for each in planned if department_key(each) in admitted}
    removed = removable_departments(free, occupied=kept, tree=tree)
    departments.remove(connection, corp_pk, removed)
    keys = {department_key(each) for each in removed}
    return [
        replace(each, reason=admitted[each.key])
        for each in decisions
        if each.key in keys
    ]


def apply_members(
    connection: Connection,
    corp_pk: CorpPk,
    findings: Findings,
    *,
    reason: Reason,
    known: StoredMembers | None = None,
) -> list[Decision]:
    """Bring these members to what was found out; a userid is free before it is given.

    Shape: nothing comes of who bears a userid that its former bearer has still, because
        the guard holds their removal. `known` are the members that bear or bore one of
        the userids, for whoever has read them already.
    """
    if known is None:
        known = StoredMembers.read(connection, corp_pk, findings.userids)
    shown = {each.userid for each in findings.shown}
    shown |= {each.path[-1] for each in findings.renames}
    before = [each for each in findings.gone if each[0] in shown]
    after = [each for each in findings.gone if each[0] not in shown]
    decisions = _remove(connection, corp_pk, known, before)
    decisions += rename_members(
        connection,
        corp_pk,
        findings.renames,
        active=known.active,
        removed=known.removed,
    )
    left = _left_in_place(known, findings)
    seen = [*findings.shown, *findings.regrounded, *left]
    decisions += change_seen(connection, corp_pk, known, seen, reason=reason)
    decisions += _remove(connection, corp_pk, known, after)
    decisions += learn(
        connection,
        corp_pk,
        [known.removed[each] for each in findings.deleted if each in known.removed],
        reason=Reason.DELETED_BY_EVENT,
    )
    return decisions


def count_by_name(decisions: Iterable[Decision]) -> dict[str, int]:
    """How many of each decision."""
    counts = Counter([each.name for each in decisions])
    return {str(name): count for name, count in counts.items()}


def _left_in_place(known: StoredMembers, findings: Findings) -> list[Member]:
    return [
        replace(known.active[userid].member, activation=activation)
        for userid, activation in findings.left
        if userid in known.active
    ]


def _remove(
    connection: Connection,
    corp_pk: CorpPk,
    known: StoredMembers,
    gone: Iterable[tuple[Userid, Removal]],
) -> list[Decision]:
    leaving = [
        (known.active[userid], removal)
        for userid, removal in gone
        if userid in known.active
    ]
    members.remove(
        connection,
        corp_pk,
        [(stored.member_pk, removal.cause) for stored, removal in leaving],
    )
    for stored, removal in leaving:
        del known.active[stored.member.userid]
        known.removed[stored.member.userid] = replace(
            stored, state=MemberState.REMOVED, removal=removal.cause
        )
    return [remove_member(stored, removal) for stored, removal in leaving]


def _stored(connection: Connection, corp_pk: CorpPk) -> list[Department]:
    return departments.list_all(connection, corp_pk)
