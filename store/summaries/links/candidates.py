"""Accounts that a member may be, as the match desk lays them side by side."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from psycopg.rows import dict_row

from domain.links.accounts import fold_email
from store.database import Connection
from store.summaries.links.people import mobile_in
from store.summaries.org.journal import mask_email, mask_mobile


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskCandidate:
    """An account with whoever is linked to it; mobile and e-mail are masked.

    Shape: `membership` is working, left or ended; `holder_userid` the active member of
        the company linked to it.
    """

    account_id: str
    nick: str | None
    name: str | None
    mobile: str | None
    email: str | None
    membership: str
    holder_pk: int | None
    holder_userid: str | None
    holder_name: str | None


_SELECT = """
    SELECT a.account_id, a.nick, a.name, a.mobile, a.email,
        CASE WHEN s.left_at IS NOT NULL THEN 'ended' ELSE s.employment END
            AS membership,
        h.member_pk AS holder_pk, h.userid AS holder_userid, h.name AS holder_name
    FROM accounts AS a
    JOIN memberships AS s
        ON s.account_id = a.account_id AND s.company_id = %(company_id)s
    LEFT JOIN links AS l ON l.account_id = a.account_id
        AND l.company_id = %(company_id)s AND l.state = 'linked' AND l.holds
    LEFT JOIN members AS h ON h.corp_pk = l.corp_pk AND h.member_pk = l.member_pk
"""


def list_candidates(
    connection: Connection, company_id: str, account_ids: Collection[str]
) -> Sequence[DeskCandidate]:
    """These accounts as far as they are the company's, ascending by id.

    Shape: a foreign one may be a stranger's, so it is not even named.
    """
    return _list(
        connection,
        "a.account_id = ANY(%(ids)s)",
        {"company_id": company_id, "ids": list(account_ids), "limit": None},
    )


def search_accounts(
    connection: Connection, company_id: str, text: str, *, limit: int
) -> Sequence[DeskCandidate]:
    """Accounts of the company that a text names whole: id, nick, e-mail or mobile."""
    return _list(
        connection,
        "(a.account_id = %(text)s OR a.nick = %(text)s"
        " OR a.email_folded = %(email)s OR a.mobile_e164 = %(mobile)s)",
        {
            "company_id": company_id,
            "text": text,
            "email": fold_email(text),
            "mobile": mobile_in(text),
            "limit": limit,
        },
    )


def _list(
    connection: Connection, condition: str, values: dict[str, object]
) -> Sequence[DeskCandidate]:
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            f"{_SELECT} WHERE {condition} ORDER BY a.account_id LIMIT %(limit)s",
            values,
        )
        return [
            DeskCandidate(
                **{
                    **row,
                    "mobile": row["mobile"] and mask_mobile(row["mobile"]),
                    "email": row["email"] and mask_email(row["email"]),
                }
            )
            for row in cursor
        ]
