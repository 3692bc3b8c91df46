"""Puts what a read shows into staging, and takes it out again as values."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from domain.decisions import Fields
from domain.ids import DepartmentId, RunId, Userid
from domain.org.fields import (
    department_fields,
    department_from_fields,
    member_fields,
    member_from_fields,
)
from domain.org.fingerprint import fingerprint
from domain.org.org import Department, Member
from domain.org.scope import AuthMode, Grounds, Usable
from store.database import Connection
from store.runs import staging
from store.runs.staging import ReadPage, Staged

DEPARTMENTS = "departments"

Name = TypeVar("Name", DepartmentId, Userid)


def stage_departments(
    connection: Connection, run_id: RunId, listed: Sequence[Department]
) -> None:
    """Put a listing of all departments in place of an earlier one."""
    rows = [
        _staged(str(each.department_id), department_fields(each)) for each in listed
    ]
    page = ReadPage(page=DEPARTMENTS, rows=rows)
    staging.replace_page(connection, run_id, kind="department", page=page)


def stage_member(
    connection: Connection, run_id: RunId, member: Member, *, page_of: str
) -> None:
    """Put a later answer about one person above what pages said.

    Shape: `page_of` is how the names of such pages begin.
    """
    name = f"{page_of}{member.userid}"
    page = ReadPage(page=name, rows=[_row(member, member.grounds)])
    staging.replace_page(connection, run_id, kind="member", page=page)


def staged_departments(rows: dict[str, dict[str, Any]]) -> list[Department]:
    """The departments of a read."""
    return [
        department_from_fields(DepartmentId(int(key)), value)
        for key, value in rows.items()
    ]


def usable_rows(members: Iterable[Member], usable: Usable) -> list[Staged]:
    """The rows of those members who may use the app."""
    if usable.auth_mode == AuthMode.MEMBER:
        members = [usable.grounded(each) for each in members]
    return [
        _row(each, grounds)
        for each in members
        if (grounds := usable.grounds_of(each.userid, each.department_ids))
    ]


def reground(
    connection: Connection, run_id: RunId, *, before: Usable, after: Usable
) -> None:
    """Give what is staged the grounds of now; whoever has none is on no page."""
    places = _differing(before.by_department, after.by_department)
    names = _differing(before.by_member, after.by_member)
    rows = staging.list_concerned(
        connection, run_id, userids=names, department_ids=places
    )
    changed = []
    for key, value in rows.items():
        member = member_from_fields(key, value)
        grounds = after.grounds_of(key, member.department_ids)
        if not grounds:
            staging.drop_key(connection, run_id, kind="member", key=key)
        elif grounds != member.grounds:
            changed.append(_row(member, grounds))
    staging.restate(connection, run_id, kind="member", rows=changed)


def _differing(
    before: Mapping[Name, Grounds], after: Mapping[Name, Grounds]
) -> list[Name]:
    names = before.keys() | after.keys()
    return sorted(each for each in names if before.get(each) != after.get(each))


def _row(member: Member, grounds: Grounds) -> Staged:
    # The grounds go into the fields: a second value of each member would take as long
    # as all its fields.
    fields = member_fields(member) | {"grounds": [*sorted(grounds)]}
    return _staged(member.userid, fields)


def _staged(key: str, fields: Fields) -> Staged:
    return Staged(key=key, fingerprint=fingerprint(fields), value=fields)
