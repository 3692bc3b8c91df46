"""The journal folded from empty: what it must give is exactly the org."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from domain.decisions import DecisionName, Fields, Json
from domain.fields import department_from_fields, member_from_fields
from domain.ids import DepartmentId, Key, Userid, member_key, split_key
from domain.org import Org


class BrokenJournal(Exception):
    """A line of the journal cannot follow from the lines before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What a replay needs of a journal line, personal fields opened.

    Shape: `decision` by its name; a Decision has the same three fields.
    """

    decision: str
    key: Key
    after: Fields


_ADDING = {
    DecisionName.ADD_MEMBER,
    DecisionName.RESTORE_MEMBER,
    DecisionName.ADD_DEPARTMENT,
}
_REMOVING = {DecisionName.REMOVE_MEMBER, DecisionName.REMOVE_DEPARTMENT}
# Links are no part of the org that a resync answers for.
_LINKING = {
    DecisionName.LINK_ACCOUNT,
    DecisionName.CREATE_ACCOUNT,
    DecisionName.ASK_MEMBER,
    DecisionName.FLAG_CONFLICT,
    DecisionName.UNLINK,
}


def replay(lines: Iterable[Line]) -> Org:
    """The org that the lines, in order, make out of nothing.

    Raises: BrokenJournal for an unknown decision, for one about somebody who is not
        there, or for somebody added twice.
    """
    rows = _Rows()
    for line in lines:
        rows.take(line)
    return rows.org()


@dataclass(slots=True)
class _Rows:
    """Fields by key, as far as the journal has been read."""

    rows: dict[Key, dict[str, Json]] = field(default_factory=dict)

    def take(self, line: Line) -> None:
        name = _name_of(line)
        if name in _LINKING:
            return
        if name in _ADDING:
            self._add(line)
            return
        present = self._present(line)
        if name is DecisionName.RENAME_USERID:
            self._rename(line, present)
        elif name in _REMOVING:
            del self.rows[line.key]
        else:
            present.update(line.after)

    def org(self) -> Org:
        departments, members = {}, {}
        for key, fields in self.rows.items():
            kind, name = split_key(key)
            if kind == "department":
                department_id = DepartmentId(int(name))
                departments[department_id] = department_from_fields(
                    department_id, fields
                )
            else:
                userid = Userid(name)
                members[userid] = member_from_fields(userid, fields)
        return Org(departments=departments, members=members)

    def _add(self, line: Line) -> None:
        if line.key in self.rows:
            raise BrokenJournal(f"{line.decision}: {line.key} is already there")
        self.rows[line.key] = dict(line.after)

    def _present(self, line: Line) -> dict[str, Json]:
        try:
            return self.rows[line.key]
        except KeyError as error:
            raise BrokenJournal(f"{line.decision}: {line.key} is not there") from error

    def _rename(self, line: Line, present: dict[str, Json]) -> None:
        del self.rows[line.key]
        # Where the new userid is already known the two are one, with its fields.
        new = member_key(str(line.after["userid"]))
        self.rows.setdefault(new, present | dict(line.after))


def _name_of(line: Line) -> DecisionName:
    try:
        return DecisionName(line.decision)
    except ValueError as error:
        raise BrokenJournal(f"{line.decision} is no decision") from error
