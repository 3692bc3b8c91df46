"""Sessions of members whom WeCom has named, and how long they count as admins."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.ids import CorpPk, MemberPk
from store.database import Connection
from store.sessions.ids import (
    IS_OPEN,
    IS_UNSEEN,
    MOST_OF_ONE,
    TIMES,
    hash_of,
    new_id,
)
from store.sessions.rows import end_one, note_used, prune_table


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSession:
    """A session that is open.

    Shape: `is_admin`: WeCom said so a short while ago; else it is to be asked;
        `began_at`: when WeCom named the member; `tapd_token`: TAPD's for their open
        items, sealed, while it is good.
    """

    corp_pk: CorpPk
    member_pk: MemberPk
    is_admin: bool
    began_at: datetime
    tapd_token: bytes | None = field(repr=False)


def open_for(connection: Connection, corp_pk: CorpPk, member_pk: MemberPk) -> str:
    """The id of a new session of a member."""
    session_id = new_id()
    connection.execute(
        "INSERT INTO member_sessions (session_hash, corp_pk, member_pk)"
        " VALUES (%s, %s, %s)",
        [hash_of(session_id), corp_pk, member_pk],
    )
    _end_surplus(connection, corp_pk, member_pk)
    return session_id


def find(connection: Connection, session_id: str) -> MemberSession | None:
    """The open session of an id, noted as used."""
    row = connection.execute(
        f"""
        SELECT corp_pk, member_pk, {IS_UNSEEN},
            coalesce(admin_until > clock_timestamp(), false), began_at,
            CASE WHEN tapd_until > clock_timestamp() THEN tapd_token END
        FROM member_sessions WHERE session_hash = %(hash)s AND {IS_OPEN}
        """,  # noqa: S608 - the conditions are constants
        {**TIMES, "hash": hash_of(session_id)},
    ).fetchone()
    if row is None:
        return None
    if row[2]:
        note_used(connection, "member_sessions", session_id)
    return MemberSession(
        corp_pk=CorpPk(row[0]),
        member_pk=MemberPk(row[1]),
        is_admin=row[3],
        began_at=row[4],
        tapd_token=row[5],
    )


def note_admin(connection: Connection, session_id: str, *, seconds: float) -> None:
    """WeCom said that the member is an admin; for so long it counts."""
    connection.execute(
        "UPDATE member_sessions SET admin_until ="
        " clock_timestamp() + make_interval(secs => %s) WHERE session_hash = %s",
        [seconds, hash_of(session_id)],
    )


def token_place(session_hash: bytes) -> str:
    """What a token of TAPD's is sealed for."""
    return f"tapd_token:{bytes(session_hash).hex()}"


def keep_tapd_token(
    connection: Connection, session_id: str, sealed: bytes | None, *, seconds: float
) -> None:
    """TAPD's token for the member's open items, as long as the session; None: none."""
    connection.execute(
        "UPDATE member_sessions SET tapd_token = %s, tapd_until ="
        " clock_timestamp() + make_interval(secs => %s) WHERE session_hash = %s",
        [sealed, seconds, hash_of(session_id)],
    )


def end(connection: Connection, session_id: str) -> None:
    """End a session, wherever its cookie was copied to; a second time too."""
    end_one(connection, "member_sessions", session_id)


def end_all_of_corp(connection: Connection, corp_pk: CorpPk) -> None:
    """End every session of a corp's people."""
    connection.execute("DELETE FROM member_sessions WHERE corp_pk = %s", [corp_pk])


def prune(connection: Connection, *, limit: int) -> int:
    """Forget sessions that are over."""
    return prune_table(connection, "member_sessions", limit=limit)


def _end_surplus(connection: Connection, corp_pk: CorpPk, member_pk: MemberPk) -> None:
    connection.execute(
        """
        DELETE FROM member_sessions WHERE session_hash IN (
            SELECT session_hash FROM member_sessions
            WHERE corp_pk = %s AND member_pk = %s
            ORDER BY seen_at DESC, began_at DESC OFFSET %s)
        """,
        [corp_pk, member_pk, MOST_OF_ONE],
    )
