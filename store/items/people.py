"""Who the nicks of an item are: account, link, member, and how these stand."""

from collections.abc import Collection, Sequence
from typing import Any

from psycopg.rows import dict_row

from domain.ids import AccountId, CompanyId, CorpPk, MemberPk
from domain.items.people import ItemPerson, ItemPreferences, Unsent
from store.database import Connection
from store.items.preferences import preferences_of
from store.notices.recipients import IS_HELD

# The present holder of a nick counts before one who gave it up.
_HOLDERS = """
    SELECT wanted.nick, accounts.account_id, false AS former
    FROM wanted JOIN accounts ON accounts.nick = wanted.nick
    UNION ALL
    SELECT wanted.nick, former_nicks.account_id, true
    FROM wanted JOIN former_nicks USING (nick)
"""


def list_odd_nicks(connection: Connection, company_id: CompanyId) -> frozenset[str]:
    """Nicks of the company that hold the sign by which TAPD parts nicks."""
    rows = connection.execute(
        """
        SELECT nick FROM accounts JOIN memberships USING (account_id)
        WHERE nick LIKE '%%;%%' AND company_id = %s
        """,
        [company_id],
    ).fetchall()
    return frozenset(nick for (nick,) in rows)


def list_known(
    connection: Connection, company_id: CompanyId, nicks: Collection[str]
) -> frozenset[str]:
    """Which of these are nicks of the company's people now."""
    rows = connection.execute(
        """
        SELECT DISTINCT nick FROM accounts JOIN memberships USING (account_id)
        WHERE nick = ANY(%s) AND company_id = %s
        """,
        [list(nicks), company_id],
    ).fetchall()
    return frozenset(nick for (nick,) in rows)


def find_people(
    connection: Connection,
    company_id: CompanyId,
    nicks: Collection[str],
    *,
    default: ItemPreferences,
) -> dict[str, ItemPerson]:
    """Who each of these nicks is; everybody is in it, whoever is unknown too."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            f"""
            WITH wanted AS (SELECT DISTINCT unnest(%(nicks)s::text[]) AS nick),
            holders AS ({_HOLDERS})
            SELECT holders.nick, holders.account_id, holders.former,
                memberships.employment AS works, memberships.left_at,
                m.corp_pk, m.member_pk, m.state, m.removal, m.employment,
                {IS_HELD} AS held, wishes.member_pk IS NOT NULL AS chose,
                wishes.item_notices, wishes.kinds, wishes.roles, wishes.muted_items
            FROM holders
            JOIN memberships ON memberships.account_id = holders.account_id
                AND memberships.company_id = %(company_id)s
            LEFT JOIN links ON links.company_id = %(company_id)s
                AND links.account_id = holders.account_id AND links.state = 'linked'
            LEFT JOIN members AS m ON m.corp_pk = links.corp_pk
                AND m.member_pk = links.member_pk
            LEFT JOIN item_preferences AS wishes ON wishes.corp_pk = m.corp_pk
                AND wishes.member_pk = m.member_pk
            ORDER BY holders.nick, coalesce(links.holds, false) DESC,
                holders.former, m.member_pk DESC
            """,  # noqa: S608 - constants of this package
            {"nicks": list(nicks), "company_id": company_id},
        )
        rows = cursor.fetchall()
    by_nick: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_nick.setdefault(row["nick"], []).append(row)
    return {nick: _person(nick, by_nick.get(nick, []), default) for nick in nicks}


def _person(
    nick: str, rows: Sequence[dict[str, Any]], default: ItemPreferences
) -> ItemPerson:
    row = _holder(rows)
    if row is None:
        return ItemPerson(
            nick=nick,
            account_id=None,
            corp_pk=None,
            member_pk=None,
            unsent=Unsent.UNKNOWN_NICK,
            wants=default,
        )
    is_member = row["member_pk"] is not None
    return ItemPerson(
        nick=nick,
        account_id=AccountId(row["account_id"]),
        corp_pk=CorpPk(row["corp_pk"]) if is_member else None,
        member_pk=MemberPk(row["member_pk"]) if is_member else None,
        unsent=_obstacle(row),
        wants=preferences_of(row) if row["chose"] else default,
    )


def _holder(rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The one whom the nick means: whoever has it now, before whoever had it.

    Two who could be meant alike are nobody: a card must not go to the wrong person.
    """
    for former in (False, True):
        having = [row for row in rows if row["former"] is former]
        working = [row for row in having if _works(row)] or having
        if len({row["account_id"] for row in working}) == 1:
            return working[0]
        if working:
            return None
    return None


def _works(row: dict[str, Any]) -> bool:
    return row["left_at"] is None and row["works"] == "working"


def _obstacle(row: dict[str, Any]) -> Unsent | None:
    """Why nobody can be sent anything; a removed member explains it best."""
    if row["state"] == "removed":
        return Unsent.OUT_OF_SCOPE if row["removal"] == "scope" else Unsent.LEFT
    if row["state"] is None:
        return Unsent.NOT_LINKED if _works(row) else Unsent.LEFT
    if row["employment"] == "left":
        return Unsent.LEFT
    return Unsent.HELD if row["held"] else None
