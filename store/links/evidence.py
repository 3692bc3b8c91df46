"""What speaks for and against a link: accounts, claims, answers and rivals."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from domain.ids import AccountId, CompanyId, CorpPk, MemberPk, Userid
from domain.links.accounts import Account
from store.database import Connection

# What WeCom answered to an account's mobile of now, to nobody's who bore the userid
# before the last deletion.
_HITS = """
    SELECT bearers.member_pk, lookups.account_id, accounts.mobile_e164
    FROM lookups JOIN accounts USING (account_id) JOIN (
        SELECT member_pk, userid FROM members
        WHERE corp_pk = %(corp_pk)s AND state = 'active'
        UNION ALL
        SELECT member_pk, aliases.userid FROM aliases
        JOIN members USING (corp_pk, member_pk)
        WHERE corp_pk = %(corp_pk)s AND state = 'active'
    ) AS bearers USING (userid)
    WHERE lookups.corp_pk = %(corp_pk)s AND answer = 'hit'
        AND asked_at >= mobile_changed_at AND mobile_e164 IS NOT NULL
        AND asked_at > coalesce((
            SELECT max(removed_at) FROM members AS gone
            WHERE gone.corp_pk = %(corp_pk)s AND gone.userid = lookups.userid
                AND gone.state = 'removed' AND gone.removal = 'deletion'
        ), '-infinity')
"""


class Hit(NamedTuple):
    """WeCom said that this member has the mobile of this account."""

    member_pk: MemberPk
    account_id: AccountId
    mobile: str


def list_accounts(
    connection: Connection,
    company_id: CompanyId,
    *,
    ids: Collection[str] = (),
    mobiles: Collection[str] = (),
    emails: Collection[str] = (),
) -> list[Account]:
    """Every account of these ids, mobiles or e-mails, of this company or foreign.

    Shape: an account whose membership ended is the company's still: TAPD may list it.
    """
    rows = connection.execute(
        """
        WITH found AS (
            SELECT account_id, mobile_e164, email_folded FROM accounts
            WHERE account_id = ANY(%(ids)s)
            UNION SELECT account_id, mobile_e164, email_folded FROM accounts
            WHERE mobile_e164 = ANY(%(mobiles)s)
            UNION SELECT account_id, mobile_e164, email_folded FROM accounts
            WHERE email_folded = ANY(%(emails)s)
        )
        SELECT found.account_id, mobile_e164, email_folded,
            memberships.account_id IS NULL
        FROM found LEFT JOIN memberships
            ON memberships.account_id = found.account_id
            AND memberships.company_id = %(company_id)s
        """,
        {
            "company_id": company_id,
            "ids": list(ids),
            "mobiles": list(mobiles),
            "emails": list(emails),
        },
    ).fetchall()
    return [
        Account(
            account_id=AccountId(account_id),
            mobile=mobile,
            email=email,
            foreign=foreign,
        )
        for account_id, mobile, email, foreign in rows
    ]


def list_holders(
    connection: Connection, company_id: CompanyId, ids: Collection[str]
) -> dict[AccountId, MemberPk]:
    """The active member of the company that each of these accounts is linked to."""
    if not ids:
        return {}
    rows = connection.execute(
        "SELECT account_id, member_pk FROM links WHERE company_id = %s"
        " AND account_id = ANY(%s) AND state = 'linked' AND holds",
        [company_id, list(ids)],
    ).fetchall()
    return {AccountId(account_id): MemberPk(pk) for account_id, pk in rows}


def list_hits(
    connection: Connection, corp_pk: CorpPk, member_pks: Collection[MemberPk]
) -> list[Hit]:
    """The mobiles for which WeCom named one of these members."""
    rows = connection.execute(
        f"{_HITS} AND bearers.member_pk = ANY(%(pks)s)",
        {"corp_pk": corp_pk, "pks": list(member_pks)},
    ).fetchall()
    return [Hit(*row) for row in rows]


def list_rivals(
    connection: Connection,
    corp_pk: CorpPk,
    *,
    mobiles: Collection[str],
    account_ids: Collection[str],
) -> set[MemberPk]:
    """Active members who are not linked and have a claim to these accounts, too: the
    same mobile is shown, WeCom named them for it, or a person chose the account."""
    rows = connection.execute(
        f"""
        WITH rivals AS (
            SELECT member_pk FROM members
            WHERE corp_pk = %(corp_pk)s AND state = 'active'
                AND match_mobile = ANY(%(mobiles)s) AND match_mobile <> ''
            UNION SELECT member_pk FROM link_claims
            WHERE corp_pk = %(corp_pk)s AND account_id = ANY(%(ids)s)
                AND kind IN ('proved', 'resolved')
            UNION SELECT member_pk FROM ({_HITS} AND lookups.account_id = ANY(%(ids)s))
                AS hits
        )
        SELECT member_pk FROM rivals WHERE NOT EXISTS (
            SELECT FROM links WHERE links.corp_pk = %(corp_pk)s
                AND links.member_pk = rivals.member_pk AND state = 'linked' AND holds)
        """,  # noqa: S608 - the inserted text is a constant of this module
        {"corp_pk": corp_pk, "mobiles": list(mobiles), "ids": list(account_ids)},
    ).fetchall()
    return {MemberPk(row[0]) for row in rows}


def list_returned(
    connection: Connection, corp_pk: CorpPk, userids: Collection[Userid]
) -> dict[Userid, AccountId]:
    """What whoever bore these userids until they were deleted was linked to.

    Shape: nothing where somebody else is known to bear it now.
    """
    rows = connection.execute(
        """
        SELECT userid, account_id FROM (
            SELECT DISTINCT ON (userid) userid, member_pk, open_userid FROM members
            WHERE corp_pk = %(corp_pk)s AND userid = ANY(%(userids)s)
                AND state = 'removed' AND removal = 'deletion'
            ORDER BY userid, member_pk DESC
        ) AS gone JOIN links ON links.corp_pk = %(corp_pk)s
            AND links.member_pk = gone.member_pk
        WHERE links.state = 'linked' AND NOT EXISTS (
            SELECT FROM members AS now
            WHERE now.corp_pk = %(corp_pk)s AND now.userid = gone.userid
                AND now.state = 'active' AND now.open_userid <> gone.open_userid)
        """,
        {"corp_pk": corp_pk, "userids": list(userids)},
    ).fetchall()
    return {Userid(userid): AccountId(account_id) for userid, account_id in rows}


def list_proven(
    connection: Connection, corp_pk: CorpPk, mobiles: Mapping[MemberPk, str | None]
) -> frozenset[MemberPk]:
    """Those deleted members who are proved to be whoever bears their userid now: the
    account they were linked to, and it alone, has the mobile that is seen, or WeCom
    named them for it since."""
    rows = connection.execute(
        """
        SELECT members.member_pk
        FROM unnest(%(pks)s::bigint[], %(mobiles)s::text[]) AS given (pk, mobile)
        JOIN members ON members.corp_pk = %(corp_pk)s AND members.member_pk = pk
        JOIN links ON links.corp_pk = members.corp_pk AND links.member_pk = pk
        JOIN accounts USING (account_id)
        WHERE members.state = 'removed' AND links.state = 'linked'
            AND (given.mobile = mobile_e164 OR EXISTS (
                SELECT FROM lookups WHERE lookups.corp_pk = members.corp_pk
                    AND lookups.account_id = accounts.account_id
                    AND lookups.userid = members.userid
                    AND asked_at > members.removed_at
                    AND asked_at >= mobile_changed_at))
            AND NOT EXISTS (SELECT FROM accounts AS other
                WHERE other.mobile_e164 = accounts.mobile_e164
                    AND other.account_id <> accounts.account_id)
            AND NOT EXISTS (SELECT FROM links AS held
                WHERE held.company_id = links.company_id
                    AND held.account_id = links.account_id
                    AND held.state = 'linked' AND held.holds)
        """,
        {
            "corp_pk": corp_pk,
            "pks": list(mobiles),
            "mobiles": list(mobiles.values()),
        },
    ).fetchall()
    return frozenset(MemberPk(row[0]) for row in rows)


def has_former(connection: Connection, company_id: CompanyId) -> bool:
    """Whether a corp of this company withdrew and left links to come back to."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM links"
        " WHERE company_id = %s AND former_account_id IS NOT NULL)",
        [company_id],
    ).fetchone()
    return bool(row and row[0])
