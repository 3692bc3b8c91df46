"""A company's people as its admin sees them: who is linked, who waits, and for what."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg.rows import class_row

from domain.links.accounts import BadValue, fold_email
from store.database import Connection
from store.mobiles import to_e164
from store.notices.recipients import IS_HELD
from store.summaries.org.corp_facts import is_large


class PeopleGroup(StrEnum):
    """The groups that a company's people are shown in; everybody is in one."""

    CONFLICT = "conflict"
    PENDING = "pending"
    NONE = "none"
    UNLINKED = "unlinked"
    LINKED = "linked"
    LEFT = "left"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSummary:
    """A member with their link, its account and their newest notice.

    Shape: `group` as in Group; `notice_closed` says why a notice opens nothing more.
    """

    member_pk: int
    userid: str
    open_userid: str | None
    name: str | None
    activation: str | None
    employment: str
    state: str
    removal: str | None
    group: str
    held: bool
    link_state: str
    reason: str | None
    asks: str | None
    evidence: list[dict[str, Any]]
    changed_at: datetime | None
    account_id: str | None
    nick: str | None
    account_name: str | None
    notice_kind: str | None
    notice_state: str | None
    notice_reason: str | None
    notice_at: datetime | None
    notice_closed: str | None
    departments: list[str]


_GROUP = """
    CASE WHEN m.state = 'removed' THEN 'removed'
        WHEN m.employment = 'left' THEN 'left'
        ELSE coalesce(l.state, 'none') END
"""
# The same, group by group, in the words that indexes know.
_WORKING = "m.state = 'active' AND m.employment <> 'left'"
_CONDITIONS = {
    PeopleGroup.REMOVED: "m.state = 'removed'",
    PeopleGroup.LEFT: "m.state = 'active' AND m.employment = 'left'",
    PeopleGroup.NONE: f"{_WORKING} AND coalesce(l.state, 'none') = 'none'",
    PeopleGroup.LINKED: f"{_WORKING} AND l.state = 'linked'",
    PeopleGroup.PENDING: f"{_WORKING} AND l.state = 'pending'",
    PeopleGroup.CONFLICT: f"{_WORKING} AND l.state = 'conflict'",
    PeopleGroup.UNLINKED: f"{_WORKING} AND l.state = 'unlinked'",
}
_SELECT = f"""
    SELECT m.member_pk, m.userid, m.open_userid, m.name, m.activation,
        m.employment, m.state, m.removal, {_GROUP} AS "group",
        m.state = 'active' AND {IS_HELD} AS held,
        coalesce(l.state, 'none') AS link_state, l.reason, l.asks,
        coalesce(l.evidence, '[]') AS evidence, l.changed_at,
        l.account_id, a.nick, a.name AS account_name,
        n.kind AS notice_kind, n.state AS notice_state, n.reason AS notice_reason,
        coalesce(n.sent_at, n.queued_at) AS notice_at, n.closed AS notice_closed,
        ARRAY(
            -- From the person's few, or each time all of the corp would be read.
            SELECT coalesce(d.name, d.department_id::text)
            FROM unnest(m.department_ids) AS place (id)
            CROSS JOIN LATERAL (
                SELECT department_id, name FROM departments
                WHERE departments.corp_pk = m.corp_pk
                    AND departments.department_id = place.id OFFSET 0
            ) AS d ORDER BY d.department_id
        ) AS departments
    FROM members AS m
    LEFT JOIN links AS l USING (corp_pk, member_pk)
    LEFT JOIN accounts AS a ON a.account_id = l.account_id
    LEFT JOIN LATERAL (
        SELECT kind, state, reason, sent_at, queued_at, closed FROM notices
        WHERE notices.corp_pk = m.corp_pk AND notices.member_pk = m.member_pk
            AND kind IN ('link', 'invite')
        ORDER BY notice_id DESC LIMIT 1
    ) AS n ON true
"""  # noqa: S608 - a constant of this module


def find_counts(connection: Connection, corp_pk: int) -> Mapping[PeopleGroup, int]:
    """How many are in each group: counted now, or among many by the clock."""
    if is_large(connection, corp_pk):
        row = connection.execute(
            "SELECT counts -> 'groups' FROM censuses WHERE corp_pk = %s", [corp_pk]
        ).fetchone()
        if row is not None and row[0] is not None:
            return {group: int(row[0].get(group, 0)) for group in PeopleGroup}
    return count_groups(connection, corp_pk)


def count_groups(connection: Connection, corp_pk: int) -> Mapping[PeopleGroup, int]:
    """How many people are in each group: a read of all of them."""
    rows = connection.execute(
        f"""
        SELECT {_GROUP}, count(*) FROM members AS m
        LEFT JOIN links AS l USING (corp_pk, member_pk)
        WHERE m.corp_pk = %s GROUP BY 1
        """,  # noqa: S608 - a constant of this module
        [corp_pk],
    ).fetchall()
    found = {PeopleGroup(group): int(count) for group, count in rows}
    return {group: found.get(group, 0) for group in PeopleGroup}


def list_group(
    connection: Connection,
    corp_pk: int,
    group: PeopleGroup,
    *,
    after: tuple[str, int],
    limit: int,
) -> Sequence[PersonSummary]:
    """People of a group behind `after` (userid, member_pk), ascending by bytes."""
    return _list(
        connection,
        f"{_CONDITIONS[group]} AND (m.userid, m.member_pk) > (%(userid)s, %(pk)s)",
        {
            "corp_pk": corp_pk,
            "userid": after[0],
            "pk": after[1],
            "limit": limit,
        },
    )


def search(
    connection: Connection,
    corp_pk: int,
    text: str,
    *,
    after: tuple[str, int],
    limit: int,
) -> Sequence[PersonSummary]:
    """People of any group whom a text may name.

    Shape: part of a userid, of a name as far as it is known, or of the account's nick
        or name; a whole mobile or e-mail of the member or the account.
    """
    part = "%" + literal(text) + "%"
    return _list(
        connection,
        """
        (m.userid ILIKE %(part)s OR m.name ILIKE %(part)s
            OR a.nick ILIKE %(part)s OR a.name ILIKE %(part)s
            OR %(mobile)s::text IN (m.match_mobile, a.mobile_e164)
            OR %(email)s::text IN (m.match_email, a.email_folded))
        AND (m.userid, m.member_pk) > (%(userid)s, %(pk)s)
        """,
        {
            "corp_pk": corp_pk,
            "part": part,
            "mobile": mobile_in(text),
            "email": fold_email(text) if "@" in text else None,
            "userid": after[0],
            "pk": after[1],
            "limit": limit,
        },
    )


def show_people(
    connection: Connection, corp_pk: int, member_pks: Sequence[int]
) -> Sequence[PersonSummary]:
    """These members, in whatever group, ascending by the bytes of their userids."""
    return _list(
        connection,
        # Not by the list's own order, in which they may stand far apart.
        "m.member_pk IN (SELECT unnest(%(pks)s::bigint[]) OFFSET 0)",
        {"corp_pk": corp_pk, "pks": list(member_pks), "limit": len(member_pks)},
    )


def find_person(
    connection: Connection, corp_pk: int, member_pk: int
) -> PersonSummary | None:
    """The member of this key, in whatever group."""
    found = _list(
        connection,
        "m.member_pk = %(member_pk)s",
        {"corp_pk": corp_pk, "member_pk": member_pk, "limit": 1},
    )
    return found[0] if found else None


def list_userids(
    connection: Connection, corp_pk: int, member_pks: Collection[int]
) -> Mapping[int, tuple[str, str | None]]:
    """Userid and visible name of these members, removed ones too."""
    rows = connection.execute(
        "SELECT member_pk, userid, name FROM members"
        " WHERE corp_pk = %s AND member_pk = ANY(%s)",
        [corp_pk, list(member_pks)],
    ).fetchall()
    return {member_pk: (userid, name) for member_pk, userid, name in rows}


def mobile_in(text: str) -> str | None:
    """The mobile that a text is, if it is one."""
    try:
        return to_e164(text)
    except BadValue:
        return None


def _list(
    connection: Connection, condition: str, values: Mapping[str, object]
) -> Sequence[PersonSummary]:
    with connection.cursor(row_factory=class_row(PersonSummary)) as cursor:
        # First who is on the page, then what there is to say of them.
        cursor.execute(
            f"""
            WITH shown AS MATERIALIZED (
                SELECT m.corp_pk, m.member_pk FROM members AS m
                LEFT JOIN links AS l USING (corp_pk, member_pk)
                LEFT JOIN accounts AS a ON a.account_id = l.account_id
                WHERE m.corp_pk = %(corp_pk)s AND {condition}
                ORDER BY m.userid, m.member_pk LIMIT %(limit)s
            )
            {_SELECT} JOIN shown USING (corp_pk, member_pk)
            ORDER BY m.userid, m.member_pk
            """,  # noqa: S608 - constants of this module
            values,
        )
        return cursor.fetchall()


def literal(text: str) -> str:
    """A text in which LIKE finds no sign of its own."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
