"""People of the org whom a full read did not show: asked one by one, then judged."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from domain.fields import member_from_fields
from domain.ids import Key, Userid, split_key
from domain.leavers import MEMBER_AUTH, Listing, Removal, Undecided, Verdict
from domain.org import Member, MemberState, StoredMember
from domain.renames import Absentee, Rename, match_renames, respelt
from domain.scope import AuthMode, AuthScope, Usable
from domain.tree import Tree
from store.database import Pool, transaction
from store.org import members
from store.runs import staging
from store.runs.runs import Run
from store.runs.staging import Page
from wecom.errors import Unavailable
from workers.calls.concurrency_limit import Widths
from workers.events.affected import active_of
from workers.org.leavers import Candidates, confirm_leavers
from workers.org.questions import CorpApi, Inquiry
from workers.runs.oddities import list_odd, without_shown

# How the pages of a read begin: everybody in a department, and one person.
_DEPARTMENT = "department:"
_MEMBER = "member:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Absences:
    """What became of the absent: shown after all, renamed, or judged.

    Shape: `questions` is how many people had to be asked singly; `odd` of which keys
        of the read nothing usable was said, neither by a page nor singly.
    """

    shown: tuple[Member, ...]
    renames: tuple[Rename, ...]
    verdicts: Mapping[Userid, Verdict]
    questions: int
    odd: Mapping[Key, Unavailable] = field(default_factory=dict)

    @property
    def undecided(self) -> dict[Userid, Undecided]:
        """Those whose absence was not confirmed, so that they stay, and why not."""
        return {
            who: each
            for who, each in self.verdicts.items()
            if isinstance(each, Undecided)
        }


def look_for(
    pool: Pool,
    run: Run,
    *,
    api: CorpApi,
    at_once: Widths,
    scope: AuthScope,
    usable: Usable,
    tree: Tree,
) -> Absences:
    """Ask for everybody whom the read did not show, and for second answers."""
    with transaction(pool) as connection:
        absent = staging.list_absentees(connection, run.run_id, run.corp_pk)
        pages = staging.list_pages(connection, run.run_id)
        stored = members.list_known(connection, run.corp_pk, absent)
        odd = list_odd(connection, run.run_id)
    if not absent:
        return Absences(shown=(), renames=(), verdicts={}, questions=0, odd=odd)
    inquiry = Inquiry(api, at_once=at_once)
    inquiry.recall(scope=scope, listings=_listings(pages, odd))
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
    return _judge(pool, run, inquiry, active, odd, usable=usable, tree=tree)


def _listings(pages: Mapping[str, Page], odd: Iterable[Key]) -> dict[str, Listing]:
    """What the read can prove: whom its lists do not show, that is none of the absent.

    Only those who authorised the app were named by a list and may yet be absent.
    """
    # Whoever is named in an odd row is on some list, and so missing from none.
    named = frozenset(
        Userid(split_key(key)[1]) for key in odd if split_key(key)[0] == "member"
    )
    listings = {
        # An empty page may be a failed answer: it is asked again before it counts.
        name: Listing(complete=True, userids=named)
        for name, page in pages.items()
        if name.startswith(_DEPARTMENT) and page.complete and page.rows
    }
    authorised = frozenset(
        Userid(name.removeprefix(_MEMBER)) for name in pages if name.startswith(_MEMBER)
    )
    if MEMBER_AUTH in pages and authorised:
        complete = pages[MEMBER_AUTH].complete
        listings[MEMBER_AUTH] = Listing(complete=complete, userids=authorised)
    return listings


def _judge(
    pool: Pool,
    run: Run,
    inquiry: Inquiry,
    active: Mapping[Userid, StoredMember],
    odd: Mapping[Key, Unavailable],
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
    bearers, holders = _bearers(pool, run, gone)
    claims = respelt(inquiry.spelt, active, grounded)
    renames = match_renames(
        gone,
        answers={**shown, **bearers} if claims else bearers,
        active={**holders, **active},
        claims=claims,
    )
    renamed = {each.path[0] for each in renames}
    return Absences(
        shown=tuple(shown.values()),
        renames=renames,
        verdicts={who: each for who, each in verdicts.items() if who not in renamed},
        questions=questions,
        odd=without_shown({**odd, **inquiry.troubles.of}, grounded),
    )


def _bearers(
    pool: Pool, run: Run, gone: list[Absentee]
) -> tuple[dict[Userid, Member], dict[Userid, StoredMember]]:
    """People of the read who may be one of the absent, and those whom we know already.

    Somebody may be here under the new userid, because an event told of that one alone.
    """
    wanted = {each.stored.member.open_userid for each in gone} - {None}
    if not wanted:
        return {}, {}
    with transaction(pool) as connection:
        found = staging.list_bearers(
            connection, run.run_id, [str(each) for each in wanted]
        )
        rows = staging.get_members(connection, run.run_id, found)
        stored = members.list_known(connection, run.corp_pk, found)
    shown = {who: member_from_fields(who, value) for who, value in rows.items()}
    return shown, active_of(stored)
