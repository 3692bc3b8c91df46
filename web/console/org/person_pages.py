"""Why somebody is or is not in TAPD, and what would help; the list to find them in."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from domain.events.fold import CHANGE_CONTACT
from domain.ids import Userid, member_key
from domain.mailbox import mailbox_of_corp
from store.database import Connection, transaction
from store.inbox.record import post_internal
from store.platform import deeds
from store.summaries.org import people_list
from store.summaries.org.members import find_member
from store.summaries.org.people_list import PeopleFilter
from web.access import Audience, seen_by
from web.console import acting
from web.console.blueprint import console
from web.console.frame import show
from web.console.org.contacts import shown_contacts
from web.console.org.journal import view_journal
from web.console.org.origins import list_fields
from web.console.org.preview_pages import find_preview
from web.console.stream import live
from web.http.cursors import cut
from web.http.problems import Problem
from web.http.texts import language
from web.org.corps import FoundCorp, get_corp
from web.org.explain import explain
from web.org.orders import wrong_state
from web.org.previews import may_be_asked
from web.services import services

_PAGE_ROWS = 100
_FIND_MOST = 100
_LINKS = frozenset({"linked", "pending", "conflict", "unlinked", "none"})


@console.get("/corps/<corp_id>/people")
@seen_by(Audience.OPERATOR)
@live
def list_people(corp_id: str) -> ResponseReturnValue:
    """A corp's people: all, of a department, of a link's state, or named by a text."""
    wanted = people_filter()
    of = ["console-people", corp_id, *map(str, _parts(wanted))]
    position = services().cursors.open(request.args.get("cursor"), of=of)
    with transaction(services().pool) as connection:
        corp = get_corp(connection, corp_id)
        page = people_list.list_people(
            connection,
            corp.corp_pk,
            wanted,
            after=(position[0], position[1], position[2])
            if position
            else people_list.START,
            limit=_PAGE_ROWS + 1,
        )
    shown, end = cut(
        page.rows,
        limit=_PAGE_ROWS,
        position=lambda row: [row.userid, row.member_pk, row.phase],
    )
    end = end or (page.looked_to and [*page.looked_to])
    following = services().cursors.seal(end, of=of) if end else None
    values = {**request.args.to_dict(), "cursor": following}
    return show(
        "console/people.html",
        place="corps",
        corp=corp.summary,
        rows=shown,
        wanted=wanted,
        looked=people_list.WINDOW if page.looked_to else None,
        next=following and url_for("console.list_people", corp_id=corp_id, **values),  # type: ignore[arg-type]  # Flask's names of options.
    )


@console.get("/corps/<corp_id>/people/<path:userid>")
@seen_by(Audience.OPERATOR)
@live
def show_person(corp_id: str, userid: str) -> ResponseReturnValue:
    """The answer to "why is she not in TAPD?", with the next step first."""
    with transaction(services().pool) as connection:
        corp = get_corp(connection, corp_id)
        member = find_member(connection, corp.corp_pk, corp.userids(userid))
        if member is None:
            return _unknown(connection, corp, userid)
        if member.userid not in corp.userids(userid):
            return redirect(_address(corp_id, member.userid), 301)
        why = explain(connection, corp, member)
        return show(
            "console/person.html",
            place="corps",
            corp=corp.summary,
            member=member,
            why=why,
            next_words=why.next_step.words[language()],
            preview=find_preview(connection, corp, member.userid),
            fields=list_fields(connection, corp, member),
            journal=view_journal(
                connection, corp, key=member_key(Userid(member.userid))
            ),
            done=acting.done_word(),
            **shown_contacts(connection, corp.corp_pk, member),
        )


@console.post("/corps/<corp_id>/resync-person")
@seen_by(Audience.OPERATOR)
def resync_person(corp_id: str) -> ResponseReturnValue:
    """Ask WeCom about one person again and apply what differs."""
    userid = request.form.get("userid", "")
    with transaction(services().pool) as connection:
        corp = get_corp(connection, corp_id)
        if corp.summary.state != "linked":
            raise wrong_state(corp_id, corp.summary.state)
        userid = _named(connection, corp, userid)
        mailbox = mailbox_of_corp(corp_id)
        event_id = post_internal(
            connection,
            mailbox=mailbox,
            kind=CHANGE_CONTACT,
            key=member_key(Userid(userid)),
            hint={},
        )
        deed = deeds.member_wanted(corp_id=corp_id, userid=userid, event_id=event_id)
        acting.keep_deed(connection, deed, reason=acting.given_reason())
    services().ring(mailbox)
    return acting.back("console.show_person", "resync", corp_id=corp_id, userid=userid)


def _named(connection: Connection, corp: FoundCorp, userid: str) -> str:
    """Who is to be asked about: as known here, or somebody whom nobody has seen yet.

    Raises: Problem 404.
    """
    found = find_member(connection, corp.corp_pk, corp.userids(userid))
    if found is not None:
        return found.userid
    if not may_be_asked(userid):
        raise Problem(404, "userid: nobody of WeCom's can be called so.")
    return userid


def _unknown(
    connection: Connection, corp: FoundCorp, userid: str
) -> ResponseReturnValue:
    """Nobody of that id was ever seen: that is an answer, too."""
    preview = find_preview(connection, corp, userid) if may_be_asked(userid) else None
    page = show(
        "console/unknown_person.html",
        place="corps",
        corp=corp.summary,
        userid=userid,
        preview=preview,
        can_ask=may_be_asked(userid),
        done=acting.done_word(),
    )
    # Whoever waits for an answer about them is on a page that will have it.
    return (page, 200) if preview or acting.done_word() else (page, 404)


def _address(corp_id: str, userid: str) -> str:
    return url_for("console.show_person", corp_id=corp_id, userid=userid)


def people_filter() -> PeopleFilter:
    """Which people the address, or a form about its list, asks for."""
    department = request.values.get("department", "")
    is_id = department.isascii() and department.isdigit() and len(department) < 19
    link = request.values.get("link", "")
    return PeopleFilter(
        state="removed" if request.values.get("state") == "removed" else "active",
        find=request.values.get("find", "").strip()[:_FIND_MOST],
        department_id=int(department) if is_id else None,
        link=link if link in _LINKS else None,
    )


def _parts(wanted: PeopleFilter) -> list[object]:
    return [wanted.state, wanted.find, wanted.department_id, wanted.link]
