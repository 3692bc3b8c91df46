"""Who is an operator: whoever signed in with the present API_TOKEN."""

import hmac

from flask import session

from web.services import services


def is_api_token(token: str) -> bool:
    """Whether a text is API_TOKEN, compared in constant time."""
    return hmac.compare_digest(token.encode(), services().api_token.encode())


def is_operator() -> bool:
    """Whether an operator is signed in with the present API_TOKEN."""
    mark = session.get("operator", "")
    return isinstance(mark, str) and hmac.compare_digest(
        mark.encode(), services().operator_mark.encode()
    )
