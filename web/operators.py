"""Who is an operator: whoever signed in with API_TOKEN or a token of their own."""

import hashlib
import hmac

from flask import session

from store.database import transaction
from store.platform import operators
from web.services import services

_MARK, _NAME = "operator", "operator_name"


def is_api_token(token: str) -> bool:
    """Whether a text is API_TOKEN, compared in constant time."""
    return hmac.compare_digest(token.encode(), services().api_token.encode())


def is_operator() -> bool:
    """Whether an operator is signed in with a token that is still good."""
    return _is_marked(services().operator_mark) or operator_name() is not None


def operator_name() -> str | None:
    """The operator who signed in with a present token of their own."""
    name = session.get(_NAME)
    if not isinstance(name, str):
        return None
    with transaction(services().pool) as connection:
        token_hash = operators.find_hash(connection, name)
    return name if token_hash and _is_marked(_mark_of(token_hash)) else None


def sign_operator_in(token: str) -> bool:
    """Open a session of whose token this is; False when it is nobody's."""
    name, mark = None, services().operator_mark
    if not is_api_token(token):
        with transaction(services().pool) as connection:
            name = operators.find_by_token(connection, token)
            token_hash = name and operators.find_hash(connection, name)
        if not isinstance(token_hash, bytes):
            return False
        mark = _mark_of(token_hash)
    session[_MARK], session[_NAME] = mark, name
    return True


def sign_operator_out() -> None:
    """End the operator's session; a second time too."""
    session.pop(_MARK, None)
    session.pop(_NAME, None)


def _is_marked(mark: str) -> bool:
    kept = session.get(_MARK, "")
    return isinstance(kept, str) and hmac.compare_digest(kept.encode(), mark.encode())


def _mark_of(token_hash: bytes) -> str:
    # A session is as good as the token it was opened with: a new token ends it.
    return hmac.new(token_hash, b"operator session", hashlib.sha256).hexdigest()
