"""The argument `at` of lists: which moment is meant, and where its journal ends."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.ids import CorpPk
from store.database import Connection
from store.org.as_of import find_cut
from store.sealing import DataKey
from store.summaries.org.journal import find_data_key
from web.org.corps import FoundCorp
from web.services import services

AT = (
    "As it was then, folded from the journal of this authorisation: empty before its "
    "first line, and the same as now for a time to come."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The last line of a moment, and what opens the names in the lines."""

    cut: int
    data_key: DataKey | None = field(repr=False)


def find_past(
    connection: Connection, corp: FoundCorp, *, at: datetime | None, begun: int | None
) -> Past | None:
    """The moment that a list is about; None for now.

    Shape: `begun` is the last line of the page before, so that all pages of a list
        show one moment, even one that had not come when the list began.
    """
    if at is None:
        return None
    corp_pk = CorpPk(corp.corp_pk)
    return Past(
        cut=find_cut(connection, corp_pk, at) if begun is None else begun,
        data_key=find_data_key(connection, corp_pk, keyring=services().keyring),
    )
