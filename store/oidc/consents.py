"""What members have let each client know: they are asked once, not at every sign-in."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from domain.ids import CorpPk, MemberPk
from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenConsent:
    """What a member has let a client know, since when."""

    client_id: str
    name: str
    scopes: tuple[str, ...]
    given_at: datetime


def list_given(
    connection: Connection, corp_pk: CorpPk, member_pk: MemberPk
) -> list[GivenConsent]:
    """What a member has agreed to, the newest first."""
    with connection.cursor(row_factory=class_row(GivenConsent)) as cursor:
        cursor.execute(
            "SELECT client_id, name, scopes, given_at FROM oidc_consents"
            " JOIN oidc_clients USING (client_id)"
            " WHERE corp_pk = %s AND member_pk = %s"
            " ORDER BY given_at DESC, client_id",
            [corp_pk, member_pk],
        )
        return cursor.fetchall()


def withdraw(
    connection: Connection, corp_pk: CorpPk, member_pk: MemberPk, client_id: str
) -> None:
    """The member is asked again before this client is told anything more."""
    connection.execute(
        "DELETE FROM oidc_consents"
        " WHERE corp_pk = %s AND member_pk = %s AND client_id = %s",
        [corp_pk, member_pk, client_id],
    )


def covers(
    connection: Connection,
    corp_pk: CorpPk,
    member_pk: MemberPk,
    client_id: str,
    scopes: Collection[str],
) -> bool:
    """Whether a member has agreed to all of these already."""
    row = connection.execute(
        "SELECT %s::text[] <@ scopes FROM oidc_consents"
        " WHERE corp_pk = %s AND member_pk = %s AND client_id = %s",
        [list(scopes), corp_pk, member_pk, client_id],
    ).fetchone()
    return bool(row and row[0])


def remember(
    connection: Connection,
    corp_pk: CorpPk,
    member_pk: MemberPk,
    client_id: str,
    scopes: Collection[str],
) -> None:
    """The member agrees to these, beside what they agreed to before."""
    connection.execute(
        """
        INSERT INTO oidc_consents AS known (corp_pk, member_pk, client_id, scopes)
        VALUES (%(corp_pk)s, %(member_pk)s, %(client_id)s, %(scopes)s)
        ON CONFLICT (corp_pk, member_pk, client_id) DO UPDATE SET
            given_at = clock_timestamp(),
            scopes = ARRAY(SELECT DISTINCT unnest(known.scopes || excluded.scopes))
        """,
        {
            "corp_pk": corp_pk,
            "member_pk": member_pk,
            "client_id": client_id,
            "scopes": sorted(scopes),
        },
    )
