"""What is open for a member in TAPD, read with the token that they have granted."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product

from domain.items import ItemKind
from store.database import transaction
from store.installs.visitors import Visitor
from store.sessions import member_sessions
from store.sessions.ids import hash_of
from store.sessions.member_sessions import token_place
from tapd.errors import Denied, TapdError
from tapd.oauth import TapdOAuth
from tapd.todo import KINDS, OpenItem, list_projects
from web import cookies
from web.cookies import Cookie
from web.services import services
from web.sessions.session import get_session

# A page costs one call and so many times three; the rest is a tap away, in TAPD.
_MOST_PROJECTS = 4
_OF_A_KIND = 5
_AT_ONCE = 6

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenItems:
    """What is open, or why it is not shown.

    Shape: `granted`: the member lets us read it; `failed`: TAPD did not answer;
        `more`: there are projects that were not looked at.
    """

    granted: bool
    failed: bool = False
    items: tuple[OpenItem, ...] = ()
    more: bool = False


def read_open_items(member: Visitor, nick: str | None) -> OpenItems:
    """What is open for the member, in the projects that they take part in."""
    wired, token = services(), _token()
    if wired.tapd is None or wired.tapd_api is None or token is None or not nick:
        return OpenItems(granted=False)
    try:
        projects = list_projects(
            wired.tapd_api, nick=nick, company_id=member.company_id or ""
        )
        some = projects[:_MOST_PROJECTS]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            pages = pool.map(partial(_page, wired.tapd, token), *_pairs(some))
            items = tuple(item for page in pages for item in page)
    except Denied:
        # Over, or taken back in TAPD: the member is offered to grant it again.
        keep_token(None)
        return OpenItems(granted=False)
    except TapdError as error:
        log.warning("open items not told", extra={"error": str(error)})
        return OpenItems(granted=True, failed=True)
    return OpenItems(granted=True, items=items, more=len(projects) > len(some))


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


def _token() -> str | None:
    session_id, sealed = cookies.read(Cookie.MEMBER), get_session().tapd_token
    if session_id is None or sealed is None:
        return None
    place = token_place(hash_of(session_id))
    return services().keyring.open(sealed, place=place).decode()


def _pairs(projects: list[str]) -> tuple[list[str], list[ItemKind]]:
    pairs = list(product(projects, KINDS))
    return [each for each, _ in pairs], [kind for _, kind in pairs]


def _page(
    tapd: TapdOAuth, token: str, workspace_id: str, kind: ItemKind
) -> list[OpenItem]:
    return tapd.list_open(token, workspace_id=workspace_id, kind=kind, limit=_OF_A_KIND)
