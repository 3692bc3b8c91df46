"""People of the org whom a full read did not show: asked one by one, then judged."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.fields import member_from_fields
from domain.ids import Userid
from domain.leavers import MEMBER_AUTH, Listing, Removal, Verdict
from domain.org import Member, MemberState, StoredMember
from domain.renames import Absentee, Rename, match_renames
from domain.scope import AuthMode, AuthScope, Usable
from domain.tree import Tree
from store import members, staging
from store.database import Pool, transaction
from store.runs import Run
from workers.inquiry import CorpApi, Inquiry
from workers.leaving import Candidates, confirm_leavers

_LISTS = ("department:", MEMBER_AUTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Absences:
    """What became of the absent: shown after all, renamed, or judged.

    Shape: `questions` is how many people had to be asked singly.
    """

    shown: tuple[Member, ...]
    renames: tuple[Rename, ...]
    verdicts: Mapping[Userid, Verdict]
    questions: int


def look_for(
    pool: Pool,
    run: Run,
    *,
    api: CorpApi,
    at_once: int,
    scope: AuthScope,
    usable: Usable,
    tree: Tree,
) -> Absences:
    """Ask for everybody whom the read did not show, and for second answers."""
    with transaction(pool) as connection:
        absent = staging.list_absentees(connection, run.run_id, run.corp_pk)
        pages = staging.list_pages(connection, run.run_id)
        stored = members.list_known(connection, run.corp_pk, absent)
    if not absent:
        return Absences(shown=(), renames=(), verdicts={}, questions=0)
    listings = {
        # An empty page may be a failed answer: it is asked again before it counts.
        name: Listing(complete=page.complete)
        for name, page in pages.items()
        if name.startswith(_LISTS) and (page.rows or name == MEMBER_AUTH)
    }
    inquiry = Inquiry(api, at_once=at_once)
    inquiry.recall(scope=scope, listings=listings)
    if (
        not usable.by_department
        and not usable.by_member
        and usable.auth_mode != AuthMode.MEMBER
    ):
        # With nothing in scope there is no better control than get_permissions, which
        # this run has asked with the corp's own token.
        inquiry.control_answered = True
    inquiry.ask_members(absent)
    active = {
        each.member.userid: each
        for each in stored
        if each.state is MemberState.ACTIVE and each.member.userid in set(absent)
    }
    return _judge(pool, run, inquiry, active, usable=usable, tree=tree)


def _judge(
    pool: Pool,
    run: Run,
    inquiry: Inquiry,
    active: Mapping[Userid, StoredMember],
    *,
    usable: Usable,
    tree: Tree,
) -> Absences:
    grounded = inquiry.grounded(usable)
    shown = {who: each for who, each in grounded.items() if each.grounds}
    questions = len(active)
    candidates = Candidates(
        stored={who: each for who, each in active.items() if who not in shown}
    )
    verdicts = confirm_leavers(inquiry, candidates, usable=usable, tree=tree)
    gone = [
        Absentee(stored=active[who], confirmed=isinstance(each, Removal))
        for who, each in verdicts.items()
        if who in inquiry.refusals
    ]
    newcomers = _newcomers(pool, run, gone)
    renames = match_renames(gone, answers=newcomers, active=active, claims=())
    renamed = {each.path[0] for each in renames}
    return Absences(
        shown=tuple(shown.values()),
        renames=renames,
        verdicts={who: each for who, each in verdicts.items() if who not in renamed},
        questions=questions,
    )


def _newcomers(pool: Pool, run: Run, gone: list[Absentee]) -> dict[Userid, Member]:
    """People of the read, new here, who may be one of the absent."""
    wanted = {each.stored.member.open_userid for each in gone} - {None}
    if not wanted:
        return {}
    with transaction(pool) as connection:
        found = staging.find_newcomers(
            connection, run.run_id, run.corp_pk, [str(each) for each in wanted]
        )
        rows = staging.get_members(connection, run.run_id, found)
    return {who: member_from_fields(who, value) for who, value in rows.items()}
