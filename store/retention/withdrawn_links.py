"""Links of a corp that withdrew: ended with it, and found again when it comes back."""

from collections.abc import Callable, Collection, Sequence

from domain.ids import AccountId, CompanyId, CorpPk
from store.database import Connection


def end(connection: Connection, corp_pk: CorpPk, people: Sequence[int]) -> None:
    """End these members' links; accounts and memberships are TAPD's and stay.

    What a person was linked to is kept for the day the corp comes back. Their names
    must be replaced already.
    """
    _journal(connection, corp_pk, people)
    connection.execute(
        """
        UPDATE links SET former_account_id = account_id, account_id = NULL,
            asks = NULL, evidence = '[]', stale = false, state = 'unlinked',
            reason = 'corp_withdrew', changed_at = clock_timestamp()
        WHERE corp_pk = %s AND member_pk = ANY(%s)
        """,
        [corp_pk, list(people)],
    )


def _journal(connection: Connection, corp_pk: CorpPk, people: Sequence[int]) -> None:
    connection.execute(
        """
        INSERT INTO journal (corp_pk, cause, decision, key, reason, before, after)
        SELECT links.corp_pk, 'mail', 'Unlink', 'member:' || userid, 'corp_withdrew',
            jsonb_build_object('link', jsonb_build_object('state', links.state,
                'reason', reason, 'account_id', account_id, 'asks', asks,
                'evidence', evidence)),
            jsonb_build_object('link', jsonb_build_object('state', 'unlinked',
                'reason', 'corp_withdrew', 'account_id', NULL, 'asks', NULL,
                'evidence', '[]'::jsonb))
        FROM links JOIN members USING (corp_pk, member_pk)
        WHERE links.corp_pk = %s AND links.member_pk = ANY(%s)
            AND members.state = 'active'
        """,
        [corp_pk, list(people)],
    )


def rename_witnesses(
    connection: Connection,
    corp_pk: CorpPk,
    people: Sequence[int],
    name_of: Callable[[str], str],
) -> None:
    """Replace the admins' names in what was said about these members' links."""
    rows = connection.execute(
        "SELECT DISTINCT said_by FROM link_claims WHERE corp_pk = %s"
        " AND member_pk = ANY(%s) AND said_by LIKE 'admin:%%'",
        [corp_pk, list(people)],
    ).fetchall()
    said_by = [each for (each,) in rows]
    connection.execute(
        """
        UPDATE link_claims SET said_by = given.new
        FROM unnest(%s::text[], %s::text[]) AS given (old, new)
        WHERE corp_pk = %s AND member_pk = ANY(%s) AND said_by = given.old
        """,
        [
            said_by,
            [f"admin:{name_of(each.removeprefix('admin:'))}" for each in said_by],
            corp_pk,
            list(people),
        ],
    )


def list_former(
    connection: Connection, company_id: CompanyId, pseudonyms: Collection[str]
) -> dict[str, AccountId]:
    """What people of these pseudonyms were linked to when their corp withdrew.

    Shape: by pseudonym, of several withdrawals the last; only accounts that are known
        still.
    """
    rows = connection.execute(
        """
        SELECT DISTINCT ON (members.userid) members.userid, former_account_id
        FROM links JOIN members USING (corp_pk, member_pk)
        JOIN accounts ON accounts.account_id = former_account_id
        WHERE company_id = %s AND former_account_id IS NOT NULL AND links.holds
            AND members.userid = ANY(%s)
        ORDER BY members.userid, links.changed_at DESC
        """,
        [company_id, list(pseudonyms)],
    ).fetchall()
    return {userid: AccountId(account_id) for userid, account_id in rows}


def list_left(
    connection: Connection, company_id: CompanyId, pseudonyms: Collection[str]
) -> dict[str, frozenset[AccountId]]:
    """The accounts that people of these pseudonyms have ever left."""
    rows = connection.execute(
        """
        SELECT userid, array_agg(account_id) FROM link_claims
        JOIN members USING (corp_pk, member_pk)
        WHERE company_id = %s AND kind = 'unlinked' AND userid = ANY(%s)
        GROUP BY userid
        """,
        [company_id, list(pseudonyms)],
    ).fetchall()
    return {userid: frozenset(map(AccountId, left)) for userid, left in rows}
