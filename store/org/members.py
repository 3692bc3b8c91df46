"""The members of a corp: people as last applied, and who they were before."""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg.rows import dict_row

from domain.ids import CorpPk, DepartmentId, MemberPk, OpenUserid, Userid
from domain.org.fingerprint import member_fingerprint
from domain.org.org import (
    Activation,
    Member,
    MemberState,
    Placement,
    RemovalCause,
    StoredMember,
)
from store import literals
from store.database import Connection
from store.matching import match_email, match_mobile
from store.rows import copy_rows
from store.writes import ALLOWED, Change, make

_COLUMNS = (
    "member_pk, userid, open_userid, name, activation, department_ids,"
    " department_orders, main_department, leads, direct_leaders, details, grounds,"
    " state, removal"
)
# What `bearing` selects.
_BORNE = (*_COLUMNS.split(", "), "aliases")
_WRITTEN = (
    "userid, open_userid, name, activation, department_ids, department_orders,"
    " main_department, leads, direct_leaders, details, grounds, employment,"
    " fingerprint, match_mobile, match_email"
)
# One look into an index for each userid, whatever the planner believes: by OR, or by
# ANY with the statistics of a smaller table, it reads the whole table for each page of
# a run and for each drain. What is done to `member_pk` and `state` in there keeps it
# from walking all members by their key, or all active ones, in search of one.
_BEARING = f"""
    SELECT {_COLUMNS}, ARRAY(
        SELECT aliases.userid FROM aliases
        WHERE aliases.corp_pk = {{corp}} AND aliases.member_pk = members.member_pk
    ) AS aliases
    FROM members WHERE corp_pk = {{corp}} AND member_pk = ANY(ARRAY(
        SELECT (
            SELECT member_pk FROM members
            WHERE corp_pk = {{corp}} AND userid = bearer AND state = 'active'
        ) FROM unnest(%(userids)s::text[]) AS wanted (bearer)
        UNION ALL SELECT (
            SELECT member_pk FROM members
            WHERE corp_pk = {{corp}} AND userid = bearer AND state = 'removed'
            ORDER BY member_pk + 0 DESC LIMIT 1
        ) FROM unnest(%(userids)s::text[]) AS wanted (bearer)
        UNION ALL SELECT (
            SELECT member_pk FROM members
            WHERE corp_pk = {{corp}} AND member_pk = former.member_pk
                AND state || '' = 'active'
        ) FROM aliases AS former
        WHERE corp_pk = {{corp}} AND former.userid = ANY(%(userids)s)
    ))
"""  # noqa: S608 - the inserted text is a constant of this module


def bearing(corp: str) -> str:
    """SQL: rows for `stored_from`, of those who bear or once bore one of `userids`.

    Shape: `corp` is SQL for the corp's key. Of several removed members with one userid
        only the latest.
    """
    return _BEARING.format(corp=corp)


_KNOWN = bearing("%(corp_pk)s")
_NAMES = {each: f"member_{each}" for each in _WRITTEN.split(", ")}
_SET = ", ".join(f"{each} = %({name})s" for each, name in _NAMES.items())
_CHANGE = f"""
    UPDATE members SET {_SET},
        added_at = CASE state WHEN 'active' THEN added_at ELSE clock_timestamp() END,
        state = 'active', removal = NULL, removed_at = NULL
    WHERE corp_pk = %(corp_pk)s AND member_pk = %(member_pk)s AND {ALLOWED}
"""  # noqa: S608 - constants of this module


def list_spelt_like(
    connection: Connection, corp_pk: CorpPk, userids: Iterable[Userid]
) -> frozenset[Userid]:
    """Active members whose userid differs from one of these by case alone."""
    rows = connection.execute(
        "SELECT userid FROM members WHERE corp_pk = %s AND state = 'active'"
        " AND lower(userid) = ANY(%s)",
        [corp_pk, [each.lower() for each in userids]],
    ).fetchall()
    return frozenset(Userid(userid) for (userid,) in rows)


def list_known(
    connection: Connection, corp_pk: CorpPk, userids: Iterable[str]
) -> list[StoredMember]:
    """Active and removed members that bear or once bore one of these userids.

    Shape: of several removed members with one userid only the latest.
    """
    wanted = sorted(set(userids))
    if not wanted:
        return []
    values = {"corp_pk": corp_pk, "userids": literals.texts(wanted)}
    return list(map(stored_from, connection.execute(_KNOWN, values).fetchall()))


def list_named(
    connection: Connection, corp_pk: CorpPk, open_userids: Iterable[str]
) -> dict[OpenUserid, Userid]:
    """The userids of members who bear one of these open_userids beside another userid.

    Shape: of several the active one, else whoever was removed last.
    """
    rows = connection.execute(
        """
        SELECT DISTINCT ON (open_userid) open_userid, userid FROM members
        WHERE corp_pk = %s AND open_userid = ANY(%s) AND open_userid <> userid
        ORDER BY open_userid, state, member_pk DESC
        """,
        [corp_pk, list(open_userids)],
    ).fetchall()
    return {OpenUserid(name): Userid(userid) for name, userid in rows}


def list_bearing(
    connection: Connection, corp_pk: CorpPk, open_userids: Iterable[str]
) -> list[StoredMember]:
    """Active and removed members who are one of these people, the latest first.

    Shape: without aliases.
    """
    wanted = sorted(set(open_userids))
    if not wanted:
        return []
    rows = _select(
        connection,
        "corp_pk = %(corp_pk)s AND open_userid = ANY(%(wanted)s)"
        " ORDER BY member_pk DESC",
        {"corp_pk": corp_pk, "wanted": wanted},
    )
    return [_stored(row, set()) for row in rows]


def list_led_by(
    connection: Connection, corp_pk: CorpPk, leaders: Iterable[str]
) -> list[Member]:
    """Active members who name one of these userids as their leader."""
    rows = _select(
        connection,
        "corp_pk = %(corp_pk)s AND state = 'active'"
        " AND direct_leaders && %(leaders)s::text[] ORDER BY userid",
        {"corp_pk": corp_pk, "leaders": list(leaders)},
    )
    return [_member(row) for row in rows]


def list_active(connection: Connection, corp_pk: CorpPk) -> list[StoredMember]:
    """Every active member, ascending by the bytes of the userid."""
    rows = _select(
        connection,
        "corp_pk = %(corp_pk)s AND state = 'active' ORDER BY userid",
        {"corp_pk": corp_pk},
    )
    return _with_aliases(connection, corp_pk, rows)


def list_in_departments(
    connection: Connection, corp_pk: CorpPk, ids: Iterable[int]
) -> frozenset[Userid]:
    """The userids of active members in any of these departments."""
    rows = connection.execute(
        "SELECT userid FROM members WHERE corp_pk = %s AND state = 'active'"
        " AND department_ids && %s::bigint[]",
        [corp_pk, list(ids)],
    ).fetchall()
    return frozenset(Userid(row[0]) for row in rows)


def count_active(connection: Connection, corp_pk: CorpPk) -> int:
    """How many active members the corp has."""
    row = connection.execute(
        "SELECT count(*) FROM members WHERE corp_pk = %s AND state = 'active'",
        [corp_pk],
    ).fetchone()
    return int(row[0]) if row else 0


def add(connection: Connection, corp_pk: CorpPk, members: Sequence[Member]) -> None:
    """New members; none of them may be active already."""
    if members:
        corp = str(corp_pk)
        rows = ((corp, *_values(each)) for each in members)
        copy_rows(connection, "members", f"corp_pk, {_WRITTEN}", rows)


def change(
    connection: Connection,
    corp_pk: CorpPk,
    changes: Sequence[tuple[MemberPk, Member]],
) -> None:
    """Replace what WeCom owns of these members; removed ones become active again."""
    if not changes:
        return
    each_with = [_changed(corp_pk, pk, member) for pk, member in changes]
    if len(each_with) == 1:
        # Most drains change one: without a pipeline it costs less.
        make(connection, Change(text=_CHANGE, values=each_with[0]))
        return
    with connection.cursor() as cursor:
        cursor.executemany(_CHANGE.encode(), each_with)


def _changed(corp_pk: CorpPk, member_pk: MemberPk, member: Member) -> dict[str, object]:
    written = zip(_NAMES.values(), _values(member), strict=True)
    return {**dict(written), "corp_pk": corp_pk, "member_pk": member_pk}


def refresh_fingerprints(
    connection: Connection, corp_pk: CorpPk, members: Sequence[Member]
) -> None:
    """Store the fingerprints of today's version, and what goes with them, where they
    are not; nothing else.

    Shape: whoever bears the userid of somebody who is still there leaves no mark on
        that other person.
    """
    if not members:
        return
    connection.execute(
        """
        UPDATE members SET fingerprint = given.fingerprint,
            match_mobile = given.mobile, match_email = given.email
        FROM unnest(%(userids)s::text[], %(fingerprints)s::bytea[],
            %(mobiles)s::text[], %(emails)s::text[], %(people)s::text[])
            AS given (userid, fingerprint, mobile, email, person)
        WHERE corp_pk = %(corp_pk)s AND members.userid = given.userid
            AND state = 'active' AND members.fingerprint <> given.fingerprint
            AND (members.open_userid <> given.person) IS NOT TRUE
        """,
        {
            "corp_pk": corp_pk,
            "userids": [each.userid for each in members],
            "fingerprints": [member_fingerprint(each) for each in members],
            "mobiles": [match_mobile(each) for each in members],
            "emails": [match_email(each) for each in members],
            "people": [each.open_userid for each in members],
        },
    )


def drop_absorbed(connection: Connection, corp_pk: CorpPk, absorbed: MemberPk) -> None:
    """End the record of a person who has another one, without a trace."""
    connection.execute(
        "DELETE FROM members WHERE corp_pk = %s AND member_pk = %s",
        [corp_pk, absorbed],
    )


def remove(
    connection: Connection,
    corp_pk: CorpPk,
    removals: Sequence[tuple[MemberPk, RemovalCause]],
) -> None:
    """Turn members into tombstones."""
    if not removals:
        return
    connection.execute(
        """
        UPDATE members SET state = 'removed', removal = given.cause,
            removed_at = clock_timestamp()
        FROM unnest(%(pks)s::bigint[], %(causes)s::text[]) AS given (pk, cause)
        WHERE corp_pk = %(corp_pk)s AND member_pk = given.pk AND state = 'active'
        """,
        {
            "corp_pk": corp_pk,
            "pks": [pk for pk, _ in removals],
            "causes": [str(cause) for _, cause in removals],
        },
    )


def learn_deletion(
    connection: Connection, corp_pk: CorpPk, member_pks: Sequence[MemberPk]
) -> None:
    """These tombstones are of deleted people: their userid may get a new bearer."""
    connection.execute(
        "UPDATE members SET removal = 'deletion' WHERE corp_pk = %s"
        " AND member_pk = ANY(%s) AND state = 'removed'",
        [corp_pk, list(member_pks)],
    )


def set_aside(connection: Connection, corp_pk: CorpPk, member_pk: MemberPk) -> None:
    """Free a member's userid for somebody else; theirs follows in this transaction.

    Shape: meanwhile they bear one that WeCom's alphabet has no word for.
    """
    connection.execute(
        "UPDATE members SET userid = 'renamed:' || member_pk"
        " WHERE corp_pk = %s AND member_pk = %s",
        [corp_pk, member_pk],
    )


def _select(
    connection: Connection, condition: str, values: dict[str, Any]
) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM members WHERE {condition}",  # noqa: S608 - both are constants of this module
            values,
        )
        return cursor.fetchall()


def _with_aliases(
    connection: Connection, corp_pk: CorpPk, rows: list[dict[str, Any]]
) -> list[StoredMember]:
    found = connection.execute(
        "SELECT member_pk, userid FROM aliases"
        " WHERE corp_pk = %s AND member_pk = ANY(%s)",
        [corp_pk, [row["member_pk"] for row in rows]],
    ).fetchall()
    former: dict[int, set[Userid]] = {}
    for member_pk, userid in found:
        former.setdefault(member_pk, set()).add(Userid(userid))
    return [_stored(row, former.get(row["member_pk"], set())) for row in rows]


def stored_from(row: Sequence[Any]) -> StoredMember:
    """The member of a row that `bearing` selects."""
    named = dict(zip(_BORNE, row, strict=True))
    return _stored(named, named["aliases"])


def _stored(row: dict[str, Any], former: Iterable[Userid]) -> StoredMember:
    removal = row["removal"]
    return StoredMember(
        member_pk=MemberPk(row["member_pk"]),
        member=_member(row),
        aliases=frozenset(former),
        state=MemberState(row["state"]),
        removal=RemovalCause(removal) if removal else None,
    )


def _member(row: dict[str, Any]) -> Member:
    leaders, leads = row["direct_leaders"], row["leads"]
    return Member(
        userid=row["userid"],
        open_userid=row["open_userid"],
        name=row["name"],
        activation=Activation(row["activation"]) if row["activation"] else None,
        placements=tuple(
            Placement(department_id=DepartmentId(department), order=order)
            for department, order in zip(
                row["department_ids"], row["department_orders"], strict=True
            )
        ),
        main_department=row["main_department"],
        leads=None if leads is None else frozenset(map(DepartmentId, leads)),
        direct_leaders=None if leaders is None else tuple(map(Userid, leaders)),
        details=tuple(sorted(row["details"].items())),
        grounds=frozenset(row["grounds"]),
    )


def _values(member: Member) -> tuple[str | None, ...]:
    """What is written of a member, as text that Postgres reads by the column's type."""
    leaders, leads, main = member.direct_leaders, member.leads, member.main_department
    return (
        member.userid,
        member.open_userid,
        member.name,
        member.activation,
        literals.numbers(member.department_ids),
        literals.numbers([each.order for each in member.placements]),
        None if main is None else str(main),
        None if leads is None else literals.numbers(sorted(leads)),
        None if leaders is None else literals.texts(leaders),
        literals.document(dict(member.details)),
        literals.texts(sorted(member.grounds)),
        member.employment,
        literals.blob(member_fingerprint(member)),
        match_mobile(member),
        match_email(member),
    )
