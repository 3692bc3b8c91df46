"""The journal folded from empty: what it must give is exactly the org."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from domain.decisions import DecisionName, Fields
from domain.ids import DepartmentId, Key, Userid, member_key, split_key
from domain.links.links import LinkState
from domain.org.fields import department_from_fields, member_from_fields
from domain.org.org import Org


class BrokenJournal(Exception):
    """A line of the journal cannot follow from the lines before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayLine:
    """What a replay needs of a journal line, personal fields opened.

    Shape: `decision` by its name; a Decision has the same three fields.
    """

    decision: str
    key: Key
    after: Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Somebody or something of the org as the journal has told so far.

    Shape: `born` is the number of the line that added them, and stays theirs through
        renames, removals and returns; `link` is what the last line about it said.
    """

    born: int
    fields: Fields
    link: Fields | None = None


# In a RenameUserid: whoever bears the new userid gets another by a line that follows.
DISPLACES = "displaces"

# In a RestoreMember: somebody else bears the userid by now, and the next line renames.
BESIDE = "beside"

# Links are no part of the org that a resync answers for.
_LINKING = {
    DecisionName.LINK_ACCOUNT,
    DecisionName.CREATE_ACCOUNT,
    DecisionName.ASK_MEMBER,
    DecisionName.FLAG_CONFLICT,
    DecisionName.UNLINK,
}


def replay(lines: Iterable[ReplayLine]) -> Org:
    """The org that the lines, in order, make out of nothing.

    Raises: BrokenJournal for an unknown decision, for one about somebody who is not
        there, or for somebody added twice.
    """
    folding = Folding()
    for line in lines:
        folding.take(line)
    return _org(folding.rows)


@dataclass(slots=True)
class Folding:
    """The org as far as the journal has been read; what it shows is never changed.

    Shape: `rows` by the key of the moment; `tombstones` are removed members by key,
        the latest last; `whereabouts` is the key under which each row was last.
    """

    rows: dict[Key, Row] = field(default_factory=dict)
    tombstones: dict[Key, list[Row]] = field(default_factory=dict)
    whereabouts: dict[int, Key] = field(default_factory=dict)
    _set_aside: dict[Key, list[Row]] = field(default_factory=dict)
    _lines: int = 0

    def take(self, line: ReplayLine) -> None:
        """Fold one more line.

        Raises: BrokenJournal.
        """
        self._lines += 1
        match _name_of(line):
            case DecisionName.ADD_MEMBER | DecisionName.ADD_DEPARTMENT:
                self._put(line, Row(born=self._lines, fields={}))
            case DecisionName.RESTORE_MEMBER:
                self._restore(line)
            case DecisionName.RENAME_USERID:
                self._rename(line)
            case DecisionName.REMOVE_MEMBER:
                self._bury(line)
            case DecisionName.REMOVE_DEPARTMENT:
                self._remove(line)
            case name if name in _LINKING:
                self._link(line)
            case _:
                present = self._present(line)
                fields = {**present.fields, **line.after}
                self.rows[line.key] = replace(present, fields=fields)

    def _bury(self, line: ReplayLine) -> None:
        buried = self.tombstones.setdefault(line.key, [])
        if buried and line.key not in self.rows:
            # Only the cause turned out to be another.
            fields = {**buried[-1].fields, **line.after}
            buried[-1] = replace(buried[-1], fields=fields)
        else:
            buried.append(self._remove(line))

    def _restore(self, line: ReplayLine) -> None:
        buried = self.tombstones.get(line.key)
        # Without a tombstone the journal began later than the person.
        row = buried.pop() if buried else Row(born=self._lines, fields={})
        if line.after.get(BESIDE):
            fields = {name: each for name, each in line.after.items() if name != BESIDE}
            self._put_aside(line.key, replace(row, fields=fields))
        else:
            self._put(line, row)

    def _put_aside(self, key: Key, row: Row) -> None:
        self._set_aside.setdefault(key, []).append(row)

    def _put(self, line: ReplayLine, row: Row) -> None:
        if line.key in self.rows:
            raise BrokenJournal(f"{line.decision}: {line.key} is already there")
        self.rows[line.key] = replace(row, fields=dict(line.after))
        self.whereabouts[row.born] = line.key

    def _present(self, line: ReplayLine) -> Row:
        try:
            return self.rows[line.key]
        except KeyError as error:
            raise BrokenJournal(f"{line.decision}: {line.key} is not there") from error

    def _rename(self, line: ReplayLine) -> None:
        aside = self._set_aside.get(line.key)
        present = aside.pop() if aside else self._remove(line)
        # Where the new userid is already known the two are one, with its fields.
        new = member_key(str(line.after["userid"]))
        if line.after.get(DISPLACES) and new in self.rows:
            self._put_aside(new, self.rows.pop(new))
        known = self.rows.get(new)
        if known is None:
            self.rows[new] = present
        else:
            self.rows[new] = replace(known, link=_one_link(known, present))
        self.whereabouts[present.born] = new

    def _remove(self, line: ReplayLine) -> Row:
        present = self._present(line)
        del self.rows[line.key]
        return replace(present, fields={**present.fields, **line.after})

    def _link(self, line: ReplayLine) -> None:
        link = line.after.get("link")
        told = link if isinstance(link, dict) else None
        present = self.rows.get(line.key)
        if present is not None:
            self.rows[line.key] = replace(present, link=told)
        elif buried := self.tombstones.get(line.key):
            # A link may end after the person has gone.
            buried[-1] = replace(buried[-1], link=told)


def _one_link(known: Row, present: Row) -> Fields | None:
    """Of two records of one person: the live link, else that of the older record."""
    older, younger = sorted((known, present), key=lambda row: row.born)
    told = [row.link for row in (older, younger) if row.link is not None]
    linked = [link for link in told if link["state"] == LinkState.LINKED]
    return next(iter(linked + told), None)


def _org(rows: Mapping[Key, Row]) -> Org:
    departments, members = {}, {}
    for key, row in rows.items():
        kind, name = split_key(key)
        if kind == "department":
            department_id = DepartmentId(int(name))
            departments[department_id] = department_from_fields(
                department_id, row.fields
            )
        else:
            userid = Userid(name)
            members[userid] = member_from_fields(userid, row.fields)
    return Org(departments=departments, members=members)


def _name_of(line: ReplayLine) -> DecisionName:
    try:
        return DecisionName(line.decision)
    except ValueError as error:
        raise BrokenJournal(f"{line.decision} is no decision") from error
