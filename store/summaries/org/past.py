"""Departments and members of a past moment, as the outside would have seen them."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from domain.ids import CorpPk, Key, department_key, member_key, split_key
from domain.org.replay import Folding, Row
from store.database import Connection
from store.org import as_of
from store.sealing import DataKey
from store.summaries.org.departments import DepartmentSummary
from store.summaries.org.members import MemberSummary

# A key, which of its tombstones it is (0 for the active member), and the row.
_Found = tuple[Key, int, Row]


def list_departments(
    connection: Connection, corp_pk: CorpPk, *, cut: int, after: int, limit: int
) -> list[DepartmentSummary]:
    """Departments behind `after` as they were at the cut, ascending by id."""
    keys = as_of.list_department_keys(connection, corp_pk, cut=cut)
    folding = as_of.fold_keys(connection, corp_pk, keys, cut=cut, data_key=None)
    listed = {_number(key): row.fields for key, row in folding.rows.items()}
    wanted = sorted(each for each in listed if each > after)[:limit]
    return [_department(each, cast(Any, listed[each]), listed) for each in wanted]


def list_active(
    connection: Connection,
    corp_pk: CorpPk,
    *,
    cut: int,
    after: tuple[str, int],
    limit: int,
    data_key: DataKey | None,
) -> list[MemberSummary]:
    """Members behind `after` (userid, 0) active at the cut, ascending by bytes."""
    found: list[_Found] = []
    key = member_key(after[0])
    while len(found) < limit:
        keys = as_of.list_added_keys(
            connection, corp_pk, cut=cut, after=key, limit=limit
        )
        rows = as_of.fold_keys(
            connection, corp_pk, keys, cut=cut, data_key=data_key
        ).rows
        found += [(each, 0, rows[each]) for each in keys if each in rows]
        if len(keys) < limit:
            break
        key = keys[-1]
    return _members(connection, corp_pk, found[:limit], cut=cut)


def list_removed(
    connection: Connection,
    corp_pk: CorpPk,
    *,
    cut: int,
    after: tuple[str, int],
    limit: int,
    data_key: DataKey | None,
) -> list[MemberSummary]:
    """Removed members behind `after` (userid, which of that userid) at the cut."""
    found: list[_Found] = []
    key = first = member_key(after[0])
    while len(found) < limit:
        keys = as_of.list_removed_keys(
            connection, corp_pk, cut=cut, since=key, limit=limit
        )
        folding = as_of.fold_keys(connection, corp_pk, keys, cut=cut, data_key=data_key)
        found += [
            each
            for each in _tombstones(folding, keys)
            if each[0] != first or each[1] > after[1]
        ]
        if len(keys) < limit:
            break
        # The next key: nothing sorts between this one and itself with that byte.
        key = Key(f"{keys[-1]}\x01")
    return _members(connection, corp_pk, found[:limit], cut=cut)


def _tombstones(folding: Folding, keys: Iterable[Key]) -> list[_Found]:
    return [
        (key, number, row)
        for key in keys
        for number, row in enumerate(folding.tombstones.get(key, ()), 1)
    ]


def _members(
    connection: Connection,
    corp_pk: CorpPk,
    found: Iterable[_Found],
    *,
    cut: int,
) -> list[MemberSummary]:
    mentioned = {
        department_key(each)
        for _, _, row in found
        for each in _places(cast(Any, row.fields))
    }
    folding = as_of.fold_keys(connection, corp_pk, mentioned, cut=cut, data_key=None)
    listed = {_number(key) for key in folding.rows}
    return [_member(key, number, row, listed) for key, number, row in found]


def _places(fields: Mapping[str, Any]) -> set[int]:
    main = fields["main_department"]
    places = {*fields["departments"], *(fields["leads"] or ())}
    return places if main is None else places | {main}


def _member(key: Key, number: int, row: Row, listed: set[int]) -> MemberSummary:
    fields, link = cast(Any, row.fields), cast(Any, row.link or {})
    main = fields["main_department"]
    return MemberSummary(
        member_pk=number,
        userid=split_key(key)[1],
        open_userid=fields["open_userid"],
        # Personal fields of a corp that withdrew are gone.
        name=fields.get("name"),
        departments=[each for each in fields["departments"] if each in listed],
        main_department=main if main in listed else None,
        leads=[each for each in fields["leads"] or () if each in listed],
        activation=fields["activation"],
        employment=fields["employment"],
        state=fields["state"],
        removal=fields["removal"],
        grounds=fields["grounds"],
        # What waited for an approval is no part of the journal.
        held_plan_id=None,
        link_state=link.get("state", "none"),
        link_reason=link.get("reason"),
        account_id=link.get("account_id"),
    )


def _department(
    department_id: int, fields: Mapping[str, Any], listed: Mapping[int, object]
) -> DepartmentSummary:
    parent_id = fields["parent_id"]
    return DepartmentSummary(
        department_id=department_id,
        parent_id=parent_id if parent_id and parent_id in listed else None,
        name=fields["name"],
        order=fields["order"],
    )


def _number(key: Key) -> int:
    return int(split_key(key)[1])
