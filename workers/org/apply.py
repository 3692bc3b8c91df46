"""Brings the org to what was found out: decide, write, journal, in one transaction."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.decisions import Decision
from domain.ids import CorpPk, DepartmentId, Key, MemberPk, Userid, department_key
from domain.leavers import Removal
from domain.org import (
    Activation,
    Department,
    Member,
    MemberState,
    RemovalCause,
    StoredMember,
)
from domain.reasons import Reason
from domain.reconcile_departments import decide_department, removable_departments
from domain.reconcile_members import ReturnProof, decide_member, remove_member
from domain.renames import Rename
from domain.tree import Tree
from store.database import Connection
from store.links import evidence
from store.links.matching import match_mobile
from store.org import aliases, departments, members

# Which removals may be done now, with the reason to journal.
Admit = Callable[[Sequence[Decision]], Mapping[Key, Reason]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found out about some members; the rest of the corp is not touched.

    Shape: `shown` are usable people as WeCom answers now; `regrounded` were not asked
        about, only their grounds are others; `left` were refused because they are
        disabled or quit; `gone` are confirmed leavers.
    """

    shown: tuple[Member, ...] = ()
    regrounded: tuple[Member, ...] = ()
    left: tuple[tuple[Userid, Activation], ...] = ()
    gone: tuple[tuple[Userid, Removal], ...] = ()
    renames: tuple[Rename, ...] = ()

    @property
    def userids(self) -> frozenset[Userid]:
        """Everybody it is about, under every name."""
        return self.settled.union(each.userid for each in self.regrounded)

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
    connection: Connection, corp_pk: CorpPk, findings: Findings, *, reason: Reason
) -> list[Decision]:
    """Bring these members to what was found out, renames first, removals last."""
    known = _Known.read(connection, corp_pk, findings.userids)
    decisions = _rename(connection, corp_pk, known, findings.renames)
    decisions += _change(connection, corp_pk, known, findings, reason=reason)
    decisions += _remove(connection, corp_pk, known, findings.gone)
    return decisions


def count_by_name(decisions: Iterable[Decision]) -> dict[str, int]:
    """How many of each decision."""
    return dict(Counter(str(each.name) for each in decisions))


class _Known:
    """The stored members that findings are about, by their current userid."""

    def __init__(self, stored: Iterable[StoredMember]) -> None:
        self.active: dict[Userid, StoredMember] = {}
        self.removed: dict[Userid, StoredMember] = {}
        for each in stored:
            active = each.state is MemberState.ACTIVE
            (self.active if active else self.removed)[each.member.userid] = each

    @classmethod
    def read(
        cls, connection: Connection, corp_pk: CorpPk, userids: Iterable[Userid]
    ) -> "_Known":
        return cls(members.list_known(connection, corp_pk, userids))

    def find(self, userid: Userid) -> StoredMember | None:
        """The active member of this userid, else the tombstone of it."""
        return self.active.get(userid) or self.removed.get(userid)


def _rename(
    connection: Connection,
    corp_pk: CorpPk,
    known: _Known,
    renames: Iterable[Rename],
) -> list[Decision]:
    decisions: list[Decision] = []
    for each in renames:
        kept = each.result
        ends = [each.stored] if each.into is None else [each.stored, each.into]
        for end in ends:
            known.active.pop(end.member.userid, None)
            if end.member_pk != kept.member_pk:
                members.absorb(
                    connection, corp_pk, kept=kept.member_pk, absorbed=end.member_pk
                )
        members.change(connection, corp_pk, [(kept.member_pk, kept.member)])
        aliases.drop(connection, corp_pk, [kept.member.userid])
        aliases.remember(connection, corp_pk, kept.member_pk, kept.aliases)
        known.active[kept.member.userid] = kept
        decisions += each.decisions
    return decisions


def _change(
    connection: Connection,
    corp_pk: CorpPk,
    known: _Known,
    findings: Findings,
    *,
    reason: Reason,
) -> list[Decision]:
    decisions: list[Decision] = []
    added: list[Member] = []
    changed: list[tuple[MemberPk, Member]] = []
    proven = _proven(connection, corp_pk, known, findings)
    left = _left_in_place(known, findings)
    for observed in (*findings.shown, *findings.regrounded, *left):
        stored = known.find(observed.userid)
        returning = ReturnProof.UNPROVEN
        if stored is not None and stored.member_pk in proven:
            returning = ReturnProof.PROVEN
        found = decide_member(stored, observed, reason=reason, returning=returning)
        if not found:
            continue
        decisions += found
        if stored is None or _is_new_person(stored, found):
            added.append(observed)
        else:
            changed.append((stored.member_pk, observed))
    aliases.drop(connection, corp_pk, [each.userid for each in added])
    members.add(connection, corp_pk, added)
    members.change(connection, corp_pk, changed)
    return decisions


def _proven(
    connection: Connection, corp_pk: CorpPk, known: _Known, findings: Findings
) -> frozenset[MemberPk]:
    """The deleted whose return is proved to be theirs (design.md §4.3)."""
    returning = {
        stored.member_pk: match_mobile(observed)
        for observed in findings.shown
        if (stored := known.find(observed.userid)) is not None
        and stored.removal is RemovalCause.DELETION
    }
    if not returning:
        return frozenset()
    return evidence.list_proven(connection, corp_pk, returning)


def _left_in_place(known: _Known, findings: Findings) -> list[Member]:
    return [
        replace(known.active[userid].member, activation=activation)
        for userid, activation in findings.left
        if userid in known.active
    ]


def _is_new_person(stored: StoredMember, decisions: Sequence[Decision]) -> bool:
    """Whether a tombstone stays one, because its userid may have a new owner."""
    return stored.state is MemberState.REMOVED and decisions[0].name == "AddMember"


def _remove(
    connection: Connection,
    corp_pk: CorpPk,
    known: _Known,
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
    return [remove_member(stored, removal) for stored, removal in leaving]


def _stored(connection: Connection, corp_pk: CorpPk) -> list[Department]:
    return departments.list_all(connection, corp_pk)
