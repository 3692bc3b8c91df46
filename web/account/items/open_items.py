"""What is open for a member in TAPD, read with the token that they have granted.

what was told a moment ago          open_items_cache
else asked, beside the page:        the page waits for a part of a second,
  the projects of the member        then says that TAPD is slow;
  what waits in each, by kind       the answer is kept for the next look
"""

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from itertools import chain, product
from threading import BoundedSemaphore, Thread
from typing import Any

from domain.items.items import ItemKind
from store.database import transaction
from store.installs.visitors import Visitor
from store.sessions import member_sessions
from store.sessions.ids import hash_of
from store.sessions.member_sessions import token_place
from tapd.errors import Denied, Refused, TapdError, Unavailable
from tapd.todo import KINDS, OpenItem, list_projects
from web.http import cookies
from web.http.cookies import Cookie
from web.services import Services, services
from web.sessions.open_items_cache import (
    ITEMS_SECONDS,
    PROJECTS_SECONDS,
    TROUBLE_SECONDS,
    Kept,
    OpenItemsCache,
)
from web.sessions.session import get_session

# How long the page waits; somebody looks at their phone meanwhile.
PAGE_SECONDS = 0.6
# A reading costs one call an hour and so many times three; the rest is in TAPD.
_MOST_PROJECTS = 4
_OF_A_KIND = 5
_AT_ONCE = 6
# So many members of one process are read for at once: a TAPD that hangs takes no more.
_READINGS = BoundedSemaphore(8)
READER = "open-items"

log = logging.getLogger(__name__)


class Came(StrEnum):
    """What came of asking TAPD."""

    TOLD = "told"
    SLOW = "slow"
    FAILED = "failed"
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenItems:
    """What is open, or why it is not shown.

    Shape: `granted`: the member lets us read it; `more`: there are projects that were
        not looked at.
    """

    granted: bool
    came: Came = Came.TOLD
    items: tuple[OpenItem, ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """Whose items are to be read, with what; `owner` is their session."""

    wired: Services
    cache: OpenItemsCache
    owner: str
    token: str
    nick: str
    company_id: str


def read_open_items(member: Visitor, nick: str | None) -> OpenItems:
    """What is open for the member; soon, whatever TAPD does."""
    wired, token, owner = services(), _token(), cookies.read(Cookie.MEMBER)
    if wired.tapd is None or wired.tapd_api is None or not (token and nick and owner):
        return OpenItems(granted=False)
    wish = _Wish(
        wired=wired,
        cache=_cache(wired),
        owner=owner,
        token=token,
        nick=nick,
        company_id=member.company_id or "",
    )
    kept = wish.cache.find(Kept.ITEMS, owner)
    found = _read_soon(wish) if kept is None else _opened(kept)
    if found.came is Came.DENIED:
        # Over, or taken back in TAPD: the member is offered to grant it again.
        keep_token(None)
        return OpenItems(granted=False)
    return found


def keep_token(token: str | None, *, seconds: float = 0.0) -> None:
    """Keep TAPD's token as long as it and the session last; None forgets it."""
    session_id = cookies.read(Cookie.MEMBER)
    if session_id is None:
        return
    place = token_place(hash_of(session_id))
    sealed = token and services().keyring.seal(token.encode(), place=place)
    with transaction(services().pool) as connection:
        member_sessions.keep_tapd_token(
            connection, session_id, sealed or None, seconds=seconds
        )
    forget_items(session_id)


def forget_items(session_id: str) -> None:
    """Destroy what is kept of the items of a session: it is over, or another's."""
    _cache(services()).forget(session_id)


def _read_soon(wish: _Wish) -> OpenItems:
    """What TAPD answers within the page's time; later answers are for the next look."""
    slow = OpenItems(granted=True, came=Came.SLOW)
    if not wish.cache.begin(wish.owner):
        return slow
    if not _READINGS.acquire(blocking=False):
        wish.cache.end(wish.owner)
        return slow
    answer: Future[OpenItems] = Future()
    # A thread of its own that ends with the process: nobody waits for TAPD there.
    Thread(target=_answer, args=(wish, answer), name=READER, daemon=True).start()
    try:
        return answer.result(timeout=PAGE_SECONDS)
    except TimeoutError:
        return slow


def _answer(wish: _Wish, answer: Future[OpenItems]) -> None:
    try:
        found = _read(wish)
    except Exception:
        # Nobody else would hear of it; the page says that TAPD did not answer.
        log.exception("open items not read")
        found = OpenItems(granted=True, came=Came.FAILED)
    finally:
        _READINGS.release()
    seconds = ITEMS_SECONDS if found.came is Came.TOLD else TROUBLE_SECONDS
    wish.cache.keep(Kept.ITEMS, wish.owner, asdict(found), seconds=seconds)
    wish.cache.end(wish.owner)
    answer.set_result(found)


def _read(wish: _Wish) -> OpenItems:
    try:
        projects = _projects(wish)
        some = projects[:_MOST_PROJECTS]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            pages = [*pool.map(partial(_page, wish), *_pairs(some))]
    except Denied:
        return OpenItems(granted=True, came=Came.DENIED)
    except TapdError as error:
        log.warning("open items not told", extra={"error": str(error)})
        return OpenItems(granted=True, came=Came.FAILED)
    told = [each for each in pages if each is not None]
    if pages and not told:
        return OpenItems(granted=True, came=Came.FAILED)
    more = len(projects) > len(some) or len(told) < len(pages)
    return OpenItems(granted=True, items=tuple(chain(*told)), more=more)


def _projects(wish: _Wish) -> list[str]:
    owner = f"{wish.company_id} {wish.nick}"
    kept = wish.cache.find(Kept.PROJECTS, owner)
    if kept is not None:
        return list(map(str, kept))
    if wish.wired.tapd_api is None:
        return []
    try:
        found = list_projects(
            wish.wired.tapd_api, nick=wish.nick, company_id=wish.company_id
        )
    except Denied as error:
        # Our app's own credentials: nothing that the member granted is over.
        raise Unavailable("our credentials are not accepted") from error
    wish.cache.keep(Kept.PROJECTS, owner, found, seconds=PROJECTS_SECONDS)
    return found


def _opened(kept: dict[str, Any]) -> OpenItems:
    items = [{**each, "kind": ItemKind(each["kind"])} for each in kept["items"]]
    return OpenItems(
        granted=kept["granted"],
        came=Came(kept["came"]),
        items=tuple(OpenItem(**each) for each in items),
        more=kept["more"],
    )


def _cache(wired: Services) -> OpenItemsCache:
    return OpenItemsCache(wired.redis, wired.keyring)


def _token() -> str | None:
    session_id, sealed = cookies.read(Cookie.MEMBER), get_session().tapd_token
    if session_id is None or sealed is None:
        return None
    place = token_place(hash_of(session_id))
    return services().keyring.open(sealed, place=place).decode()


def _pairs(projects: list[str]) -> tuple[list[str], list[ItemKind]]:
    pairs = list(product(projects, KINDS))
    return [each for each, _ in pairs], [kind for _, kind in pairs]


def _page(wish: _Wish, workspace_id: str, kind: ItemKind) -> list[OpenItem] | None:
    """What of a kind waits in a project; None where TAPD does not let them see it."""
    if wish.wired.tapd is None:
        return None
    try:
        return wish.wired.tapd.list_open(
            wish.token, workspace_id=workspace_id, kind=kind, limit=_OF_A_KIND
        )
    except Refused as error:
        log.info("a project's open items not told", extra={"error": str(error)})
        return None
