"""In auth_mode 1: the list of everybody who authorised the app, page by page."""

from dataclasses import dataclass

from domain.ids import Userid
from wecom.errors import NotPermitted, NotVisible, Spent, Unavailable
from wecom.wire import MemberAuthPage
from workers.answers.refusals import odd_if_refused
from workers.calls.corp_api import CorpApi


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorised:
    """In auth_mode 1: who authorised the app; `odd` says why others may have, too."""

    userids: frozenset[Userid]
    odd: str | None


def list_authorised(api: CorpApi) -> Authorised:
    """In auth_mode 1: everybody who authorised the app."""
    userids: set[Userid] = set()
    cursor: str | None = None
    odd: str | None = None
    seen: set[str | None] = set()
    restarted = False
    while cursor not in seen:
        seen.add(cursor)
        try:
            page = _authorised_page(api, cursor)
        except Spent:
            # WeCom 50100: the listing has to begin anew, once.
            if restarted or cursor is None:
                odd = "its pages lead nowhere"
                break
            restarted, cursor = True, None
            seen.clear()
            continue
        userids |= {Userid(each) for each in page.open_userids}
        cursor, odd = page.next_cursor, odd or page.odd
    if cursor is not None and odd is None:
        odd = "a page leads back to itself"
    return Authorised(userids=frozenset(userids), odd=odd)


def _authorised_page(api: CorpApi, cursor: str | None) -> MemberAuthPage:
    try:
        with odd_if_refused(but=(NotPermitted, Spent)):
            return api.authorised_members(cursor)
    except (NotVisible, NotPermitted) as error:
        # The mode was switched after the scope was read, which is read again then.
        raise Unavailable("members do not authorise by themselves") from error
