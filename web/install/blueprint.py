"""The install's routes, whose forms carry a token against forged requests."""

from flask import Blueprint

from web import limits
from web.csrf import protect

install = protect(Blueprint("install", __name__))


@install.before_request
def refuse_guessers() -> None:
    """Whoever has made up too many addresses of installs.

    Raises: Problem.
    """
    limits.refuse_after_failures(limits.INTENT, limits.client_address())
