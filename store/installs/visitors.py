"""Who comes to a page: the member that WeCom named, and how they stand here now."""

from dataclasses import dataclass

from psycopg.rows import class_row

from domain.ids import CompanyId, CorpId, CorpPk, MemberPk, OpenUserid, Userid
from domain.org.identity import are_two
from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A member with their corp, however they stand."""

    corp_pk: CorpPk
    corp_id: CorpId
    corp_name: str | None
    corp_state: str
    company_id: CompanyId | None
    company_name: str | None
    member_pk: MemberPk
    userid: Userid
    name: str | None
    state: str
    removal: str | None
    employment: str
    open_userid: str | None


_SELECT = """
    SELECT c.corp_pk, c.corp_id, c.name AS corp_name, c.state AS corp_state,
        c.company_id, companies.name AS company_name,
        m.member_pk, m.userid, m.name, m.state, m.removal, m.employment,
        m.open_userid
    FROM corps AS c
    JOIN members AS m ON m.corp_pk = c.corp_pk
    LEFT JOIN companies ON companies.company_id = c.company_id
"""


def find_visitor(
    connection: Connection, corp_pk: CorpPk, member_pk: MemberPk
) -> Visitor | None:
    """The member of these keys."""
    return _find(connection, "m.member_pk = %(name)s", corp_pk, member_pk)


def find_named(
    connection: Connection,
    corp_pk: CorpPk,
    *,
    userid: str | None,
    open_userid: str | None,
) -> Visitor | None:
    """The member whom WeCom names so; an active one before the newest removed one.

    Shape: in corps of the older kind a sign-in may tell the userid in another form
        than the reads do; open_userid is the same everywhere. Who is known by another
        one bore the userid before.
    """
    found = _find(connection, "m.userid = %(name)s", corp_pk, userid)
    if found is not None and are_two(_person(found.open_userid), _person(open_userid)):
        found = None
    if found is not None and found.state == "active":
        return found
    return _find(connection, "m.open_userid = %(name)s", corp_pk, open_userid) or found


def _person(open_userid: str | None) -> OpenUserid | None:
    return None if open_userid is None else OpenUserid(open_userid)


def _find(
    connection: Connection, condition: str, corp_pk: CorpPk, name: str | int | None
) -> Visitor | None:
    if name is None:
        return None
    with connection.cursor(row_factory=class_row(Visitor)) as cursor:
        cursor.execute(
            f"""
            {_SELECT}
            WHERE c.corp_pk = %(corp_pk)s AND {condition}
            ORDER BY m.state = 'active' DESC, m.member_pk DESC LIMIT 1
            """,
            {"corp_pk": corp_pk, "name": name},
        )
        return cursor.fetchone()
