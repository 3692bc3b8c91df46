"""Finds the corp that a route names, purged or not, and shows it as it was asked."""

from dataclasses import dataclass, replace

from domain.mailbox import mailbox_of_corp
from store.database import Connection
from store.sealing import pseudonym
from store.summaries.org import corps
from store.summaries.org.corps import CorpSummary
from web.http.problems import Problem
from web.services import services


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCorp:
    """A corp by the id that was asked, with the names it is stored under."""

    summary: CorpSummary
    names: list[str]
    pseudonym_key: bytes | None

    @property
    def corp_pk(self) -> int:
        """The surrogate key."""
        return self.summary.corp_pk

    @property
    def mailboxes(self) -> list[str]:
        """Where its mail is or was."""
        return [mailbox_of_corp(name) for name in self.names]

    def userids(self, userid: str) -> list[str]:
        """What a userid of this corp may be stored as: itself, or its purged form."""
        if self.pseudonym_key is None:
            return [userid]
        corp_id = self.summary.corp_id
        return [userid, pseudonym(self.pseudonym_key, corp_id=corp_id, name=userid)]


def get_corp(connection: Connection, corp_id: str) -> FoundCorp:
    """The live corp of a corpid, else the newest.

    Raises: Problem 404.
    """
    key = pseudonym_key(connection)
    names = corps.names_of(corp_id, key)
    found = corps.find_corp(connection, names)
    if found is None:
        raise Problem(404, f"corp {corp_id}: not known here.")
    return FoundCorp(
        summary=replace(found, corp_id=corp_id), names=names, pseudonym_key=key
    )


def pseudonym_key(connection: Connection) -> bytes | None:
    """The key that names purged ids."""
    return corps.find_pseudonym_key(connection, keyring=services().keyring)
