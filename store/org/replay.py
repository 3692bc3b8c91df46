"""Compares a corp's org with what folding its journal from empty gives."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from domain.decisions import Json
from domain.ids import CorpPk, Key, department_key, member_key
from domain.org.fields import department_fields, member_fields
from domain.org.org import Org
from domain.org.replay import ReplayLine, replay
from store.database import Connection
from store.org import departments, journal, members
from store.sealing import DataKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field of one row on which journal and org disagree.

    Shape: without a field, the whole row is there on one side only.
    """

    key: Key
    field: str | None
    journal: Json
    org: Json


def list_differences(
    connection: Connection, corp_pk: CorpPk, *, data_key: DataKey
) -> list[Difference]:
    """Where the org is not what the journal says, from one snapshot of both.

    Must be the first statement of its transaction; it writes nothing.
    Raises: BrokenJournal, SealBroken.
    """
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    lines = journal.read_all(connection, corp_pk, data_key=data_key)
    told = _rows_of(
        replay(
            ReplayLine(decision=each.decision, key=Key(each.key), after=each.after)
            for each in lines
        )
    )
    return list(_compare(told, _stored_rows(connection, corp_pk)))


def _stored_rows(connection: Connection, corp_pk: CorpPk) -> dict[Key, dict[str, Json]]:
    listed = departments.list_all(connection, corp_pk)
    active = members.list_active(connection, corp_pk)
    return _rows_of(
        Org(
            departments={each.department_id: each for each in listed},
            members={each.member.userid: each.member for each in active},
        )
    )


def _rows_of(org: Org) -> dict[Key, dict[str, Json]]:
    rows = {department_key(i): department_fields(d) for i, d in org.departments.items()}
    return rows | {member_key(u): member_fields(m) for u, m in org.members.items()}


def _compare(
    told: Mapping[Key, dict[str, Json]], stored: Mapping[Key, dict[str, Json]]
) -> Iterator[Difference]:
    for key in sorted(told.keys() | stored.keys()):
        one, other = told.get(key), stored.get(key)
        if one is None or other is None:
            yield Difference(key=key, field=None, journal=one, org=other)
            continue
        for field in sorted(one.keys() | other.keys()):
            if one.get(field) != other.get(field):
                yield Difference(
                    key=key,
                    field=field,
                    journal=one.get(field),
                    org=other.get(field),
                )
