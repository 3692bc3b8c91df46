"""Who is signed in by WeCom: a random id in the browser, looked up at each request."""

from collections.abc import Iterable

from flask import Response as Answer
from flask import after_this_request, g
from werkzeug.wrappers import Response

from store.database import Connection, transaction
from store.installs.visitors import Visitor, find_visitor
from store.oidc import logouts
from store.sessions import member_sessions
from store.sessions.ids import LONGEST_HOURS, sid_of
from store.sessions.member_sessions import MemberSession
from web.http import cookies
from web.http.cookies import Cookie
from web.services import services
from web.sessions.open_items_cache import OpenItemsCache
from web.sessions.sign_in import sign_in
from web.sessions.standing import Refused, refusal_of


def remember_member(member: Visitor) -> None:
    """Sign a member in; whoever was signed in before is so no longer."""
    before, told = cookies.read(Cookie.MEMBER), []
    with transaction(services().pool) as connection:
        if before is not None:
            told = _end(connection, before)
        session_id = member_sessions.open_for(
            connection, member.corp_pk, member.member_pk
        )
    _ring(told)
    g.pop("member", None)

    @after_this_request
    def keep(answer: Answer) -> Answer:
        seconds = LONGEST_HOURS * 3600
        cookies.keep(answer, Cookie.MEMBER, session_id, seconds=seconds)
        return answer


def forget() -> None:
    """Sign out whoever is signed in by WeCom, wherever the session was copied to."""
    session_id = cookies.read(Cookie.MEMBER)
    g.pop("member", None)
    if session_id is None:
        return
    with transaction(services().pool) as connection:
        told = _end(connection, session_id)
    _ring(told)

    @after_this_request
    def drop(answer: Answer) -> Answer:
        cookies.drop(answer, Cookie.MEMBER)
        return answer


def current_member() -> Visitor | None:
    """The member who is signed in, as they stand at this moment.

    Raises: Refused when they may not come in any more; the session is over then.
    """
    if "member" not in g:
        g.member = _look_up()
    member: Visitor | None = g.member
    return member


def get_member() -> Visitor:
    """The member who is signed in, on a route that is seen by members alone.

    Raises: LookupError, Refused.
    """
    member = current_member()
    if member is None:
        raise LookupError("the route is not for members alone")
    return member


def require_member(next_path: str | None) -> Response | None:
    """A detour through WeCom's sign-in, or None when a member is signed in.

    Raises: Refused.
    """
    if current_member() is not None:
        return None
    return sign_in(next_path)


def get_session() -> MemberSession:
    """The session of the member who is signed in, as `current_member` found it.

    Raises: LookupError.
    """
    session: MemberSession | None = g.get("member_session")
    if session is None:
        raise LookupError("nobody is signed in")
    return session


def current_sid() -> str | None:
    """What this browser's session is called to relying parties; None for none."""
    session_id = cookies.read(Cookie.MEMBER)
    return None if session_id is None else sid_of(session_id)


def is_known_admin() -> bool:
    """Whether WeCom called the member of this session an admin a short while ago."""
    session: MemberSession | None = g.get("member_session")
    return session is not None and session.is_admin


def note_admin(*, seconds: float) -> None:
    """WeCom did so now; for so long it need not be asked again."""
    session_id = cookies.read(Cookie.MEMBER)
    if session_id is not None:
        with transaction(services().pool) as connection:
            member_sessions.note_admin(connection, session_id, seconds=seconds)


def _end(connection: Connection, session_id: str) -> list[str]:
    """End a session; the relying parties that are to be told."""
    member_sessions.end(connection, session_id)
    OpenItemsCache(services().redis, services().keyring).forget(session_id)
    return logouts.end_session(connection, sid_of(session_id))


def _ring(client_ids: Iterable[str]) -> None:
    for client_id in client_ids:
        services().ring_logouts(client_id)


def _look_up() -> Visitor | None:
    session_id = cookies.read(Cookie.MEMBER)
    if session_id is None:
        return None
    with transaction(services().pool) as connection:
        session = member_sessions.find(connection, session_id)
        if session is None:
            return None
        member = find_visitor(connection, session.corp_pk, session.member_pk)
    if member is None:
        # Merged into an older record of the same person: WeCom names them again.
        forget()
        return None
    refusal = refusal_of(member)
    if refusal is not None:
        forget()
        raise Refused(refusal)
    g.member_session = session
    return member
