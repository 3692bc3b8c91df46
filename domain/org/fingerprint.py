"""The one function that says whether two states differ, without comparing fields."""

from hashlib import blake2b

from domain.decisions import Fields
from domain.org.fields import department_fields, member_fields
from domain.org.org import Department, Member

# Raise it when the canonical form changes, or what is stored beside it: every stored
# fingerprint then differs once, and the next full read stores the row anew.
VERSION = 3

_DIGEST_BYTES = 16


def member_fingerprint(member: Member) -> bytes:
    """The 16 bytes that change exactly when a WeCom-owned field changes."""
    return fingerprint(member_fields(member))


def department_fingerprint(department: Department) -> bytes:
    """The 16 bytes that change exactly when a field of the department changes."""
    return fingerprint(department_fields(department))


def fingerprint(fields: Fields) -> bytes:
    """The same of what `domain.fields` says of a member or department.

    Shape: blake2b over the version and the values in their order, as ASCII literals:
        the same on every interpreter, and None, "" and [] stay three things.
    """
    text = ascii((VERSION, *fields.values()))
    return blake2b(text.encode("ascii"), digest_size=_DIGEST_BYTES).digest()
