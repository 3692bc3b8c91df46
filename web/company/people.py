"""One person of a company as its pages show them: read once, told in plain words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import request

from domain.links.links import LinkEvidence
from store.database import Connection
from store.summaries.links.claims import ClaimSummary, list_claims
from store.summaries.links.people import PersonSummary, find_person
from store.summaries.org.members import find_member
from web.company.authorize import Host
from web.http.problems import Problem

_SAID_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """A person with what was said about their link; `mark` changes when that does."""

    person: PersonSummary
    said: Sequence[ClaimSummary]

    @property
    def evidence(self) -> Sequence[LinkEvidence]:
        """What speaks for and against each account."""
        return [LinkEvidence.from_json(each) for each in self.person.evidence]

    @property
    def mark(self) -> str:
        """What a form remembers, to notice that it was overtaken."""
        last = self.said[0].claim_id if self.said else 0
        return f"{self.person.link_state}.{_stamp(self.person.changed_at)}.{last}"

    @property
    def is_waiting(self) -> bool:
        """Whether somebody has spoken and no worker has decided by it yet."""
        return bool(self.said) and self.said[0].taken_at is None

    @property
    def can_be_invited(self) -> bool:
        """Whether a notice may be sent again."""
        return self._is_here and self.person.group != "linked"

    @property
    def can_be_matched(self) -> bool:
        """Whether somebody may choose an account for them."""
        return self._is_here and self.person.group != "linked"

    @property
    def can_be_unlinked(self) -> bool:
        """Whether there is a link to undo."""
        return self.person.state == "active" and self.person.account_id is not None

    @property
    def _is_here(self) -> bool:
        return self.person.state == "active" and self.person.employment == "working"


def get_dossier(connection: Connection, host: Host, userid: str) -> Dossier:
    """The person of a userid, an older one too.

    Shape: with `pk` in the address the removed one of that key, for somebody else may
        bear the userid by now.
    Raises: Problem 404.
    """
    pk = request.args.get("pk", type=int)
    if pk is not None and 0 < pk < 2**63:
        return read_dossier(connection, host, pk)
    member = find_member(connection, host.corp.corp_pk, [userid])
    if member is None:
        raise Problem(404, "nobody of this company bears that userid.")
    return read_dossier(connection, host, member.member_pk)


def read_dossier(connection: Connection, host: Host, member_pk: int) -> Dossier:
    """The person of a key.

    Raises: Problem 404.
    """
    corp_pk = host.corp.corp_pk
    person = find_person(connection, corp_pk, member_pk)
    if person is None:
        raise Problem(404, "nobody of this company has that key.")
    said = list_claims(connection, corp_pk, member_pk, limit=_SAID_LINES)
    return Dossier(person=person, said=said)


def account_ids(evidence: Sequence[LinkEvidence]) -> list[str]:
    """The accounts that evidence speaks of, in its order."""
    return [each.account_id for each in evidence]


def by_account(evidence: Sequence[LinkEvidence]) -> Mapping[str, LinkEvidence]:
    """The evidence by account."""
    return {each.account_id: each for each in evidence}


def _stamp(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.timestamp():.6f}"
