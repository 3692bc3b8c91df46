"""Reads a list of TAPD accounts as spreadsheets save it, and names every bad line."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from commands.links.file_encodings import BadFile, FileEncoding, decode
from domain.ids import AccountId
from domain.links.accounts import (
    AccountChange,
    AccountField,
    BadValue,
    check_account_id,
    check_email,
    check_text,
)
from store.mobiles import to_e164

_ID = "account_id"
_COLUMNS = (_ID, *(each.value for each in AccountField))
# How exporters keep spreadsheets from reading a number: ="00123".
_FORMULA = re.compile(r'="([^"]*)"')
# A spreadsheet keeps so many digits of a number and makes the others zeros.
_DIGITS_KEPT = 15
_ZEROS_BY_CHANCE = 2


class Blank(StrEnum):
    """What an empty field says: a file has no other way to say that there is none."""

    LEFT_ALONE = "left_alone"
    CLEARS = "clears"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFault:
    """What is wrong with a line; a line can have several."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountList:
    """What the file says, and what is wrong with it."""

    changes: tuple[AccountChange, ...]
    faults: tuple[LineFault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _AccountRow:
    line: int
    cells: list[str]


def read_accounts(
    content: bytes, *, blank: Blank, encoding: FileEncoding = FileEncoding.AUTO
) -> AccountList:
    """The accounts of a CSV file with a header.

    Shape: columns account_id, nick, name, mobile, email in any order, all but the
        first optional; empty lines do not count; blanks around a field are dropped.
    Raises: BadFile for its encoding, its header, or ids that a spreadsheet rounded.
    """
    rows = _rows(decode(content, encoding))
    header = _header(next(rows, None))
    changes: list[AccountChange] = []
    faults: list[LineFault] = []
    first: dict[str, int] = {}
    for row in rows:
        if isinstance(row, LineFault):
            faults.append(row)
            continue
        reasons = [*_misfits(row, header)] or [*_faults(row, header, first)]
        faults += [LineFault(line=row.line, reason=reason) for reason in reasons]
        if not reasons:
            changes.append(_change(dict(zip(header, row.cells, strict=True)), blank))
    _refuse_rounded(first)
    return AccountList(changes=tuple(changes), faults=tuple(faults))


def _rows(text: str) -> Iterator[_AccountRow | LineFault]:
    """The rows with the line that each begins on; broken quotes end the reading."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            stripped = [_content(each) for each in cells]
            if any(stripped):
                yield _AccountRow(line=line, cells=stripped)
            line = reader.line_num + 1
    except csv.Error as error:
        yield LineFault(line=line, reason=f"cannot be read any further: {error}")


def _content(cell: str) -> str:
    """What a spreadsheet shows in the cell."""
    stripped = cell.strip()
    formula = _FORMULA.fullmatch(stripped)
    return formula[1].strip() if formula else stripped


def _refuse_rounded(lines: Mapping[str, int]) -> None:
    """One long number may end in zeros; where all do, a spreadsheet made them."""
    tails = {each: each[_DIGITS_KEPT:] for each in lines if each.isdecimal()}
    zeros = {each: tail for each, tail in tails.items() if tail}
    if any(tail.strip("0") for tail in zeros.values()):
        return
    if sum(map(len, zeros.values())) > _ZEROS_BY_CHANCE:
        line = min(lines[each] for each in zeros)
        raise BadFile(
            f"Its long ids (line {line} and others) all end in zeros from the 16th "
            "digit on: a spreadsheet has rounded them. Save the column as text, and "
            "fill it in anew."
        )


def _header(row: _AccountRow | LineFault | None) -> list[str]:
    if not isinstance(row, _AccountRow):
        raise BadFile(f"It has no header; the columns are {', '.join(_COLUMNS)}.")
    names = [each.lower() for each in row.cells]
    if len(names) == 1 and re.search(r"[;\t|]", names[0]):
        raise BadFile("Its fields are not separated by commas; save it as CSV UTF-8.")
    unknown = sorted(set(names) - set(_COLUMNS))
    if unknown:
        raise BadFile(
            f"Unknown columns: {', '.join(each or '(no name)' for each in unknown)}."
            f" Known are {', '.join(_COLUMNS)}."
        )
    if len(set(names)) < len(names):
        raise BadFile("A column stands twice in the header.")
    if _ID not in names:
        raise BadFile("The column account_id is missing.")
    return names


def _misfits(row: _AccountRow, header: list[str]) -> Iterator[str]:
    if len(row.cells) != len(header):
        yield f"has {len(row.cells)} fields, the header {len(header)}"


def _faults(
    row: _AccountRow, header: list[str], first: dict[str, int]
) -> Iterator[str]:
    for name, cell in zip(header, row.cells, strict=True):
        try:
            _check(name, cell)
        except BadValue as fault:
            yield f"{name} {fault}"
        if name == _ID and first.setdefault(cell, row.line) != row.line and cell:
            yield f"account_id is named in line {first[cell]} already"


def _check(name: str, cell: str) -> None:
    if name == _ID:
        check_account_id(cell)
    elif cell:
        check_text(cell)
    if cell and name == AccountField.MOBILE:
        to_e164(cell)
    if cell and name == AccountField.EMAIL:
        check_email(cell)


def _change(cells: Mapping[str, str], blank: Blank) -> AccountChange:
    return AccountChange(
        account_id=AccountId(cells[_ID]),
        given={
            each: cells[each] or None
            for each in AccountField
            if each in cells and (cells[each] or blank is Blank.CLEARS)
        },
    )
