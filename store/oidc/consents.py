"""What members have let each client know: they are asked once, not at every sign-in."""

from collections.abc import Collection

from domain.ids import CorpPk, MemberPk
from store.database import Connection


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
