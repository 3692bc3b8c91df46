"""What one drain has asked WeCom so far, so that nothing is asked twice."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Protocol

from domain.ids import DepartmentId, TagId, Userid
from domain.leavers import MEMBER_AUTH, Listing, listing_of
from domain.org import Department, Member
from domain.scope import AuthScope, Tag, Usable, tag_ground
from wecom.errors import Gone, NotPermitted, NotVisible, TooLarge, Unavailable
from wecom.wire import AuthInfo, DepartmentRow, MemberAuthPage, MemberRow, TagRow
from workers.calls.concurrency_limit import Widths
from workers.calls.concurrent import ask_all
from workers.org.observe import department_from, member_from, scope_from, tag_from

# From this many people of one department on, its list costs less than asking each.
LIST_FROM = 3

# The endpoints that are asked for many things at once.
LIST, GET, TAG = "user/list", "user/get", "tag/get"


class CorpApi(Protocol):
    """The questions that a sync asks about one corp."""

    def departments(self) -> list[DepartmentRow]: ...
    def members_of(self, department_id: int) -> list[MemberRow]: ...
    def userids_of(self, department_id: int) -> list[str]: ...
    def member(self, userid: str) -> MemberRow: ...
    def tag(self, tag_id: int) -> TagRow: ...
    def auth_info(self) -> AuthInfo: ...
    def permissions(self) -> frozenset[str]: ...
    def authorised_members(self, cursor: str | None) -> MemberAuthPage: ...


def list_departments(api: CorpApi) -> list[Department]:
    """All departments that WeCom lists; none when it may not list any."""
    listed = ask_departments(api)
    return [] if isinstance(listed, NotVisible | NotPermitted) else listed


def ask_departments(api: CorpApi) -> list[Department] | NotVisible | NotPermitted:
    """All departments that WeCom lists, or its refusal to list any."""
    try:
        rows = api.departments()
    except (NotVisible, NotPermitted) as refusal:
        return refusal
    return [department_from(row) for row in rows]


def list_one(api: CorpApi, department_id: DepartmentId) -> list[Member] | None:
    """Everybody directly in a department; None when WeCom refuses to list it."""
    try:
        rows = api.members_of(department_id)
    except (NotVisible, NotPermitted):
        return None
    except TooLarge:
        return _list_singly(api, department_id)
    return [member_from(row) for row in rows]


def ask_one(api: CorpApi, userid: Userid) -> Member | int:
    """One person, or the errcode with which WeCom refuses to show them."""
    try:
        row = api.member(userid)
    except NotVisible as error:
        if error.errcode is None:
            raise Unavailable("refused without an errcode") from error
        return error.errcode
    if row.userid != userid:
        # An answer about somebody else is no answer about this person.
        raise Unavailable("answered about another member")
    return member_from(row)


def read_tag(api: CorpApi, tag_id: TagId) -> Tag | None:
    """What a tag holds; None when WeCom does not know it, or not for us."""
    try:
        return tag_from(api.tag(tag_id))
    except (Gone, NotVisible, NotPermitted):
        return None


def read_permissions(api: CorpApi) -> frozenset[str]:
    """What the corp allows the app; a corp may not have granted anything yet."""
    try:
        return api.permissions()
    except NotPermitted:
        return frozenset()


def list_authorised(api: CorpApi) -> frozenset[Userid]:
    """In auth_mode 1: everybody who authorised the app."""
    userids: set[Userid] = set()
    cursor: str | None = None
    while True:
        page = _authorised_page(api, cursor)
        userids |= {Userid(each) for each in page.open_userids}
        cursor = page.next_cursor
        if cursor is None:
            return frozenset(userids)


def _authorised_page(api: CorpApi, cursor: str | None) -> MemberAuthPage:
    try:
        return api.authorised_members(cursor)
    except (NotVisible, NotPermitted) as error:
        # The mode was switched after the scope was read, which is read again then.
        raise Unavailable("members do not authorise by themselves") from error


class Inquiry:
    """The questions of one drain or confirmation and what came back."""

    def __init__(self, api: CorpApi, *, at_once: Widths) -> None:
        self._api = api
        self._at_once = at_once
        self._scope: AuthScope | None = None
        self.answers: dict[Userid, Member] = {}
        self.refusals: dict[Userid, int] = {}
        self.listings: dict[str, Listing] = {}
        self.control_answered = False
        self._empty: set[DepartmentId] = set()

    def recall(self, *, scope: AuthScope, listings: Mapping[str, Listing]) -> None:
        """Take over what the same run has asked already."""
        self._scope = scope
        self.listings |= listings
        # Pages with somebody on them: WeCom answered about what is in scope.
        self.control_answered |= any(each.complete for each in listings.values())

    @property
    def scope_read(self) -> bool:
        """Whether get_auth_info answered in this drain."""
        return self._scope is not None

    def scope(self) -> AuthScope:
        """The scope as get_auth_info shows it now."""
        if self._scope is None:
            self._scope = scope_from(self._api.auth_info())
        return self._scope

    def list_departments(self) -> list[Department]:
        """All departments that WeCom lists; none when it may not list any."""
        listed = list_departments(self._api)
        self.control_answered |= bool(listed)
        return listed

    def read_tag(self, tag_id: TagId) -> Tag | None:
        """What a tag holds; None when WeCom does not know it, or not for us."""
        tag = read_tag(self._api, tag_id)
        if tag is not None:
            self.control_answered = True
            listing = Listing(complete=True, userids=tag.userids)
            self.listings[tag_ground(tag_id)] = listing
        return tag

    def list_members(self, departments: Iterable[DepartmentId]) -> None:
        """Ask for everybody directly in these departments.

        Repeats: an empty list is asked for once more; the second time it is believed.
        """
        wanted = [each for each in departments if not self._is_listed(each)]
        found = ask_all(
            partial(list_one, self._api), wanted, at_once=lambda: self._at_once(LIST)
        )
        for department_id, members in zip(wanted, found, strict=True):
            self._note_listing(department_id, members)

    def ask_members(self, userids: Iterable[Userid]) -> None:
        """Ask for people one by one, unless a list has shown them."""
        wanted = sorted(
            each
            for each in set(userids)
            if each not in self.answers and each not in self.refusals
        )
        found = ask_all(
            partial(ask_one, self._api), wanted, at_once=lambda: self._at_once(GET)
        )
        for userid, answer in zip(wanted, found, strict=True):
            if isinstance(answer, int):
                self.refusals[userid] = answer
            else:
                self.control_answered = True
                self.answers[userid] = answer

    def list_authorised(self) -> None:
        """In auth_mode 1: ask who authorised the app."""
        if MEMBER_AUTH in self.listings:
            return
        userids = list_authorised(self._api)
        self.control_answered |= bool(userids)
        self.listings[MEMBER_AUTH] = Listing(complete=True, userids=userids)

    def grounded(self, usable: Usable) -> dict[Userid, Member]:
        """Everybody who answered, each with the grounds that they have now."""
        return {
            userid: usable.grounded(member) for userid, member in self.answers.items()
        }

    def _is_listed(self, department_id: DepartmentId) -> bool:
        """Whether asking again would tell nothing more."""
        listing = self.listings.get(listing_of(department_id))
        if listing is None:
            return False
        return listing.complete or department_id not in self._empty

    def _note_listing(
        self, department_id: DepartmentId, members: list[Member] | None
    ) -> None:
        # The first empty list may be a failed one.
        complete = bool(members) or (
            members is not None and department_id in self._empty
        )
        if members == []:
            self._empty.add(department_id)
        shown = {each.userid: each for each in members or ()}
        self.listings[listing_of(department_id)] = Listing(
            complete=complete, userids=frozenset(shown), refused=members is None
        )
        self.control_answered |= bool(shown)
        self.answers |= shown


def _list_singly(api: CorpApi, department_id: DepartmentId) -> list[Member] | None:
    """A department too large for one answer, person by person.

    Shape: None when somebody on the list is refused, so that it proves no absence.
    """
    asked = [ask_one(api, Userid(each)) for each in api.userids_of(department_id)]
    shown = [each for each in asked if isinstance(each, Member)]
    return shown if len(shown) == len(asked) else None


def worth_listing(
    wanted: Iterable[Userid], places: Mapping[Userid, Iterable[DepartmentId]]
) -> list[DepartmentId]:
    """The departments whose list answers for three or more of these people.

    Shape: `places` are the usable departments in which each was last seen.
    """
    open_people = set(wanted)
    people: dict[DepartmentId, set[Userid]] = {}
    for userid in open_people:
        for department_id in places.get(userid, ()):
            people.setdefault(department_id, set()).add(userid)
    chosen: list[DepartmentId] = []
    while people:
        best = min(people, key=lambda each: (-len(people[each] & open_people), each))
        covered = people.pop(best) & open_people
        if len(covered) < LIST_FROM:
            break
        chosen.append(best)
        open_people -= covered
    return chosen
