"""Lists whose answer is, to the byte, one that was read before: not read again.

What such an answer comes to follows from its bytes, from our code, and from the
grounds of the departments that it names. All three are compared, so the rows that were
kept are those that reading it again would make; nothing rests on what the org is now.
"""

import os
import sys
from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path

from domain.ids import CorpPk, DepartmentId
from domain.org.scope import NO_GROUNDS, Grounds, Usable
from domain.reconcile.leavers import listing_of
from store.database import Pool, transaction
from store.runs import known_answers
from store.runs.known_answers import KnownAnswer
from workers.answers.listed import ListedMembers

# Whatever takes part in making rows of answers.
_READERS = ("domain", "wecom", "workers.answers", "workers.runs")
_DIGEST_BYTES = 16


class KnownLists:
    """The answers of one corp's lists that a read may meet again.

    Shape: with `nothing`, every answer is read, as if none were known.
    """

    def __init__(
        self, pool: Pool, corp_pk: CorpPk, usable: Usable, *, nothing: bool
    ) -> None:
        self._usable = usable
        self._said: dict[Grounds, str] = {}
        singly = sorted((who, sorted(each)) for who, each in usable.by_member.items())
        self._base = _digest(_code() + ascii((usable.auth_mode, singly)).encode())
        self._nothing = nothing
        with transaction(pool) as connection:
            self._known = known_answers.list_known(connection, corp_pk)

    @property
    def pages(self) -> frozenset[str]:
        """The lists of which an answer is known."""
        return frozenset(self._known)

    def digest_of(self, department_id: DepartmentId) -> bytes | None:
        """The digest of the answer that need not be read; None: each has to be."""
        known = self._known.get(listing_of(department_id))
        if (
            self._nothing
            or known is None
            or known.context != self._context(known.places)
        ):
            return None
        return known.digest

    def answer_of(self, page: str) -> KnownAnswer:
        """The answer whose digest was given for this page."""
        return self._known[page]

    def told_apart(self, listed: ListedMembers) -> KnownAnswer | None:
        """What tells this answer from any other; None for one that is not plain."""
        if not listed.is_plain or listed.digest is None:
            return None
        places = {place for each in listed.members for place in each.department_ids}
        ordered = tuple(sorted(places))
        return KnownAnswer(
            digest=listed.digest, context=self._context(ordered), places=ordered
        )

    def _context(self, places: Iterable[int]) -> bytes:
        by_department = self._usable.by_department
        said = "".join([
            f"{each}:{self._say(by_department.get(DepartmentId(each), NO_GROUNDS))};"
            for each in places
        ])  # fmt: skip
        return _digest(self._base + said.encode("ascii"))

    def _say(self, grounds: Grounds) -> str:
        said = self._said.get(grounds)
        if said is None:
            said = self._said[grounds] = ascii(sorted(grounds))
        return said


def _digest(text: bytes) -> bytes:
    return blake2b(text, digest_size=_DIGEST_BYTES).digest()


@cache
def _code() -> bytes:
    """A digest of the code that makes rows of answers: another one knows nothing."""
    digest = blake2b(sys.version.encode(), digest_size=_DIGEST_BYTES)
    for package in _READERS:
        found = find_spec(package)
        folders = found.submodule_search_locations if found else None
        files = sorted(
            file for each in folders or () for file in Path(each).rglob("*.py")
        )
        if not files:
            # Without source it cannot be told from another: each process for itself.
            return os.urandom(_DIGEST_BYTES)
        for file in files:
            digest.update(file.read_bytes())
    return digest.digest()
