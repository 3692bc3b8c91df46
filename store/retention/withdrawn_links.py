"""Links of a corp that withdrew: ended with it, and found again when it comes back."""

from collections.abc import Callable, Mapping, Sequence

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


# Of userids that came back, and of the persons who bear them now: whoever is known to
# have been another person only bore the same userid.
_SAME = """
    unnest(%(names)s::text[], %(persons)s::text[]) AS given (former, person)
    JOIN members ON members.userid = former
        AND coalesce(members.open_userid = person, true)
"""


def list_former(
    connection: Connection,
    company_id: CompanyId,
    pseudonyms: Mapping[str, str | None],
) -> dict[str, AccountId]:
    """What people of these pseudonyms were linked to when their corp withdrew.

    Shape: `pseudonyms` of userids, each with that of the open_userid; of several
        withdrawals the last; only accounts that are known still.
    """
    rows = connection.execute(
        f"""
        SELECT DISTINCT ON (members.userid) members.userid, former_account_id
        FROM {_SAME} JOIN links USING (corp_pk, member_pk)
        JOIN accounts ON accounts.account_id = former_account_id
        WHERE company_id = %(company_id)s AND former_account_id IS NOT NULL
            AND links.holds
        ORDER BY members.userid, links.changed_at DESC
        """,  # noqa: S608 - the inserted text is a constant of this module
        _about(company_id, pseudonyms),
    ).fetchall()
    return {userid: AccountId(account_id) for userid, account_id in rows}


def list_left(
    connection: Connection,
    company_id: CompanyId,
    pseudonyms: Mapping[str, str | None],
) -> dict[str, frozenset[AccountId]]:
    """The accounts that people of these pseudonyms have ever left."""
    rows = connection.execute(
        f"""
        SELECT userid, array_agg(account_id)
        FROM {_SAME} JOIN link_claims USING (corp_pk, member_pk)
        WHERE company_id = %(company_id)s AND kind = 'unlinked'
        GROUP BY userid
        """,  # noqa: S608 - the inserted text is a constant of this module
        _about(company_id, pseudonyms),
    ).fetchall()
    return {userid: frozenset(map(AccountId, left)) for userid, left in rows}


def _about(
    company_id: CompanyId, pseudonyms: Mapping[str, str | None]
) -> dict[str, object]:
    return {
        "company_id": company_id,
        "names": list(pseudonyms),
        "persons": list(pseudonyms.values()),
    }
