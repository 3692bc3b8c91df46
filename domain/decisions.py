"""The vocabulary of outcomes: what a sync orders to be done, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.ids import Key

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]
Fields = Mapping[str, Json]


class DecisionName(StrEnum):
    """The closed list of design.md §6.3."""

    ADD_MEMBER = "AddMember"
    RESTORE_MEMBER = "RestoreMember"
    RENAME_USERID = "RenameUserid"
    RENAME_MEMBER = "RenameMember"
    MOVE_MEMBER = "MoveMember"
    REORDER_MEMBER = "ReorderMember"
    SET_MAIN = "SetMain"
    SET_LEADS = "SetLeads"
    SET_DIRECT_LEADER = "SetDirectLeader"
    SET_DETAILS = "SetDetails"
    SET_GROUNDS = "SetGrounds"
    MARK_LEFT = "MarkLeft"
    MARK_WORKING = "MarkWorking"
    REMOVE_MEMBER = "RemoveMember"
    ADD_DEPARTMENT = "AddDepartment"
    MOVE_DEPARTMENT = "MoveDepartment"
    RENAME_DEPARTMENT = "RenameDepartment"
    REORDER_DEPARTMENT = "ReorderDepartment"
    REMOVE_DEPARTMENT = "RemoveDepartment"
    LINK_ACCOUNT = "LinkAccount"
    CREATE_ACCOUNT = "CreateAccount"
    ASK_MEMBER = "AskMember"
    FLAG_CONFLICT = "FlagConflict"
    UNLINK = "Unlink"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One effective difference: what to change, from what to what, and why.

    Shape: `before` and `after` hold only the fields that this decision changes, by
        the names of design.md §6.3; applying every `after` in order gives the org.
    """

    name: DecisionName
    key: Key
    before: Fields
    after: Fields
    reason: str
