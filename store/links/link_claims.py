"""What people say about links: kept as they said it, and told to workers by mail."""

from collections.abc import Collection

from domain.ids import (
    CORP_KEY,
    AccountId,
    CompanyId,
    CorpPk,
    MemberPk,
    Userid,
    member_key,
)
from domain.links.claims import ClaimKind, LinkClaim
from store.database import Connection
from store.inbox.record import post_internal
from store.org.corps import Corp

ACCOUNTS_CHANGED = "accounts_changed"
LINK_PROVED = "link_proved"
LINK_RESOLVED = "link_resolved"
UNLINKED = "unlinked"
LOOKUPS_DUE = "lookups_due"

BY_MEMBER = "member"
BY_OPERATOR = "operator"


_MAIL = {
    ClaimKind.PROVED: LINK_PROVED,
    ClaimKind.CREATE: LINK_PROVED,
    ClaimKind.RESOLVED: LINK_RESOLVED,
    ClaimKind.UNLINKED: UNLINKED,
}


def by_admin(userid: Userid) -> str:
    """How a company admin is named as the one who said something."""
    return f"admin:{userid}"


def by_operator(name: str | None) -> str:
    """How an operator is named so; None who signed in with API_TOKEN."""
    return BY_OPERATOR if name is None else f"{BY_OPERATOR}:{name}"


def state(
    connection: Connection,
    corp: Corp,
    *,
    member_pk: MemberPk,
    kind: ClaimKind,
    account_id: AccountId | None = None,
    said_by: str = BY_MEMBER,
) -> int:
    """Keep what was said and put mail about it into the corp's mailbox; its claim id.

    Ring the corp's mailbox after the commit. An account that nobody has named before
    is made known by its id.

    Repeats: a second call is a second statement; the workers find nothing to change.
    Raises: LookupError when the corp has no such member, or is linked to no company.
    """
    if corp.company_id is None:
        raise LookupError(f"corp {corp.corp_pk} is linked to no company")
    userid = _userid(connection, corp, member_pk)
    if account_id is not None:
        connection.execute(
            "INSERT INTO accounts (account_id) VALUES (%s) ON CONFLICT DO NOTHING",
            [account_id],
        )
    row = connection.execute(
        """
        INSERT INTO link_claims (corp_pk, member_pk, company_id, kind, account_id,
            said_by)
        VALUES (%s, %s, %s, %s, %s, %s) RETURNING claim_id
        """,
        [corp.corp_pk, member_pk, corp.company_id, kind, account_id, said_by],
    ).fetchone()
    assert row is not None  # noqa: S101 - INSERT without conflict always returns.
    claim_id = int(row[0])
    post_internal(
        connection,
        mailbox=corp.mailbox,
        kind=_MAIL[kind],
        key=member_key(userid),
        hint={"claim_id": claim_id},
    )
    return claim_id


def list_claims(
    connection: Connection, corp_pk: CorpPk, member_pks: Collection[MemberPk]
) -> dict[MemberPk, list[LinkClaim]]:
    """What was said about each of these members, in the order in which it was."""
    rows = connection.execute(
        "SELECT member_pk, kind, account_id FROM link_claims"
        " WHERE corp_pk = %s AND member_pk = ANY(%s) ORDER BY claim_id",
        [corp_pk, list(member_pks)],
    ).fetchall()
    claims: dict[MemberPk, list[LinkClaim]] = {}
    for member_pk, kind, account_id in rows:
        claim = LinkClaim(kind=ClaimKind(kind), account_id=account_id)
        claims.setdefault(MemberPk(member_pk), []).append(claim)
    return claims


def list_open(connection: Connection, corp_pk: CorpPk, *, limit: int) -> list[MemberPk]:
    """Members about whom something was said that nobody has decided about."""
    rows = connection.execute(
        "SELECT DISTINCT member_pk FROM link_claims"
        " WHERE corp_pk = %s AND taken_at IS NULL ORDER BY member_pk LIMIT %s",
        [corp_pk, limit],
    ).fetchall()
    return [MemberPk(row[0]) for row in rows]


def note_taken(
    connection: Connection, corp_pk: CorpPk, member_pks: Collection[MemberPk]
) -> None:
    """Whatever was said about these members has been decided about."""
    connection.execute(
        "UPDATE link_claims SET taken_at = clock_timestamp()"
        " WHERE corp_pk = %s AND member_pk = ANY(%s) AND taken_at IS NULL",
        [corp_pk, list(member_pks)],
    )


def tell_accounts_changed(connection: Connection, company_id: CompanyId) -> str | None:
    """Have the company's members examined again; the mailbox to ring, if it has a corp.

    Repeats: each call is a piece of mail; a drain takes them all at once.
    """
    row = connection.execute(
        "SELECT 'corp:' || corp_id FROM corps"
        " WHERE company_id = %s AND state IN ('linked', 'paused')",
        [company_id],
    ).fetchone()
    if row is None:
        return None
    mailbox = str(row[0])
    post_internal(
        connection, mailbox=mailbox, kind=ACCOUNTS_CHANGED, key=CORP_KEY, hint={}
    )
    return mailbox


def _userid(connection: Connection, corp: Corp, member_pk: MemberPk) -> Userid:
    row = connection.execute(
        "SELECT userid FROM members WHERE corp_pk = %s AND member_pk = %s",
        [corp.corp_pk, member_pk],
    ).fetchone()
    if row is None:
        raise LookupError(f"corp {corp.corp_pk} has no member {member_pk}")
    return Userid(row[0])
