"""Puts what a read shows into staging, and takes it out again as values."""

from collections.abc import Iterable, Sequence
from typing import Any

from domain.decisions import Fields
from domain.fields import department_fields, department_from_fields, member_fields
from domain.fingerprint import fingerprint
from domain.ids import DepartmentId, RunId
from domain.org import Department, Member
from domain.scope import AuthMode, Grounds, Usable
from store.database import Connection
from store.runs import staging
from store.runs.staging import ReadPage, Staged

DEPARTMENTS = "departments"


def stage_departments(
    connection: Connection, run_id: RunId, listed: Sequence[Department]
) -> None:
    """Put a listing of all departments in place of an earlier one."""
    rows = [
        _staged(str(each.department_id), department_fields(each)) for each in listed
    ]
    page = ReadPage(page=DEPARTMENTS, rows=rows)
    staging.replace_page(connection, run_id, kind="department", page=page)


def stage_member(connection: Connection, run_id: RunId, member: Member) -> None:
    """Put a later answer about one person above what pages said."""
    page = ReadPage(page=f"again:{member.userid}", rows=[_row(member, member.grounds)])
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


def _row(member: Member, grounds: Grounds) -> Staged:
    # The grounds go into the fields: a second value of each member would take as long
    # as all its fields.
    fields = member_fields(member) | {"grounds": [*sorted(grounds)]}
    return _staged(member.userid, fields)


def _staged(key: str, fields: Fields) -> Staged:
    return Staged(key=key, fingerprint=fingerprint(fields), value=fields)
