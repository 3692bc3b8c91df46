"""When a run waits and asks again: one read of a set is one answer (design.md §3)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from domain.ids import DepartmentId, Userid, department_key, member_key
from domain.org.fields import member_from_fields
from domain.org.org import Department, Member
from domain.org.scope import AuthMode, Tags, usable_of
from domain.org.tree import Tree
from domain.reasons import Finding
from domain.reconcile.leavers import BY_SETS, MEMBER_AUTH, listing_of
from domain.reconcile.listed_rows import is_moved
from domain.reconcile.testimony import DEPARTMENTS, scope_hides, sets_behind
from store.database import Pool, transaction
from store.org import corps, departments, members
from store.runs import staging
from store.runs.runs import Run
from store.runs.staging import Page
from workers.runs.absentees import Absences
from workers.runs.reading.tags_and_tree import with_finding
from workers.runs.snapshot import ABSENT, TWICE, Snapshot

LIST = "list:"
_MEMBER, _PAGE = "member:", "department:"
_MOVED = "moved:"
# How pages of people who were asked for singly are named.
_SINGLY = (_MEMBER, ABSENT, TWICE)
_NAMED = 5
# So many empty lists of new departments are asked for twice, or one in so many pages:
# what a run may cost beyond the least (design.md 7).
_FEW, _ONE_IN = 3, 20
_NOBODY = (
    f"{Finding.CUT_OFF_READ}: the lists of all departments in the scope are empty, and"
    " nobody is known here yet: the next read looks again"
)


class Look(StrEnum):
    """What a run waits for once at most."""

    TREE = "tree"  # A listing that does not hang together.
    SETS = "sets"  # What sets lost, or lists contradict.
    AGAIN = "again"  # Those were asked again; what they say now counts.


class LookAgain(Exception):
    """The run is to wait for a moment, with all that it has read, and ask again.

    Shape: `said` is what operators are told meanwhile; `shown` were asked for singly
        and need not be again; `confirmations` is what that cost.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        said: str | None = None,
        shown: Iterable[Member] = (),
        confirmations: int = 0,
    ) -> None:
        super().__init__(said)
        self.snapshot = snapshot
        self.said = said
        self.shown = tuple(shown)
        self.confirmations = confirmations


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """What one read of the sets would take away, or shows to be no whole answer.

    Shape: `keys` of members and departments; `sets` that lost or moved them, by name;
        `lists` which lack people whom user/get shows in them, or are refused;
        `hollow` of departments that came in, and show nobody; `moves` by what each
        says.
    """

    keys: frozenset[str]
    sets: frozenset[str]
    lists: frozenset[str]
    hollow: frozenset[str] = frozenset()
    moves: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.keys or self.sets or self.lists or self.hollow)


def lost_before(snapshot: Snapshot) -> frozenset[Userid]:
    """Whom the sets had lost when first read; nobody before they were read again."""
    if Look.AGAIN not in snapshot.looked:
        return frozenset()
    return frozenset(
        Userid(each.removeprefix(_MEMBER))
        for each in snapshot.lost
        if each.startswith(_MEMBER)
    )


def look_twice(
    pool: Pool,
    run: Run,
    snapshot: Snapshot,
    *,
    shown: Sequence[Department],
    absences: Absences,
) -> tuple[Snapshot, Sequence[Department]]:
    """What is to be followed of the departments: what one read alone lost stays.

    Raises: LookAgain when there has been no second read.
    """
    with transaction(pool) as connection:
        pages = staging.list_pages(connection, run.run_id)
        stored = departments.list_all(connection, run.corp_pk)
        tags = corps.list_tags(connection, run.corp_pk)
        rows = staging.list_unlisted(connection, run.run_id, pages=_SINGLY)
        known = members.count_active(connection, run.corp_pk)
        scope = corps.get(connection, run.corp_pk).scope
    people = [member_from_fields(who, value) for who, value in rows.items()]
    gone, unsure = _gone(shown, stored=stored, snapshot=snapshot)
    before = usable_of(scope=scope, tags=tags, tree=Tree.of(stored)).departments
    losses = find_losses(
        absences,
        departments=unsure,
        tags=tags,
        lists=_contradicted([*absences.shown, *people], snapshot, pages=pages),
        hollow=_hollow(pages, shown, before) if known else frozenset(),
        refused=_refused(pages, shown, snapshot),
        moves=_moves(shown, stored=stored),
    )
    # Whoever is known and on no list any more is asked for singly; of a corp of which
    # nobody is known, lists alone would say that it is empty.
    nobody = not known and not absences.shown and _show_nobody(pages)
    if (losses or nobody) and Look.SETS not in snapshot.looked:
        wanted = to_look_for(losses, snapshot, pages=pages, all_empty=nobody)
        raise LookAgain(
            wanted,
            shown=absences.shown,
            # A set that is read again counts as one confirmation.
            confirmations=absences.questions + _count_sets(wanted.lost),
        )
    if nobody:
        snapshot = with_finding(snapshot, _NOBODY)
    back = [each for each in gone if _is_back(each, unsure, snapshot)]
    moved_once = losses.moves - snapshot.lost
    followed = [*_as_agreed(shown, stored, moved_once), *back]
    return _told(snapshot, losses, back, moved_once), followed


def _is_back(
    gone: Department, unsure: Collection[DepartmentId], snapshot: Snapshot
) -> bool:
    """Whether the last listing alone lacks a department, and nothing explains it."""
    key = department_key(gone.department_id)
    return gone.department_id in unsure and key not in snapshot.lost


def find_losses(
    absences: Absences,
    *,
    departments: Iterable[DepartmentId],
    tags: Tags,
    lists: frozenset[str],
    hollow: frozenset[str] = frozenset(),
    refused: frozenset[str] = frozenset(),
    moves: frozenset[str] = frozenset(),
) -> Losses:
    """What a second read has to confirm.

    Shape: `departments` are gone without a reason, `tags` what the stored grounds rest
        on; a list that is `refused` may be that of a department which is gone.
    """
    lost = {
        who: absences.stored[who].member
        for who, each in absences.undecided.items()
        if each.doubt in BY_SETS and who in absences.stored
    }
    gone = {department_key(each) for each in departments}
    sets = frozenset[str]().union(
        *(sets_behind(each, tags=tags) for each in lost.values())
    )
    return Losses(
        keys=frozenset(map(member_key, lost)) | gone,
        sets=sets | ({DEPARTMENTS} if gone or moves or refused else frozenset()),
        lists=lists | refused,
        hollow=hollow,
        moves=moves,
    )


def to_look_for(
    losses: Losses,
    snapshot: Snapshot,
    *,
    pages: Mapping[str, Page],
    all_empty: bool = False,
) -> Snapshot:
    """The snapshot of a run that asks for these once more.

    Once one list was caught, every empty one of the same read is asked for again, too.
    """
    lists = set(losses.lists)
    if lists or all_empty:
        lists |= {
            LIST + name.removeprefix(_PAGE)
            for name, page in pages.items()
            if name.startswith(_PAGE) and page.complete and not page.rows
        }
    return replace(
        snapshot,
        lost=losses.keys | losses.sets | losses.moves | losses.hollow | lists,
        looked=snapshot.looked | {Look.SETS},
    )


def _show_nobody(pages: Mapping[str, Page]) -> bool:
    """Whether there are lists, each a whole answer, and nobody is on any page."""
    lists = [page for name, page in pages.items() if name.startswith(_PAGE)]
    people = [page for name, page in pages.items() if name.startswith(_MEMBER)]
    return (
        bool(lists)
        and all(each.complete for each in lists)
        and not any(each.rows for each in (*lists, *people))
    )


def _told(
    snapshot: Snapshot,
    losses: Losses,
    back: Collection[Department],
    moved_once: Collection[str],
) -> Snapshot:
    """The snapshot with what two reads could not make whole."""
    if losses.lists:
        snapshot = with_finding(
            snapshot,
            f"{Finding.CUT_OFF_READ}: {_names(losses.lists)} are refused or lack people"
            " whom user/get shows; nobody was removed for it, and who is new there may"
            " be missing: the next read looks again",
        )
    if moved_once:
        snapshot = with_finding(
            snapshot,
            f"{Finding.CUT_OFF_READ}: two listings have departments at different"
            " places; they stay where they are: the next read looks again",
        )
    if back:
        names = _names(department_key(each.department_id) for each in back)
        snapshot = with_finding(
            snapshot,
            f"{Finding.CUT_OFF_READ}: {names} were listed at first and then not;"
            " they stay: the next read looks again",
        )
    return snapshot


def _names(names: Iterable[str]) -> str:
    """Some of them, and how many more there are."""
    said = sorted(names)
    more = f" and {len(said) - _NAMED} more" if len(said) > _NAMED else ""
    return ", ".join(said[:_NAMED]) + more


def _contradicted(
    people: Sequence[Member], snapshot: Snapshot, *, pages: Mapping[str, Page]
) -> frozenset[str]:
    """The lists that lack people whom user/get shows on them."""
    if snapshot.scope.auth_mode == AuthMode.MEMBER:
        return frozenset({MEMBER_AUTH} if people and MEMBER_AUTH in pages else ())
    return frozenset(
        f"{LIST}{each}"
        for member in people
        for each in member.department_ids
        if (page := pages.get(listing_of(each))) is not None and page.complete
    )


def _gone(
    shown: Iterable[Department], *, stored: Iterable[Department], snapshot: Snapshot
) -> tuple[list[Department], frozenset[DepartmentId]]:
    """Which departments a listing lacks, and of which nothing else says so."""
    listed = {each.department_id for each in shown}
    gone = [each for each in stored if each.department_id not in listed]
    ids = [each.department_id for each in gone]
    return gone, _unexplained(ids, snapshot=snapshot, stored=stored)


def _refused(
    pages: Mapping[str, Page], listed: Iterable[Department], snapshot: Snapshot
) -> frozenset[str]:
    """The lists of departments in the scope that WeCom would not show."""
    if snapshot.scope.auth_mode == AuthMode.MEMBER:
        return frozenset()
    return frozenset(
        f"{LIST}{each.department_id}"
        for each in listed
        if (page := pages.get(listing_of(each.department_id))) is not None
        and not page.complete
        and not page.rows
    )


def _hollow(
    pages: Mapping[str, Page],
    shown: Iterable[Department],
    before: Collection[DepartmentId],
) -> frozenset[str]:
    """Lists of departments that came into the scope and show nobody; not too many.

    Nothing else tells of their people. Whatever has departments below it often has
    nobody in itself, so that the others come first.
    """
    listed = [*shown]
    parents = {each.parent_id for each in listed}
    empty = [
        each.department_id
        for each in listed
        if each.department_id not in before
        and (page := pages.get(listing_of(each.department_id))) is not None
        and page.complete
        and not page.rows
    ]
    most = max(_FEW, len(pages) // _ONE_IN)
    first = sorted(empty, key=lambda each: (each in parents, each))[:most]
    return frozenset(f"{LIST}{each}" for each in first)


def _count_sets(lost: Iterable[str]) -> int:
    """How many of these are asked for again as one set: a tag, the tree, a list."""
    singly = (_MEMBER, _PAGE, _MOVED)
    return sum(not each.startswith(singly) for each in lost)


def _moves(
    shown: Iterable[Department], *, stored: Iterable[Department]
) -> frozenset[str]:
    """Which departments a listing has elsewhere than we have them, and where."""
    known = {each.department_id: each for each in stored}
    return frozenset(
        _move(each)
        for each in shown
        if each.department_id in known and is_moved(known[each.department_id], each)
    )


def _move(moved: Department) -> str:
    return f"{_MOVED}{moved.department_id}:{moved.parent_id}:{moved.order}"


def _as_agreed(
    shown: Sequence[Department],
    stored: Iterable[Department],
    moved_once: Collection[str],
) -> list[Department]:
    """The departments, each where it was of which one listing alone says otherwise."""
    if not moved_once:
        return [*shown]
    known = {each.department_id: each for each in stored}
    return [
        known.get(each.department_id, each) if _move(each) in moved_once else each
        for each in shown
    ]


def _unexplained(
    gone: Collection[DepartmentId],
    *,
    snapshot: Snapshot,
    stored: Iterable[Department],
) -> frozenset[DepartmentId]:
    """Which of the departments that a listing lacks nothing else says are gone."""
    tree = Tree.of(stored)
    return frozenset(
        each
        for each in gone
        if not scope_hides(
            each,
            scope=snapshot.scope,
            tags=snapshot.tags,
            permissions=snapshot.permissions,
            stored=tree,
        )
    )
