"""The one function that says whether two states differ, without comparing fields."""

from hashlib import blake2b
from json import JSONEncoder

from domain.org import Department, Member

# Raise it when the canonical form changes, or what is stored beside it: every stored
# fingerprint then differs once, and the next full read stores the row anew.
VERSION = 2

_DIGEST_BYTES = 16
# ASCII JSON is the same on every interpreter, and None, "" and [] stay three things.
_encode = JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def member_fingerprint(member: Member) -> bytes:
    """The 16 bytes that change exactly when a WeCom-owned field changes.

    Shape: blake2b over ASCII JSON of the version and the fields in a fixed order,
        sets ascending; employment follows from activation and is left out.
    """
    leads, leaders = member.leads, member.direct_leaders
    return _digest(
        [
            "member",
            VERSION,
            member.userid,
            member.open_userid,
            member.name,
            member.activation,
            [[each.department_id, each.order] for each in member.placements],
            member.main_department,
            None if leads is None else sorted(leads),
            leaders,
            sorted(member.details),
            sorted(member.grounds),
        ]
    )


def department_fingerprint(department: Department) -> bytes:
    """The 16 bytes that change exactly when a field of the department changes."""
    return _digest(
        [
            "department",
            VERSION,
            department.department_id,
            department.parent_id,
            department.order,
            department.name,
        ]
    )


def _digest(fields: list[object]) -> bytes:
    return blake2b(_encode(fields).encode("ascii"), digest_size=_DIGEST_BYTES).digest()
