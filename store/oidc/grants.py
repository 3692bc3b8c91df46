"""Grants: a code, the tokens that came of it, and their common end.

A grant's row is all there is: whoever ends it ends its code, its refresh token and its
access tokens. Whoever uses one locks it, so that of two uses one is the second.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from psycopg.rows import class_row

from domain.ids import CorpPk, MemberPk
from store.database import Connection
from store.oidc.secrets import handle_of, hash_of

CODE_SECONDS = 60
ACCESS_SECONDS = 3600
# A refresh token that nobody uses ends, and however it is used: one signs in again.
REFRESH_IDLE_DAYS = 30
REFRESH_LONGEST_DAYS = 180
# A person has that many browsers at one client; of more grants the oldest ends.
MOST_OF_ONE = 20
# A client asks again before its last token is over; it needs no more of them.
_MOST_ACCESS_TOKENS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a member has let a client have, in one browser session."""

    grant_id: int
    client_id: str
    corp_pk: CorpPk
    member_pk: MemberPk
    account_id: str
    sid: str
    scope: str
    nonce: str | None
    auth_time: datetime
    tells_auth_time: bool
    code_challenge: str | None
    redirect_uri: str
    code_used: bool
    is_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGrant:
    """A grant as it begins, with the code that stands for it for a minute."""

    client_id: str
    corp_pk: CorpPk
    member_pk: MemberPk
    account_id: str
    sid: str
    scope: str
    nonce: str | None
    auth_time: datetime
    tells_auth_time: bool
    code: str
    code_challenge: str | None
    redirect_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """An access token that is good, and the grant that it is of."""

    grant: Grant
    scope: str


_FIELDS: LiteralString = (
    "g.grant_id, g.client_id, g.corp_pk, g.member_pk, g.account_id, g.sid, g.scope,"
    " g.nonce, g.auth_time, g.tells_auth_time, g.code_challenge, g.redirect_uri,"
    " g.code_used, g.expires_at <= clock_timestamp() AS is_over"
)


def begin(connection: Connection, new: NewGrant) -> None:
    """Remember a new grant; its code is good once and for a minute."""
    connection.execute(
        """
        INSERT INTO oidc_grants (client_id, corp_pk, member_pk, account_id, sid, scope,
            nonce, auth_time, tells_auth_time, code_hash, code_challenge, redirect_uri,
            expires_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
            clock_timestamp() + make_interval(secs => %s))
        """,
        [
            new.client_id,
            new.corp_pk,
            new.member_pk,
            new.account_id,
            new.sid,
            new.scope,
            new.nonce,
            new.auth_time,
            new.tells_auth_time,
            hash_of(new.code),
            new.code_challenge,
            new.redirect_uri,
            CODE_SECONDS,
        ],
    )
    connection.execute(
        """
        DELETE FROM oidc_grants WHERE grant_id IN (
            SELECT grant_id FROM oidc_grants
            WHERE corp_pk = %s AND member_pk = %s AND client_id = %s
            ORDER BY began_at DESC, grant_id DESC OFFSET %s)
        """,
        [new.corp_pk, new.member_pk, new.client_id, MOST_OF_ONE],
    )


def find_by_code(connection: Connection, code: str, client_id: str) -> Grant | None:
    """The grant of a code that was given to this client, locked."""
    return _find(connection, "g.code_hash = %(hash)s", hash_of(code), client_id)


def find_by_refresh_token(
    connection: Connection, token: str, client_id: str
) -> tuple[Grant, bool] | None:
    """The grant of a client's refresh token, locked, and whether this is its newest."""
    handle = hash_of(handle_of(token))
    grant = _find(connection, "g.handle_hash = %(hash)s", handle, client_id)
    if grant is None:
        return None
    row = connection.execute(
        "SELECT refresh_hash = %s FROM oidc_grants WHERE grant_id = %s",
        [hash_of(token), grant.grant_id],
    ).fetchone()
    return grant, bool(row and row[0])


def find_any_by_refresh_token(connection: Connection, token: str) -> Grant | None:
    """The grant of a refresh token, whoever has it and whether it was used."""
    with connection.cursor(row_factory=class_row(Grant)) as cursor:
        cursor.execute(
            f"SELECT {_FIELDS} FROM oidc_grants AS g WHERE handle_hash = %s",  # noqa: S608 - constants
            [hash_of(handle_of(token))],
        )
        return cursor.fetchone()


def find_access_token(connection: Connection, token: str) -> AccessToken | None:
    """The access token, if it is good."""
    row = connection.execute(
        "SELECT grant_id, scope FROM oidc_access_tokens"
        " WHERE token_hash = %s AND expires_at > clock_timestamp()",
        [hash_of(token)],
    ).fetchone()
    if row is None:
        return None
    with connection.cursor(row_factory=class_row(Grant)) as cursor:
        cursor.execute(
            f"SELECT {_FIELDS} FROM oidc_grants AS g WHERE grant_id = %s",  # noqa: S608 - constants
            [row[0]],
        )
        grant = cursor.fetchone()
    return None if grant is None else AccessToken(grant=grant, scope=row[1])


def note_tokens(
    connection: Connection,
    grant: Grant,
    *,
    access_token: str,
    scope: str,
    refresh_token: str | None,
) -> None:
    """Tokens were given out: the code and any older refresh token are used up."""
    handle = refresh_token and hash_of(handle_of(refresh_token))
    connection.execute(
        """
        UPDATE oidc_grants SET code_used = true, handle_hash = %(handle)s,
            refresh_hash = %(refresh)s,
            expires_at = CASE WHEN %(handle)s::bytea IS NULL
                THEN clock_timestamp() + make_interval(secs => %(access)s)
                ELSE least(clock_timestamp() + make_interval(days => %(idle)s),
                    began_at + make_interval(days => %(longest)s)) END
        WHERE grant_id = %(grant_id)s
        """,
        {
            "handle": handle,
            "refresh": refresh_token and hash_of(refresh_token),
            "access": ACCESS_SECONDS,
            "idle": REFRESH_IDLE_DAYS,
            "longest": REFRESH_LONGEST_DAYS,
            "grant_id": grant.grant_id,
        },
    )
    connection.execute(
        "INSERT INTO oidc_access_tokens (token_hash, grant_id, scope, expires_at)"
        " VALUES (%s, %s, %s, clock_timestamp() + make_interval(secs => %s))",
        [hash_of(access_token), grant.grant_id, scope, ACCESS_SECONDS],
    )
    connection.execute(
        """
        DELETE FROM oidc_access_tokens WHERE token_hash IN (
            SELECT token_hash FROM oidc_access_tokens WHERE grant_id = %s
            ORDER BY expires_at DESC OFFSET %s)
        """,
        [grant.grant_id, _MOST_ACCESS_TOKENS],
    )


def end(connection: Connection, grant_id: int) -> None:
    """End a grant: nothing that came of it is good any more."""
    connection.execute("DELETE FROM oidc_grants WHERE grant_id = %s", [grant_id])


def revoke_access_token(connection: Connection, token: str) -> None:
    """End one access token; its grant lives on."""
    connection.execute(
        "DELETE FROM oidc_access_tokens WHERE token_hash = %s", [hash_of(token)]
    )


def end_all_of_corp(connection: Connection, corp_pk: CorpPk) -> None:
    """Forget what a corp's people have let anybody have, and their consents."""
    connection.execute("DELETE FROM oidc_grants WHERE corp_pk = %s", [corp_pk])
    connection.execute("DELETE FROM oidc_consents WHERE corp_pk = %s", [corp_pk])
    connection.execute("DELETE FROM oidc_logouts WHERE corp_pk = %s", [corp_pk])


def prune(connection: Connection, *, limit: int) -> int:
    """Forget grants that are over."""
    return connection.execute(
        """
        DELETE FROM oidc_grants WHERE grant_id IN (
            SELECT grant_id FROM oidc_grants WHERE expires_at <= clock_timestamp()
            LIMIT %s FOR UPDATE SKIP LOCKED)
        """,
        [limit],
    ).rowcount


def prune_access_tokens(connection: Connection, *, limit: int) -> int:
    """Forget access tokens that are over."""
    return connection.execute(
        """
        DELETE FROM oidc_access_tokens WHERE token_hash IN (
            SELECT token_hash FROM oidc_access_tokens
            WHERE expires_at <= clock_timestamp() LIMIT %s FOR UPDATE SKIP LOCKED)
        """,
        [limit],
    ).rowcount


def _find(
    connection: Connection, condition: LiteralString, hashed: bytes, client_id: str
) -> Grant | None:
    with connection.cursor(row_factory=class_row(Grant)) as cursor:
        cursor.execute(
            f"SELECT {_FIELDS} FROM oidc_grants AS g"  # noqa: S608 - constants
            f" WHERE {condition} AND g.client_id = %(client_id)s FOR UPDATE",
            {"hash": hashed, "client_id": client_id},
        )
        return cursor.fetchone()
