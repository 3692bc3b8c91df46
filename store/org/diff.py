"""The differences between two moments of a corp, read from its journal."""

from collections.abc import Iterator

from domain.ids import CorpPk, Key
from domain.org.changes import OrgChange, PastSight, changes
from domain.org.replay import Folding
from store.database import Connection
from store.org import as_of
from store.sealing import DataKey


def read_changes(
    connection: Connection,
    corp_pk: CorpPk,
    *,
    since: int,
    until: int,
    data_key: DataKey | None,
) -> Iterator[OrgChange]:
    """What differs between two cuts, by key; a thousand keys at a time are folded.

    Shape: only those are folded whom a line between the cuts is about.
    Raises: BrokenJournal, SealBroken.
    """
    pages = as_of.read_changed_keys(connection, corp_pk, since=since, until=until)
    for keys in pages:
        yield from _changes_of(
            connection, corp_pk, keys, since=since, until=until, data_key=data_key
        )


def _changes_of(
    connection: Connection,
    corp_pk: CorpPk,
    keys: list[Key],
    *,
    since: int,
    until: int,
    data_key: DataKey | None,
) -> Iterator[OrgChange]:
    folding, before = Folding(), PastSight(rows={})
    gone_by = False
    for each in as_of.read_lines(
        connection, corp_pk, keys, cut=until, data_key=data_key
    ):
        if each.line_id > since and not gone_by:
            before, gone_by = PastSight.of(folding), True
        folding.take(each.line)
    yield from changes(
        before=before if gone_by else PastSight.of(folding),
        after=PastSight.of(folding),
        whereabouts=folding.whereabouts,
        keys=frozenset(keys),
    )
