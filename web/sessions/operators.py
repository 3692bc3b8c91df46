"""Who is an operator: whoever signed in with API_TOKEN or a token of their own."""

import hashlib
import hmac
import re
from typing import Protocol

from flask import Response, after_this_request, g

from domain.roles import Role
from store.database import transaction
from store.platform import operators
from store.sessions import operator_sessions
from store.sessions.ids import LONGEST_HOURS
from store.sessions.operator_sessions import NamedPerson, OperatorSession
from web.http import cookies
from web.http.cookies import Cookie
from web.services import services

# What `create-operator` prints: nothing else is worth a question to Postgres.
_OWN_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_FOUND = "operator_session"


class Acted(Protocol):
    """A company's page: whether an operator looks at it, or an admin of its own."""

    @property
    def is_operator(self) -> bool: ...


def is_api_token(token: str) -> bool:
    """Whether a text is API_TOKEN, compared in constant time."""
    given, ours = token.encode(errors="replace"), services().api_token.encode()
    return hmac.compare_digest(_digest(given), _digest(ours))


def is_operator() -> bool:
    """Whether an operator is signed in with a token that is still good."""
    return current_operator() is not None


def operator_name() -> str | None:
    """The operator who signed in with a present token of their own."""
    found = current_operator()
    return found.name if found else None


def operator_role() -> Role | None:
    """What the operator of this request may do; None for nobody."""
    found = current_operator()
    return found.role if found else None


def may(needed: Role) -> bool:
    """Whether an operator is signed in who may do as much."""
    role = operator_role()
    return role is not None and role.may(needed)


def may_act() -> bool:
    """Whether pages show this operator what acts."""
    return may(Role.OPERATOR)


def may_administrate() -> bool:
    """Whether pages show this operator who may do what."""
    return may(Role.ADMIN)


def may_act_for(host: Acted) -> bool:
    """Whether whoever looks at a company's page is shown what acts."""
    return not host.is_operator or may_act()


def actor() -> str:
    """Who acts, as it is kept: whoever has API_TOKEN, or somebody by name."""
    found = current_operator()
    if found is None or found.name is None:
        return "operator"
    return f"{'oidc' if found.is_of_provider else 'operator'}:{found.name}"


def current_operator() -> OperatorSession | None:
    """The operator's session of this browser, looked up once in a request."""
    if _FOUND not in g:
        setattr(g, _FOUND, _look_up())
    found: OperatorSession | None = g.get(_FOUND)
    return found


def is_operator_known() -> bool:
    """Whether this request has found an operator; a page of errors asks no store."""
    return g.get(_FOUND) is not None


def sign_operator_in(token: str) -> bool:
    """Open a session of whose token this is; False when it is nobody's."""
    is_ours = is_api_token(token)
    if not is_ours and not _OWN_TOKEN.fullmatch(token):
        return False
    before = cookies.read(Cookie.OPERATOR)
    with transaction(services().pool) as connection:
        if is_ours:
            mark = services().operator_marks[0]
            session_id = operator_sessions.open_by_api_token(connection, mark)
        else:
            token_hash = operators.hash_of(token)
            named = operator_sessions.open_named(connection, token_hash)
            if named is None:
                return False
            session_id = named
        if before is not None:
            operator_sessions.end(connection, before)
    _remember(session_id)
    return True


def sign_person_in(person: NamedPerson) -> None:
    """Open a session of somebody whom the house's identity provider has named."""
    before = cookies.read(Cookie.OPERATOR)
    with transaction(services().pool) as connection:
        session_id = operator_sessions.open_by_provider(connection, person)
        if before is not None:
            operator_sessions.end(connection, before)
    _remember(session_id)


def sign_operator_out() -> None:
    """End the operator's session, wherever it was copied to; a second time too."""
    session_id = cookies.read(Cookie.OPERATOR)
    if session_id is not None:
        with transaction(services().pool) as connection:
            operator_sessions.end(connection, session_id)
    g.pop(_FOUND, None)

    @after_this_request
    def forget(answer: Response) -> Response:
        cookies.drop(answer, Cookie.OPERATOR)
        return answer


def _look_up() -> OperatorSession | None:
    session_id = cookies.read(Cookie.OPERATOR)
    if session_id is None:
        return None
    wired = services()
    with transaction(wired.pool) as connection:
        return operator_sessions.find(
            connection, session_id, marks=wired.operator_marks
        )


def _remember(session_id: str) -> None:
    g.pop(_FOUND, None)

    @after_this_request
    def keep(answer: Response) -> Response:
        seconds = LONGEST_HOURS * 3600
        cookies.keep(answer, Cookie.OPERATOR, session_id, seconds=seconds)
        return answer


def _digest(text: bytes) -> bytes:
    # Of equal length, so that not even the length is told by the time it takes.
    return hashlib.sha256(text).digest()
