"""Whom a text may name among very many: by what indexes know, then in windows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.links.accounts import fold_email
from store.database import Connection
from store.summaries.links.people import (
    PersonSummary,
    literal,
    mobile_in,
    show_people,
)

# So many people are gone through for a page of what no index finds.
WINDOW = 4_000
# So many of those whom an index finds are told before the others.
_MOST_NAMED = 50
_LAST_SIGN = "\U0010ffff"
_LAST_KEY = 2**63 - 1

# Userids by their beginning, mobiles and addresses whole, accounts by whole nicks; each
# with what has to be known of the text.
_OF_MEMBERS = (
    ("text", "state = 'active' AND userid >= %(text)s AND userid < %(to)s"),
    ("text", "state = 'removed' AND userid >= %(text)s AND userid < %(to)s"),
    ("mobile", "state = 'active' AND match_mobile <> '' AND match_mobile = %(mobile)s"),
    ("email", "state = 'active' AND match_email <> '' AND match_email = %(email)s"),
)
_OF_ACCOUNTS = (
    ("text", "nick = %(text)s"),
    ("mobile", "mobile_e164 = %(mobile)s"),
    ("email", "email_folded = %(email)s"),
)
_RANGE = "corp_pk = %(corp_pk)s AND member_pk > %(after)s AND member_pk <= %(upto)s"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """People whom a text may name.

    Shape: `after` is the member behind whom the next page goes on; None at the end.
        `looked` says that the page ends because enough was looked at.
    """

    people: Sequence[PersonSummary]
    after: int | None
    looked: bool


def search_many(
    connection: Connection, corp_pk: int, text: str, *, after: int | None, limit: int
) -> SearchPage:
    """The next of these; `after` None begins with those whom an index finds.

    Shape: the others follow in the order in which they came.
    """
    values: dict[str, object] = {
        "corp_pk": corp_pk,
        "text": text,
        "to": text + _LAST_SIGN,
        "part": "%" + literal(text) + "%",
        "mobile": mobile_in(text),
        "email": fold_email(text) if "@" in text else None,
    }
    named = _find_named(connection, values)
    if after is None and named:
        people = show_people(connection, corp_pk, named)
        return SearchPage(people=people, after=0, looked=False)
    return _search_on(
        connection, corp_pk, {**values, "after": after or 0, "named": named}, limit
    )


def _find_named(connection: Connection, values: Mapping[str, object]) -> list[int]:
    by_member = [
        "(SELECT member_pk FROM members WHERE corp_pk = %(corp_pk)s"  # noqa: S608 - constants of this module
        f" AND {condition} LIMIT {_MOST_NAMED})"
        for known, condition in _OF_MEMBERS
        if values[known] is not None
    ]
    accounts = " UNION ALL ".join(
        f"(SELECT account_id FROM accounts WHERE {condition} LIMIT {_MOST_NAMED})"  # noqa: S608 - constants of this module
        for known, condition in _OF_ACCOUNTS
        if values[known] is not None
    )
    by_account = f"""
        (SELECT l.member_pk FROM ({accounts}) AS a
        CROSS JOIN (SELECT company_id FROM corps WHERE corp_pk = %(corp_pk)s) AS c
        JOIN links AS l ON l.company_id = c.company_id
            AND l.account_id = a.account_id AND l.state = 'linked'
        WHERE l.corp_pk = %(corp_pk)s LIMIT {_MOST_NAMED})
    """  # noqa: S608 - constants of this module
    rows = connection.execute(
        f"""
        SELECT DISTINCT member_pk FROM ({" UNION ALL ".join([*by_member, by_account])})
            AS named LIMIT {_MOST_NAMED}
        """,  # noqa: S608 - constants of this module
        values,
    ).fetchall()
    return [member_pk for (member_pk,) in rows]


def _search_on(
    connection: Connection, corp_pk: int, values: Mapping[str, object], limit: int
) -> SearchPage:
    end = _window_end(connection, values)
    # Members and links lie in the order of their keys: both are read once.
    rows = connection.execute(
        f"""
        SELECT m.member_pk FROM (
            SELECT member_pk, userid, name, match_mobile, match_email FROM members
            WHERE {_RANGE} OFFSET 0
        ) AS m
        LEFT JOIN (
            SELECT member_pk, account_id FROM links WHERE {_RANGE} OFFSET 0
        ) AS l USING (member_pk)
        LEFT JOIN LATERAL (
            SELECT nick, name, mobile_e164, email_folded FROM accounts
            WHERE accounts.account_id = l.account_id OFFSET 0
        ) AS a ON true
        WHERE (m.userid ILIKE %(part)s OR m.name ILIKE %(part)s
                OR a.nick ILIKE %(part)s OR a.name ILIKE %(part)s
                OR %(mobile)s::text IN (m.match_mobile, a.mobile_e164)
                OR %(email)s::text IN (m.match_email, a.email_folded))
            AND m.member_pk <> ALL(%(named)s)
        ORDER BY m.member_pk LIMIT {limit:d}
        """,  # noqa: S608 - constants of this module
        {**values, "upto": _LAST_KEY if end is None else end},
    ).fetchall()
    found = [member_pk for (member_pk,) in rows]
    people = show_people(connection, corp_pk, found)
    if len(found) == limit:
        return SearchPage(people=people, after=found[-1], looked=False)
    return SearchPage(people=people, after=end, looked=end is not None)


def _window_end(connection: Connection, values: Mapping[str, object]) -> int | None:
    """The last one that is looked at for a page; None when it comes to the end."""
    row = connection.execute(
        f"""
        SELECT member_pk FROM members
        WHERE corp_pk = %(corp_pk)s AND member_pk > %(after)s
        ORDER BY member_pk OFFSET {WINDOW - 1:d} LIMIT 1
        """,  # noqa: S608 - constants of this module
        values,
    ).fetchone()
    return int(row[0]) if row else None
