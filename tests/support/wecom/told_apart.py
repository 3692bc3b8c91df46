"""Lists of the double that are told apart as WeCom's are: by what they say."""

from hashlib import blake2b

from wecom.corp import CorpClient
from wecom.wire import MemberList


class ListsToldApart(CorpClient):
    """A corp whose lists have no bytes; what they show stands for them."""

    def members_unless(self, department_id: int, known: bytes | None) -> MemberList:
        """Everybody in a department, unless that is what is known."""
        rows = self.members_of(department_id)
        digest = blake2b(repr(rows).encode(), digest_size=16).digest()
        return MemberList(digest=digest, rows=None if digest == known else rows)
