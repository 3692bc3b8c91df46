"""Memberships: which account is in which company, as WeCom has its member be."""

import secrets
from collections.abc import Collection, Mapping

from domain.ids import AccountId, CompanyId, CorpPk, MemberPk
from domain.org.org import Employment
from store.database import Connection
from store.rows import are_many, copy_rows

_ID_BYTES = 8
# How the ids of accounts begin that were made here for a member.
MADE_HERE = "wecom-"
# Where a membership is from that follows a member.
MADE_FROM = "wecom"
_WRITTEN = "company_id, account_id, employment, origin"


def new_account_id() -> AccountId:
    """An id for an account of our own making."""
    return AccountId(f"{MADE_HERE}{secrets.token_hex(_ID_BYTES)}")


def make_accounts(
    connection: Connection,
    corp_pk: CorpPk,
    company_id: CompanyId,
    made: Mapping[MemberPk, AccountId],
) -> None:
    """Make an account for each of these members, with what WeCom shows of them.

    Shape: the nick is the name, if nobody of the company has it, else one of its own;
        they join the company by `join_made`.
    """
    connection.execute(
        """
        INSERT INTO accounts (account_id, nick, name, mobile, mobile_e164, email,
            email_folded)
        SELECT account_id, CASE
                WHEN name IS NULL THEN account_id
                WHEN 1 < row_number() OVER (PARTITION BY name ORDER BY member_pk)
                    OR EXISTS (
                        SELECT FROM accounts AS known JOIN memberships
                            ON memberships.account_id = known.account_id
                        WHERE known.nick = members.name AND company_id = %(company_id)s)
                THEN name || '-' || right(account_id, 6)
                ELSE name END,
            name, CASE WHEN match_mobile <> '' THEN details ->> 'mobile' END,
            nullif(match_mobile, ''), CASE WHEN match_email <> '' THEN
                coalesce(nullif(details ->> 'email', ''), details ->> 'biz_mail') END,
            nullif(match_email, '')
        FROM unnest(%(ids)s::text[], %(pks)s::bigint[]) AS given (account_id, pk)
        -- One look into the index for each: else the planner reads all members.
        CROSS JOIN LATERAL (
            SELECT member_pk, name, details, match_mobile, match_email FROM members
            WHERE corp_pk = %(corp_pk)s AND member_pk = pk LIMIT 1
        ) AS members
        ORDER BY account_id
        """,
        {
            "corp_pk": corp_pk,
            "company_id": company_id,
            "ids": list(made.values()),
            "pks": list(made),
        },
    )


def join_made(
    connection: Connection,
    company_id: CompanyId,
    made: Mapping[AccountId, Employment],
) -> None:
    """Have new accounts be in the company as their members are.

    Nobody else knows these accounts: nothing to look for, nothing to replace.
    """
    if are_many(made):
        rows = ((company_id, each, made[each], MADE_FROM) for each in sorted(made))
        copy_rows(connection, "memberships", _WRITTEN, rows)
        return
    connection.execute(
        f"""
        INSERT INTO memberships ({_WRITTEN})
        SELECT %(company_id)s, given.*, %(origin)s
        FROM unnest(%(ids)s::text[], %(employments)s::text[]) AS given
        """,  # noqa: S608 - a constant of this module
        {
            "company_id": company_id,
            "ids": list(made),
            "employments": list(made.values()),
            "origin": MADE_FROM,
        },
    )


def join(
    connection: Connection, corp_pk: CorpPk, member_pks: Collection[MemberPk]
) -> None:
    """Have the accounts of these linked members be in the company as their members are.

    Repeats: what is so already is not written.
    """
    if not member_pks:
        return
    connection.execute(
        """
        INSERT INTO memberships (company_id, account_id, employment, origin)
        SELECT company_id, account_id, employment, 'wecom'
        FROM unnest(%(pks)s::bigint[]) AS given (pk)
        CROSS JOIN LATERAL (
            SELECT company_id, account_id FROM links
            WHERE corp_pk = %(corp_pk)s AND member_pk = pk AND state = 'linked'
                AND holds LIMIT 1
        ) AS links
        CROSS JOIN LATERAL (
            SELECT employment FROM members
            WHERE corp_pk = %(corp_pk)s AND member_pk = pk LIMIT 1
        ) AS members
        ORDER BY account_id
        ON CONFLICT (company_id, account_id) DO UPDATE
        SET employment = excluded.employment, left_at = NULL
        WHERE memberships.employment <> excluded.employment
            OR memberships.left_at IS NOT NULL
        """,
        {"corp_pk": corp_pk, "pks": list(member_pks)},
    )


def follow(
    connection: Connection, corp_pk: CorpPk, userids: Collection[str] | None
) -> list[AccountId]:
    """Have links and memberships follow what these members are now; None: everybody.

    A removed member's link blocks nobody any more and their membership ends; who is
    back has theirs again, unless somebody else has the account meanwhile. Returns the
    accounts that came free.

    Repeats: what is so already is not written.
    """
    who, about = "", {"corp_pk": corp_pk, "userids": list(userids or ())}
    if userids is not None:
        # Not by OR: for a page of people the index of userids has to be used.
        who = "AND userid = ANY(%(userids)s)"
    freed = connection.execute(_RELEASE.format(who=who), about).fetchall()
    connection.execute(_TAKE_BACK.format(who=who), about)
    connection.execute(_ALIGN.format(who=who), about)
    return sorted(AccountId(row[0]) for row in freed)


_RELEASE = """
    WITH released AS (
        UPDATE links SET holds = false FROM members
        WHERE links.corp_pk = %(corp_pk)s AND holds
            AND members.corp_pk = links.corp_pk
            AND members.member_pk = links.member_pk AND members.state = 'removed'
            {who}
        RETURNING company_id, account_id
    ), ended AS (
        UPDATE memberships SET left_at = clock_timestamp() FROM released
        WHERE memberships.company_id = released.company_id
            AND memberships.account_id = released.account_id AND left_at IS NULL
    )
    SELECT account_id FROM released WHERE account_id IS NOT NULL
"""
# Of several who come back to one account the last to have had it: the others are told
# apart from it when they are examined.
_TAKE_BACK = """
    WITH back AS (
        SELECT links.member_pk, links.account_id, row_number() OVER (
            PARTITION BY coalesce(account_id, links.member_pk::text)
            ORDER BY changed_at DESC, links.member_pk) AS place
        FROM links JOIN members USING (corp_pk, member_pk)
        WHERE links.corp_pk = %(corp_pk)s AND NOT holds AND members.state = 'active'
            {who}
    )
    UPDATE links SET holds = true, stale = links.state <> 'linked' FROM back
    WHERE links.corp_pk = %(corp_pk)s AND links.member_pk = back.member_pk
        AND place = 1 AND NOT EXISTS (
            SELECT FROM links AS other WHERE other.company_id = links.company_id
                AND other.account_id = links.account_id
                AND other.state = 'linked' AND other.holds)
"""
_ALIGN = """
    UPDATE memberships SET employment = members.employment, left_at = NULL
    FROM links JOIN members USING (corp_pk, member_pk)
    WHERE links.corp_pk = %(corp_pk)s AND links.state = 'linked' AND holds
        AND members.state = 'active'
        {who}
        AND memberships.company_id = links.company_id
        AND memberships.account_id = links.account_id
        AND (memberships.employment <> members.employment OR left_at IS NOT NULL)
"""
