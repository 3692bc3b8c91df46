"""The identifiers of both platforms, each its own type so that none is mixed up."""

from typing import NewType

CorpId = NewType("CorpId", str)
CorpPk = NewType("CorpPk", int)
DepartmentId = NewType("DepartmentId", int)
TagId = NewType("TagId", int)
Userid = NewType("Userid", str)
OpenUserid = NewType("OpenUserid", str)
MemberPk = NewType("MemberPk", int)
AccountId = NewType("AccountId", str)
CompanyId = NewType("CompanyId", str)
RunId = NewType("RunId", str)
Key = NewType("Key", str)


def member_key(userid: str) -> Key:
    """`member:<userid>`, the name of a member in events, journal and decisions."""
    return Key(f"member:{userid}")


def department_key(department_id: int) -> Key:
    """`department:<id>`, the name of a department in events, journal and decisions."""
    return Key(f"department:{department_id}")


def tag_key(tag_id: int) -> Key:
    """`tag:<id>`, the name of a tag in events."""
    return Key(f"tag:{tag_id}")


CORP_KEY = Key("corp")


def split_key(key: Key) -> tuple[str, str]:
    """The kind of a key and the id in it: `member`, `department`, `tag` or `corp`."""
    kind, _, name = key.partition(":")
    return kind, name
