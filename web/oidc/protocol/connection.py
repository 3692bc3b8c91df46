"""The one transaction of a request, in which Authlib's questions are answered."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import g

from store.database import Connection, transaction
from web.services import services


@contextmanager
def opened() -> Iterator[None]:
    """A transaction for a block; committed also when a client is refused in it.

    So of two uses of a code the second waits, and what it ends stays ended.
    """
    with transaction(services().pool) as connection:
        g.oidc_connection = connection
        try:
            yield
        finally:
            del g.oidc_connection


def connection() -> Connection:
    """The transaction that is open."""
    found: Connection = g.oidc_connection
    return found
