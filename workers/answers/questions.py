"""What one drain has asked WeCom so far, so that nothing is asked twice."""

from collections.abc import Collection, Iterable, Mapping

from domain.ids import (
    DepartmentId,
    Key,
    TagId,
    Userid,
    department_key,
    member_key,
    split_key,
    tag_key,
)
from domain.org.org import Member
from domain.org.scope import AuthScope, Tag, Usable, tag_ground
from domain.reconcile.leavers import MEMBER_AUTH, NO_RIGHT, Listing, listing_of
from wecom.errors import (
    Gone,
    NotPermitted,
    NotVisible,
    OddAnswer,
    Unavailable,
)
from workers.answers.authorised import list_authorised
from workers.answers.listed import (
    TREE,
    ListedDepartments,
    ListedMembers,
    ReadTag,
    joined,
)
from workers.answers.observe import department_from, scope_from, tag_from
from workers.answers.people import GET, LIST, ask_one, list_one
from workers.answers.refusals import odd_if_refused
from workers.answers.troubles import Troubles
from workers.calls.concurrency_limit import Widths
from workers.calls.concurrent import ask_all
from workers.calls.corp_api import CorpApi

# Asked for many things at once, as are those of `people`.
TAG = "tag/get"

# As good as WeCom's own: it knows the person by another spelling of the id.
NOBODY_SO_SPELT = 60111


def ask_departments(api: CorpApi) -> ListedDepartments | NotVisible | NotPermitted:
    """All departments that WeCom lists, or its refusal to list any."""
    try:
        rows = api.departments()
    except (NotVisible, NotPermitted) as refusal:
        return refusal
    odd = {DepartmentId(each.department_id): each.odd for each in rows if each.odd}
    return ListedDepartments(
        departments=tuple(department_from(each) for each in rows if not each.odd),
        odd={each: why for each, why in odd.items() if each},
        unnamed=odd.get(DepartmentId(0)),
    )


def read_tag(api: CorpApi, tag_id: TagId, *, known: Tag | None = None) -> ReadTag:
    """What a tag holds; where its answer is odd, at least what is known of it.

    Raises: OddAnswer when nothing of it can be read and nothing is known.
    """
    try:
        with odd_if_refused(but=(Gone, NotPermitted)):
            row = api.tag(tag_id)
    except (Gone, NotVisible, NotPermitted):
        return ReadTag(tag=None)
    except OddAnswer as error:
        if known is None:
            raise
        return ReadTag(tag=known, odd=error.reason)
    tag = tag_from(row)
    if row.odd is not None and known is not None:
        tag = joined(tag, known)
    return ReadTag(tag=tag, odd=row.odd)


def read_permissions(
    api: CorpApi, *, known: frozenset[str] | None = None
) -> frozenset[str]:
    """What the corp allows the app; a corp may not have granted anything yet.

    Raises: OddAnswer when it cannot be read and nothing is known.
    """
    try:
        with odd_if_refused(but=(NotPermitted,)):
            return api.permissions()
    except NotPermitted:
        return frozenset()
    except OddAnswer:
        if known is None:
            raise
        return known


def list_key(department_id: DepartmentId) -> Key:
    """The name of a department's list among what is in trouble."""
    return Key(f"list:{department_id}")


# The list of those who authorised the app, among what is in trouble.
AUTHORISED = Key("list:authorised")


class Inquiry:
    """The questions of one drain or confirmation and what came back."""

    def __init__(
        self, api: CorpApi, *, at_once: Widths, troubled: Collection[Key] = ()
    ) -> None:
        self._api = api
        self._at_once = at_once
        self.troubles = Troubles(troubled)
        # Whom WeCom spells differently from how they were asked for.
        self.spelt: dict[Userid, Userid] = {}
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
        self.troubles.note_answer()

    @property
    def hidden(self) -> frozenset[Userid]:
        """Of whom WeCom says that there is such a person, whom we may not see."""
        return frozenset(w for w, code in self.refusals.items() if code in NO_RIGHT)

    @property
    def scope_read(self) -> bool:
        """Whether get_auth_info answered in this drain."""
        return self._scope is not None

    def scope(self) -> AuthScope:
        """The scope as get_auth_info shows it now."""
        if self._scope is None:
            self._scope = scope_from(self._api.auth_info())
            self.troubles.note_answer()
        return self._scope

    def list_departments(self) -> ListedDepartments:
        """All departments that WeCom lists; none when it may not list any."""
        listed = ask_departments(self._api)
        self.troubles.note_answer()
        if isinstance(listed, NotVisible | NotPermitted):
            return ListedDepartments(departments=())
        self.control_answered |= bool(listed.departments)
        for department_id, why in listed.odd.items():
            error = OddAnswer(why, endpoint=TREE)
            self.troubles.note(department_key(department_id), error)
        return listed

    def read_tag(self, tag_id: TagId, *, known: Tag | None = None) -> Tag | None:
        """What a tag holds; None when WeCom does not know it, or not for us."""
        read = read_tag(self._api, tag_id, known=known)
        self.troubles.note_answer()
        if read.odd is not None:
            error = OddAnswer(read.odd, endpoint=TAG)
            self.troubles.note(tag_key(tag_id), error)
        elif read.tag is not None:
            self.control_answered = True
            listing = Listing(complete=True, userids=read.tag.userids)
            self.listings[tag_ground(tag_id)] = listing
        return read.tag

    def try_tag(self, tag_id: TagId) -> Tag | None:
        """The same where it is asked for the sake of other keys: trouble is its own."""
        return self.troubles.bear(tag_key(tag_id), lambda: self.read_tag(tag_id))

    def list_members(self, departments: Iterable[DepartmentId]) -> None:
        """Ask for everybody directly in these departments.

        Repeats: an empty list is asked for once more; the second time it is believed.
        """
        wanted = [each for each in departments if not self._is_listed(each)]
        found = ask_all(self._list_one, wanted, at_once=lambda: self._at_once(LIST))
        for department_id, listed in zip(wanted, found, strict=True):
            if list_key(department_id) not in self.troubles.of:
                self._note_listing(department_id, listed)

    def ask_members(self, userids: Iterable[Userid]) -> None:
        """Ask for people one by one, unless a list has shown them.

        Shape: of whom nothing usable is answered, while others are, is in `troubles`.
        """
        wanted = sorted(each for each in set(userids) if not self._is_asked(each))
        found = ask_all(self._ask_one, wanted, at_once=lambda: self._at_once(GET))
        for userid, answer in zip(wanted, found, strict=True):
            if answer is None:
                continue
            if isinstance(answer, int):
                self.refusals[userid] = answer
                continue
            self.control_answered = True
            self.answers[answer.userid] = answer
            if answer.userid != userid:
                self.spelt[userid] = answer.userid
                # There is nobody of exactly this spelling any more.
                self.refusals[userid] = NOBODY_SO_SPELT
        self.troubles.check()

    def set_aside(self, troubles: Mapping[Key, Unavailable]) -> None:
        """Take back what was answered of these keys: they wait by themselves."""
        for key, error in troubles.items():
            kind, name = split_key(key)
            if kind == "member":
                self.answers.pop(Userid(name), None)
                self.refusals.pop(Userid(name), None)
            self.troubles.note(key, error)

    def in_trouble(self, userid: Userid) -> bool:
        """Whether nothing usable was answered about this person."""
        return member_key(userid) in self.troubles.of

    def ask_again(self, userids: Iterable[Userid]) -> dict[Userid, Member | int]:
        """Ask for these people once more; what was answered before stays as it is."""
        wanted = sorted(set(userids))
        found = ask_all(self._ask_one, wanted, at_once=lambda: self._at_once(GET))
        answered = zip(wanted, found, strict=True)
        return {who: answer for who, answer in answered if answer is not None}

    def ask_instead(self, userids: Iterable[Userid]) -> None:
        """Ask for people singly whom a list has shown; that answer takes its place.

        Shape: of whom there is none, or a refusal, is as if nothing had been said.
        """
        found = self.ask_again(userids)
        for who in userids:
            del self.answers[who]
            if isinstance(answer := found.get(who), Member):
                self.answers[who] = answer

    def list_authorised(self) -> None:
        """In auth_mode 1: ask who authorised the app."""
        if MEMBER_AUTH in self.listings:
            return
        found = self.troubles.bear(AUTHORISED, lambda: list_authorised(self._api))
        if found is None:
            return
        self.control_answered |= bool(found.userids)
        self.listings[MEMBER_AUTH] = Listing(
            complete=found.odd is None, userids=found.userids
        )

    def _list_one(self, department_id: DepartmentId) -> ListedMembers | None:
        return self.troubles.bear(
            list_key(department_id),
            lambda: list_one(self._api, department_id),
        )

    def _ask_one(self, userid: Userid) -> Member | int | None:
        return self.troubles.bear(
            member_key(userid), lambda: ask_one(self._api, userid)
        )

    def _is_asked(self, userid: Userid) -> bool:
        asked = userid in self.answers or userid in self.refusals
        return asked or self.in_trouble(userid)

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
        self, department_id: DepartmentId, listed: ListedMembers | None
    ) -> None:
        members = None if listed is None else listed.members
        odd = listed is not None and bool(listed.odd or not listed.complete)
        # The first empty list may be a failed one.
        complete = bool(members) or (
            members is not None and department_id in self._empty
        )
        if members == () and not odd:
            self._empty.add(department_id)
        shown = {each.userid: each for each in members or ()}
        named = frozenset(shown).union(listed.odd if listed is not None else ())
        self.listings[listing_of(department_id)] = Listing(
            complete=complete and (listed is None or listed.complete),
            userids=named,
            refused=members is None,
        )
        self.control_answered |= bool(shown)
        self.answers |= shown
